from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from django_faceid import clock, conf, services
from django_faceid.models import EventKind, NextAction, Source, Status, VerificationSession
from django_faceid.sandbox.faults import Delay, Refuse, Reset, WrongExtra
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import errors, fetch_result, issue_token
from django_faceid.tencent.client import FaceIdClient
from django_faceid.tencent.types import GetFaceIdResultIntlResponse
from django_faceid.testing import advance, make_session, play
from tests.services.conftest import Flows

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(sandbox: SandboxState) -> VerificationSession:
    return issue_token("ann").session


def test_an_unfinished_process_is_looked_at_again(session: VerificationSession) -> None:
    fetch_result(session)
    assert session.status == Status.ISSUED
    assert session.pulls == 1
    assert session.issued_at is not None
    assert session.next_pull_at is not None
    assert 89 <= (session.next_pull_at - session.issued_at).total_seconds() <= 91


def test_a_deleted_session_has_no_result_to_fetch(session: VerificationSession) -> None:
    VerificationSession.objects.all().delete()
    with pytest.raises(errors.SessionGone):
        fetch_result(session)


@pytest.mark.parametrize(
    ("outcome", "status", "code", "category", "verdict"),
    [
        ("pass", "succeeded", "0", "passed", "verified"),
        ("spoof", "failed", "1002", "spoof", "rejected"),
        ("too_dark", "failed", "1201", "capture", "undecided"),
        ("no_face", "failed", "2013", "capture", "undecided"),
        ("several_faces", "failed", "2012", "capture", "undecided"),
    ],
)
def test_a_final_result_is_stored_with_its_verdict(
    session: VerificationSession, outcome: str, status: str, code: str, category: str, verdict: str
) -> None:
    play(session, outcome)
    fetch_result(session)
    stored = (session.status, session.result_code, session.category, session.verdict)
    assert stored == (status, code, category, verdict)
    assert (session.sdk_token, session.next_pull_at) == ("", None)
    assert session.result_at is not None


def test_who_walks_away_stays_unfinished(session: VerificationSession) -> None:
    play(session, "walk_away")
    assert fetch_result(session).status == Status.ISSUED


def test_another_face_is_a_mismatch(sandbox: SandboxState, flow: Flows, jpeg: str) -> None:
    flow("compare", PARAMS={"check_mode": "compare"}, IMAGE=lambda _who: jpeg)
    session = issue_token("ann", "compare").session
    play(session, "mismatch")
    fetch_result(session)
    assert (session.category, session.verdict) == ("mismatch", "rejected")
    assert session.similarity is not None
    assert session.similarity < 50
    assert session.assurance == "compare"


def test_two_pulls_within_two_seconds_are_one_call(
    session: VerificationSession, sandbox: SandboxState
) -> None:
    fetch_result(session)
    play(session, "pass")
    assert fetch_result(session).status == Status.ISSUED
    assert len(sandbox.exchanges) == 2
    advance(seconds=2)
    assert fetch_result(session).status == Status.SUCCEEDED


def test_a_final_result_is_never_asked_for_again(
    session: VerificationSession, sandbox: SandboxState
) -> None:
    play(session, "pass")
    fetch_result(session)
    advance(seconds=5)
    fetch_result(session)
    assert len(sandbox.exchanges) == 2


def test_a_process_finished_at_9_59_and_reported_to_nobody_still_succeeds(
    session: VerificationSession,
) -> None:
    advance(minutes=9, seconds=59)
    play(session, "pass")
    advance(seconds=1)
    assert session.effective_status == Status.EXPIRED
    services.expire_tokens()
    advance(minutes=1)
    assert services.collect_results() == 1
    session.refresh_from_db()
    assert session.status == Status.SUCCEEDED
    assert services.is_verified("ann", "default")


def test_a_process_begun_at_9_59_and_finished_at_10_20_still_succeeds(
    session: VerificationSession, sandbox: SandboxState
) -> None:
    advance(minutes=9, seconds=59)
    sandbox.begin(session.sdk_token)
    advance(seconds=2)
    services.expire_tokens()
    session.refresh_from_db()
    assert fetch_result(session).status == Status.EXPIRED
    advance(seconds=19)
    sandbox.finish(session.sdk_token, "pass")
    advance(minutes=1)
    services.collect_results()
    session.refresh_from_db()
    assert session.status == Status.SUCCEEDED


def test_a_process_that_ends_twenty_minutes_late_is_found_too(
    session: VerificationSession, sandbox: SandboxState
) -> None:
    advance(minutes=9, seconds=59)
    sandbox.begin(session.sdk_token)
    advance(minutes=10, seconds=21)
    services.collect_results()
    sandbox.finish(session.sdk_token, "pass")
    advance(minutes=5)
    services.collect_results()
    session.refresh_from_db()
    assert session.status == Status.SUCCEEDED


def test_a_result_that_is_gone_ends_the_pulls_and_tells_the_operators(
    session: VerificationSession, caplog: pytest.LogCaptureFixture
) -> None:
    advance(hours=73)
    fetch_result(session)
    assert session.result_error == "InvalidParameterValue.BizTokenExpired"
    assert session.next_pull_at is None
    assert session.sdk_token == ""
    assert session.events.get(kind=EventKind.RESULT_ERROR).reason == session.result_error
    assert [r.levelno for r in caplog.records if r.levelno >= logging.ERROR] == [logging.ERROR]


