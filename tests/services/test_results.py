"""What a pull brings, and what it does to the session."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from django_faceid import clock, conf, services
from django_faceid.models import ApiCall, EventKind, Source, Status, VerificationSession
from django_faceid.sandbox.faults import Delay, Refuse, Reset, WrongExtra
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import breaker, errors, fetch_result, issue_token, limits, pacing
from django_faceid.tencent.client import FaceIdClient
from django_faceid.tencent.types import GetFaceIdResultIntlResponse
from django_faceid.testing import advance, make_session, play
from tests.services.conftest import Flows

pytestmark = pytest.mark.django_db


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
    somebody_elses = VerificationSession.objects.get()
    fetch_result(session)
    play(session, "pass")
    assert fetch_result(session).status == Status.ISSUED
    assert fetch_result(somebody_elses).status == Status.ISSUED
    assert len(sandbox.exchanges) == 2
    advance(seconds=2)
    assert fetch_result(session).status == Status.SUCCEEDED


@pytest.mark.parametrize("hindered", ["the queue is full", "Tencent hangs"])
def test_who_comes_back_within_two_seconds_needs_neither_a_slot_nor_tencent(
    session: VerificationSession, monkeypatch: pytest.MonkeyPatch, hindered: str
) -> None:
    fetch_result(session, source=Source.API)
    if hindered == "the queue is full":
        monkeypatch.setattr(pacing, "_earliest", lambda *_args: 2**60)
    else:
        for _call in range(breaker.FAILURES):
            breaker.breaker_of(conf.account("default")).unanswered()
    assert fetch_result(session, source=Source.API).status == Status.ISSUED
    advance(seconds=2)
    with pytest.raises((errors.Busy, errors.ProviderUnreachable)):
        fetch_result(session, source=Source.API)


def test_a_final_result_is_never_asked_for_again(
    session: VerificationSession, sandbox: SandboxState
) -> None:
    play(session, "pass")
    fetch_result(session)
    advance(seconds=5)
    fetch_result(session)
    assert len(sandbox.exchanges) == 2


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


def test_the_first_of_two_racing_pulls_writes_the_result(
    session: VerificationSession, sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(session, "pass")
    other = VerificationSession.objects.get(pk=session.pk)
    monkeypatch.setattr(services.schedule, "LEAST_BETWEEN_PULLS", -clock.now().resolution)
    fetch_result(session)
    fetch_result(other)
    assert session.events.filter(to_status="succeeded").count() == 1


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


def test_a_vendors_long_word_is_cut_and_not_an_error(
    session: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = GetFaceIdResultIntlResponse(
        Result="0", Description="", RequestId="r" * 99, DeviceInfoLevel="a very long level"
    )
    monkeypatch.setattr(FaceIdClient, "get_result", lambda *_args, **_options: long)
    assert fetch_result(session).device_info_level == "a very l"


def test_a_subject_with_many_sessions_cannot_drink_the_quota_of_looks(
    sandbox: SandboxState,
) -> None:
    owed = [make_session("ann", flow=f"flow-{number}") for number in range(10)]
    for session in owed:
        fetch_result(session, source=Source.API)
    assert ApiCall.objects.count() == limits.MOST_PULLS
    fetch_result(owed[-1], source=Source.STAFF)
    assert ApiCall.objects.count() == limits.MOST_PULLS + 1
