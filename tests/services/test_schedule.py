from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest

from django_faceid.models import VerificationSession
from django_faceid.services import schedule

START = datetime(2026, 5, 22, tzinfo=timezone.utc)


def session(
    reported_after: float | None = None, window: timedelta = timedelta(hours=72)
) -> VerificationSession:
    reported = None if reported_after is None else START + timedelta(seconds=reported_after)
    return VerificationSession(
        issued_at=START,
        token_expires_at=START + timedelta(minutes=10),
        result_expires_at=START + window,
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


LAST = 69 * 3600.0
LATE = [660.0, 1500.0, 7800.0, LAST]


def test_without_a_report_looks_are_few() -> None:
    assert all_pulls(session()) == [90.0, 240.0, 420.0, *LATE]


def test_a_report_makes_them_dense_and_then_rare() -> None:
    assert all_pulls(session(30)) == [30.0, 32.0, 35.0, 45.0, 90.0, *LATE]


def test_a_short_window_has_its_last_look_in_time_and_none_after_it() -> None:
    pulls = all_pulls(session(window=timedelta(hours=2)))
    assert pulls == [90.0, 240.0, 420.0, 660.0, 1500.0, 6600.0]


def after(looked_at: VerificationSession, seconds: float, backlog: float = 0) -> float | None:
    now = START + timedelta(seconds=seconds)
    moment = schedule.next_pull(looked_at, now, timedelta(seconds=backlog))
    return None if moment is None else (moment - START).total_seconds()


@pytest.mark.parametrize(
    ("backlog", "later"), [(0, 32.0), (1, 35.0), (10, 45.0), (30, 90.0), (600, 660.0)]
)
def test_looks_widen_with_the_backlog(backlog: float, later: float) -> None:
    assert after(session(30), 31, backlog) == later


def test_no_backlog_is_so_long_that_there_is_no_last_look() -> None:
    forever = 100 * 3600.0
    assert after(session(), 31, forever) == LAST
    assert after(session(), LAST - 1, forever) == LAST
    assert after(session(), LAST) is None


def failures(looked_at: VerificationSession) -> list[float]:
    """Every look in seconds after issue, as if each found nobody who answers."""
    pulls: list[float] = []
    moment = schedule.first_pull(START)
    while (later := schedule.after_failure(looked_at, moment)) is not None:
        moment = later
        pulls.append((moment - START).total_seconds())
    return pulls


def test_what_was_not_answered_is_asked_again_soon() -> None:
    pulls = failures(session())
    assert pulls[:6] == [150.0, 225.0, 240.0, 360.0, 420.0, 630.0]
    hours = [pull for pull in pulls if 3 * 3600 < pull < LAST]
    assert max(b - a for a, b in pairwise(hours)) == 15 * 60


def test_a_last_look_that_fails_is_repeated_each_minute_to_the_end_of_the_window() -> None:
    pulls = [pull for pull in failures(session()) if pull >= LAST]
    assert pulls == [LAST + 60 * minute for minute in range(181)]
    assert pulls[-1] == 72 * 3600


def test_a_storage_that_fails_has_its_last_chance_ten_minutes_before_the_end() -> None:
    moment, looks = START + timedelta(seconds=90), 0
    while (later := schedule.after_storage_failed(session(), moment)) is not None:
        moment, looks = later, looks + 1
    assert moment == START + timedelta(hours=72) - schedule.WITHOUT_PICTURES
    assert looks < 30


def test_the_first_look_needs_no_report() -> None:
    assert schedule.first_pull(START) == START + timedelta(seconds=90)


def test_a_row_that_was_never_issued_owes_nothing() -> None:
    assert schedule.next_pull(VerificationSession(), START) is None
    assert schedule.after_failure(VerificationSession(), START) is None
    assert schedule.after_storage_failed(VerificationSession(), START) is None