def test_somebody_elses_extra_is_an_alert_and_never_a_verdict(
    session: VerificationSession, sandbox: SandboxState, caplog: pytest.LogCaptureFixture
) -> None:
    play(session, "pass")
    sandbox.faults.add(WrongExtra())
    fetch_result(session)
    assert (session.status, session.verdict) == (Status.ISSUED, "undecided")
    assert session.result_error == "ExtraMismatch"
    assert "extra_mismatch" in caplog.text
    assert not services.is_verified("ann", "default")


@pytest.mark.parametrize("extra", ["", None])
def test_an_extra_that_is_not_echoed_is_no_mismatch(
    session: VerificationSession, sandbox: SandboxState, extra: str
) -> None:
    play(session, "pass")
    sandbox.faults.add(WrongExtra(Extra=extra or ""))
    assert fetch_result(session).status == Status.SUCCEEDED


def test_an_outage_schedules_another_look(
    session: VerificationSession, sandbox: SandboxState
) -> None:
    play(session, "pass")
    sandbox.faults.add(Reset(When="after"))
    with pytest.raises(errors.ProviderUnreachable):
        fetch_result(session)
    session.refresh_from_db()
    assert session.next_pull_at is not None
    assert session.next_pull_at > clock.now()
    assert session.sdk_token
    advance(seconds=3)
    assert fetch_result(session).status == Status.SUCCEEDED


def test_a_refused_pull_is_in_the_audit_list(
    session: VerificationSession, sandbox: SandboxState
) -> None:
    sandbox.faults.add(Refuse(Code="OperationDenied"))
    with pytest.raises(errors.ServiceError) as refusal:
        fetch_result(session)
    call = session.calls.first()
    assert call is not None
    assert (call.error_code, call.request_id) == ("OperationDenied", refusal.value.request_id)


def test_a_canceled_sessions_result_is_kept_and_decides_nothing(
    session: VerificationSession,
) -> None:
    play(session, "pass")
    services.cancel(session)
    fetch_result(session)
    assert (session.status, session.verdict) == (Status.CANCELED, "undecided")
    assert (session.result_code, session.sdk_token) == ("0", "")
    assert session.events.filter(kind=EventKind.LATE_RESULT).count() == 1
    assert not services.is_verified("ann", "default")


def test_the_first_of_two_racing_pulls_writes_the_result(
    session: VerificationSession, sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(session, "pass")
    other = VerificationSession.objects.get(pk=session.pk)
    monkeypatch.setattr(services.results, "LEAST_BETWEEN_PULLS", -clock.now().resolution)
    fetch_result(session)
    fetch_result(other)
    assert session.events.filter(to_status="succeeded").count() == 1


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


def test_a_session_without_a_token_is_answered_from_its_row(sandbox: SandboxState) -> None:
    session = make_session(status=Status.ERROR)
    assert fetch_result(session).status == Status.ERROR
    assert not sandbox.exchanges


def test_staff_who_ask_leave_their_name(
    session: VerificationSession, django_user_model: Callable[..., object]
) -> None:
    staff = django_user_model.objects.create_user("staff")  # type: ignore[attr-defined]
    fetch_result(session, source=Source.STAFF, actor=staff)
    event = session.events.get(kind=EventKind.STAFF_PULL)
    assert (event.actor, event.actor_pk) == (staff, str(staff.pk))


def test_no_picture_is_stored_anywhere(
    session: VerificationSession, sandbox: SandboxState, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sandbox.faults.add(Delay(Seconds=0.0))
    play(session, "pass")
    fetch_result(session)
    rows = [VerificationSession.objects.values().get(), *session.calls.values()]
    assert "/9j/" not in f"{rows} {caplog.text}"


def test_a_live_token_is_never_shown_to_a_test_endpoint(
    session: VerificationSession, sandbox: SandboxState
) -> None:
    play(session, "pass")
    VerificationSession.objects.filter(pk=session.pk).update(livemode=True)
    session.refresh_from_db()
    asked = len(sandbox.exchanges)
    with pytest.raises(conf.SettingError):
        fetch_result(session)
    session.refresh_from_db()
    assert len(sandbox.exchanges) == asked
    assert (session.status, session.verdict) == (Status.ISSUED, "undecided")
    assert session.sdk_token


def test_a_report_without_a_process_is_not_waited_for_for_days(
    session: VerificationSession,
) -> None:
    services.report(session, 210)
    then = session.next_action
    advance(minutes=26)
    assert (then, session.next_action) == (NextAction.WAIT, NextAction.RETRY)
    assert session.owes_result


def test_a_token_that_no_key_opens_is_given_up_with_its_window(
    session: VerificationSession, settings: Settings
) -> None:
    settings.FACEID = {**settings.FACEID, "ENCRYPTION_KEYS": [Fernet.generate_key().decode()]}
    advance(minutes=2)
    assert services.collect_results() == 1
    session.refresh_from_db()
    assert session.next_pull_at is not None
    assert session.next_pull_at > clock.now()
    advance(hours=80)
    services.collect_results()
    session.refresh_from_db()
    assert session.next_pull_at is None


def test_a_phone_that_reports_without_end_adds_few_rows(session: VerificationSession) -> None:
    for code in range(210, 225):
        services.report(session, code)
    assert session.events.filter(kind=EventKind.REPORTED).count() == 5


def test_a_vendors_long_word_is_cut_and_not_an_error(
    session: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = GetFaceIdResultIntlResponse(
        Result="0", Description="", RequestId="r" * 99, DeviceInfoLevel="a very long level"
    )
    monkeypatch.setattr(FaceIdClient, "get_result", lambda *_args, **_options: long)
    assert fetch_result(session).device_info_level == "a very l"
