from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User

from django_faceid import clock, services
from django_faceid.models import (
    ApiCall,
    EventKind,
    JobState,
    SessionEvent,
    Status,
    VerificationSession,
)
from django_faceid.sandbox.faults import Refuse
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import admin_log, bulk, bulk_acts, pacing
from django_faceid.services.errors import Busy
from django_faceid.testing import advance, make_session
from tests.services.bulk.conftest import CANCEL, FETCH, PULLS, reasons, stands, start

pytestmark = pytest.mark.django_db(transaction=True)


class Killed(BaseException):
    """What ends a process in the middle."""


def run_until_killed(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, *, after: bool
) -> None:
    """Let a worker die right before or after the second call of a function."""
    real, calls = getattr(owner, name), []

    def function(*args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        if len(calls) == 2 and not after:
            raise Killed
        result = real(*args, **kwargs)
        if len(calls) == 2:
            raise Killed
        return result

    with monkeypatch.context() as dying:
        dying.setattr(owner, name, function)
        with pytest.raises(Killed):
            services.run_bulk_jobs()


def test_results_are_fetched_one_by_one_in_the_name_of_whoever_asked(
    operator: User, issued: list[VerificationSession]
) -> None:
    job = start(FETCH, operator)
    assert services.run_bulk_jobs() == 3
    assert stands(job) == {"done": 3}
    assert job.state == JobState.DONE
    for session in issued:
        session.refresh_from_db()
        assert session.status == Status.SUCCEEDED
        event = session.events.get(kind=EventKind.STAFF_PULL)
        assert (event.source, event.actor) == ("staff", operator)
        entry = LogEntry.objects.get(object_id=str(session.pk))
        assert entry.user == operator
        assert f"bulk job {job.pk}" in entry.change_message


def test_sessions_are_canceled_each_with_its_event(
    operator: User, issued: list[VerificationSession]
) -> None:
    over = make_session(status=Status.FAILED)
    job = start(CANCEL, operator)
    services.run_bulk_jobs()
    assert stands(job) == {"done": 3, "skipped": 1}
    assert reasons(job)[str(over.public_id)] == "not_cancelable"
    events = SessionEvent.objects.filter(to_status="canceled")
    assert events.filter(actor=operator, source="staff").count() == 3
    assert LogEntry.objects.count() == 3


def test_what_cannot_be_fetched_is_skipped_and_says_why(
    operator: User, issued: list[VerificationSession]
) -> None:
    VerificationSession.objects.filter(pk=issued[0].pk).update(sdk_token="")
    a_moment_ago = clock.now() + timedelta(seconds=30)  # however slow this machine is
    VerificationSession.objects.filter(pk=issued[1].pk).update(last_pull_at=a_moment_ago)
    job = start(FETCH, operator)
    services.run_bulk_jobs()
    assert stands(job) == {"done": 1, "skipped": 2}
    assert list(reasons(job).values()) == ["0", "asked_just_now", "nothing_to_fetch"]
    assert ApiCall.objects.filter(**PULLS).count() == 1


def test_an_unfinished_process_is_asked_about_and_that_is_all(
    operator: User, sandbox: SandboxState
) -> None:
    services.issue_token("somebody")
    job = start(FETCH, operator)
    services.run_bulk_jobs()
    assert reasons(job).popitem()[1] == "unfinished"
    assert stands(job) == {"done": 1}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("owner", "name"),
    [(bulk_acts, "fetch_result"), (admin_log, "note"), (bulk_acts, "durably")],
)
def test_a_killed_workers_job_goes_on_where_it_was_and_asks_nobody_twice(
    operator: User,
    issued: list[VerificationSession],
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    after: bool,
) -> None:
    job = start(FETCH, operator)
    run_until_killed(monkeypatch, owner, name, after=after)
    assert services.run_bulk_jobs() == 0, "still leased to the worker that was killed"
    advance(seconds=bulk.LEASE.total_seconds() + 1)
    services.run_bulk_jobs()
    assert stands(job) == {"done": 3}
    assert ApiCall.objects.filter(**PULLS).count() == 3
    assert SessionEvent.objects.filter(kind=EventKind.STAFF_PULL).count() == 3
    assert SessionEvent.objects.filter(to_status="succeeded").count() == 3
    assert LogEntry.objects.count() == 3


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("owner", "name"),
    [(bulk_acts, "cancel"), (admin_log, "note"), (bulk_acts, "durably")],
)
def test_a_killed_workers_cancelings_are_done_once_each(
    operator: User,
    issued: list[VerificationSession],
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    after: bool,
) -> None:
    job = start(CANCEL, operator)
    run_until_killed(monkeypatch, owner, name, after=after)
    advance(seconds=bulk.LEASE.total_seconds() + 1)
    services.run_bulk_jobs()
    assert stands(job) == {"done": 3}
    assert SessionEvent.objects.filter(to_status="canceled").count() == 3
    assert LogEntry.objects.count() == 3


