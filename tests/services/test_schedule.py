from __future__ import annotations

from datetime import datetime, timedelta, timezone

from django_faceid.models import VerificationSession
from django_faceid.services import schedule

START = datetime(2026, 5, 22, tzinfo=timezone.utc)


def session(reported_after: float | None = None) -> VerificationSession:
    reported = None if reported_after is None else START + timedelta(seconds=reported_after)
    return VerificationSession(
        issued_at=START,
        token_expires_at=START + timedelta(minutes=10),
        result_expires_at=START + timedelta(hours=72),
        reported_at=reported,
    )


def all_pulls(looked_at: VerificationSession) -> list[float]:
    """Every look in seconds after issue, as if each found the process unfinished."""
    pulls: list[float] = []
    now = START - timedelta(seconds=1)
    while (moment := schedule.next_pull(looked_at, now)) is not None:
        pulls.append((moment - START).total_seconds())
        now = moment
    return pulls


LATE = [660.0, 1500.0, 7800.0, 72 * 3600 - 600.0]


def test_without_a_report_looks_are_few() -> None:
    assert all_pulls(session()) == [90.0, 240.0, 420.0, *LATE]


def test_a_report_makes_them_dense_and_then_rare() -> None:
    assert all_pulls(session(30)) == [30.0, 32.0, 35.0, 45.0, 90.0, *LATE]


def test_the_first_look_needs_no_report() -> None:
    assert schedule.first_pull(START) == START + timedelta(seconds=90)


def test_a_row_that_was_never_issued_owes_nothing() -> None:
    assert schedule.next_pull(VerificationSession(), START) is None
