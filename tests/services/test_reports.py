"""What a phone says of itself."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from django_faceid import clock, services
from django_faceid.models import EventKind, NextAction, Source, VerificationSession
from django_faceid.sandbox.faults import Reset
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import schedule
from django_faceid.services.errors import ServiceError
from django_faceid.testing import advance

pytestmark = pytest.mark.django_db


def test_a_phones_report_is_a_reason_to_look_and_never_a_verdict(
    session: VerificationSession,
) -> None:
    services.report(session, 0)
    assert session.verdict == "undecided"
    assert session.reported_at is not None
    assert session.next_pull_at is not None
    assert session.next_pull_at <= clock.now()
    event = session.events.get(kind=EventKind.REPORTED)
    assert (event.source, event.reason) == (Source.API, "0")


def test_the_same_report_twice_is_one_event(session: VerificationSession) -> None:
    services.report(session, 212)
    services.report(session, 212)
    assert session.events.filter(kind=EventKind.REPORTED).count() == 1
    services.report(session, 210)
    assert session.events.filter(kind=EventKind.REPORTED).count() == 2
    assert session.sdk_code == 210


def test_a_report_without_a_process_is_not_waited_for_for_days(
    session: VerificationSession,
) -> None:
    services.report(session, 210)
    then = session.next_action
    advance(minutes=26)
    assert (then, session.next_action) == (NextAction.WAIT, NextAction.RETRY)
    assert session.owes_result


def test_a_phone_that_reports_without_end_adds_few_rows(session: VerificationSession) -> None:
    for code in range(210, 225):
        services.report(session, code)
    assert session.events.filter(kind=EventKind.REPORTED).count() == 5


@pytest.mark.parametrize("judged_by", ["next_pull", "after_failure"])
def test_a_report_that_comes_while_a_look_ends_keeps_its_own_look(
    session: VerificationSession,
    sandbox: SandboxState,
    monkeypatch: pytest.MonkeyPatch,
    judged_by: str,
) -> None:
    real = getattr(schedule, judged_by)

    def overtaken(*facts: Any) -> Any:
        monkeypatch.undo()
        later = real(*facts)
        services.report(VerificationSession.objects.get(), 0)
        return later

    advance(seconds=100)
    if judged_by == "after_failure":
        sandbox.faults.add(Reset(When="after"))
    monkeypatch.setattr(schedule, judged_by, overtaken)
    with suppress(ServiceError):
        services.fetch_result(session, source=Source.TASK, background=True)
    session.refresh_from_db()
    assert session.next_pull_at is not None
    assert session.next_pull_at <= clock.now()