def test_a_call_that_was_cut_off_is_told_as_such_and_not_repeated(
    operator: User, issued: list[VerificationSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(FETCH, operator)
    with monkeypatch.context() as dying:
        dying.setattr("django_faceid.services.calls._send", _die)
        with pytest.raises(Killed):
            services.run_bulk_jobs()
    advance(seconds=bulk.LEASE.total_seconds() + 1)
    services.run_bulk_jobs()
    assert stands(job) == {"done": 2, "failed": 1}
    assert "Interrupted" in reasons(job).values()
    assert ApiCall.objects.filter(**PULLS).count() == 3


def _die(*_args: object) -> None:
    raise Killed


def test_a_full_quota_is_waited_for_and_uses_nothing_up(
    operator: User, issued: list[VerificationSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "LONGEST_PAUSE", 0.0)
    job = start(FETCH, operator)
    real, calls = pacing.reserve, []

    def reserve(*args: Any, **kwargs: Any) -> pacing.Slot:
        assert kwargs["background"], "gives way to people"
        calls.append(args)
        if len(calls) <= 4:
            raise Busy(retry_after=1)
        return real(*args, **kwargs)

    monkeypatch.setattr(pacing, "reserve", reserve)
    services.run_bulk_jobs()
    assert stands(job) == {"done": 3}
    assert SessionEvent.objects.filter(kind=EventKind.STAFF_PULL).count() == 3


def test_a_vendor_in_trouble_gives_the_job_a_rest_and_then_up_on_a_session(
    operator: User, sandbox: SandboxState
) -> None:
    services.issue_token("somebody")
    job = start(FETCH, operator)
    sandbox.faults.add(Refuse(Code="ResourceUnavailable.InArrears", Count=None))
    assert services.run_bulk_jobs() == 0
    assert stands(job) == {"waiting": 1}
    assert job.last_error == "provider_unavailable"
    assert services.run_bulk_jobs() == 0, "it rests"
    assert ApiCall.objects.filter(**PULLS).count() == 1
    for _each in range(2):
        advance(minutes=2)
        services.run_bulk_jobs()
    assert stands(job) == {"failed": 1}
    advance(minutes=2)
    services.run_bulk_jobs()
    assert stands(job) == {"failed": 1}
    assert job.state == JobState.DONE
    assert reasons(job).popitem()[1] == "provider_unavailable"


def test_one_sessions_trouble_is_no_others(
    operator: User, issued: list[VerificationSession], caplog: pytest.LogCaptureFixture
) -> None:
    VerificationSession.objects.filter(pk=issued[1].pk).update(account="gone")
    job = start(FETCH, operator)
    services.run_bulk_jobs()
    assert stands(job) == {"done": 2, "failed": 1}
    assert reasons(job)[str(issued[1].public_id)] == "SettingError"
    assert "SettingError" in caplog.text
