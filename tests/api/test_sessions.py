"""A session as its owner sees it, from asking for a token to the verdict."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from django.test.utils import override_settings

from django_faceid.api.serializers import SessionSerializer
from django_faceid.models import VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.testing import advance, make_session, play

from .caller import Caller, body
from .conftest import Flows
from .journeys import issue, pull

FIELDS = {
    "id",
    "flow",
    "status",
    "verdict",
    "next_action",
    "retry_after",
    "issued_at",
    "expires_at",
    "server_time",
    "attempt",
    "attempts_left",
    "request_id",
    "livemode",
    "reason",
    "message",
    "result",
}


def test_a_token_and_its_session_come_in_one_answer(caller: Caller, state: SandboxState) -> None:
    shown = issue(caller)
    assert shown.keys() == FIELDS | {"sdk_token", "server_param_info"}
    (token,) = state.tokens
    assert shown["sdk_token"] == token
    assert shown["server_param_info"]
    assert shown["request_id"] == state.exchanges[-1].RequestId
    assert (shown["status"], shown["next_action"]) == ("issued", "start_sdk")
    assert (shown["attempt"], shown["attempts_left"]) == (1, 4)
    assert (shown["livemode"], shown["verdict"]) == (False, "undecided")
    assert (shown["retry_after"], shown["reason"], shown["result"]) == (None, None, None)


def test_times_are_iso_8601_in_utc_whatever_the_hosts_time_zone(
    caller: Caller, state: SandboxState
) -> None:
    with override_settings(TIME_ZONE="Asia/Kathmandu"):
        shown = issue(caller)
    times = [shown[name] for name in ("issued_at", "expires_at", "server_time")]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time) for time in times)
    issued, expires, _now = [datetime.fromisoformat(t.replace("Z", "+00:00")) for t in times]
    assert expires - issued == timedelta(minutes=10)
    assert abs(datetime.now(timezone.utc) - issued) < timedelta(minutes=1)


def test_a_database_in_another_time_zone_changes_no_answer(state: SandboxState, db: None) -> None:
    nepal = timezone(timedelta(hours=5, minutes=45))
    session = make_session()
    session.issued_at = datetime(2026, 11, 23, 5, 45, tzinfo=nepal)
    assert SessionSerializer(session).data["issued_at"] == "2026-11-23T00:00:00.000Z"


def test_a_get_never_shows_a_token(caller: Caller, state: SandboxState) -> None:
    session = issue(caller)
    for path in ("sessions/", f"sessions/{session['id']}/", "flows/"):
        text = caller.get(path).content.decode()
        assert session["sdk_token"] not in text
        assert session["server_param_info"] not in text
        assert "sdk_token" not in text
        assert "server_param_info" not in text


def test_a_second_tap_gets_the_live_token_again(caller: Caller, state: SandboxState) -> None:
    first = issue(caller)
    again = caller.post("sessions/", {})
    assert (again.status_code, body(again)["sdk_token"]) == (200, first["sdk_token"])
    assert len(state.exchanges) == 1


def test_an_unfinished_process_is_202_with_the_time_to_come_back(
    caller: Caller, state: SandboxState
) -> None:
    session = issue(caller)
    answer = caller.post(f"sessions/{session['id']}/result/", {"sdk_code": 0})
    shown = body(answer)
    assert (answer.status_code, shown["next_action"]) == (202, "wait")
    assert answer["Retry-After"] == str(shown["retry_after"])
    assert 2 <= shown["retry_after"] <= 30
    assert "sdk_token" not in shown


def test_a_pending_session_is_202_too(caller: Caller, state: SandboxState) -> None:
    pending = make_session(caller.user, status="pending")
    answer = caller.post(f"sessions/{pending.public_id}/result/")
    assert (answer.status_code, answer["Retry-After"]) == (202, "2")
    assert not state.exchanges


def test_pulls_within_two_seconds_are_answered_without_a_call(
    caller: Caller, state: SandboxState
) -> None:
    session = issue(caller)
    for _ in range(3):
        assert caller.post(f"sessions/{session['id']}/result/").status_code == 202
    assert [e.Action for e in state.exchanges].count("GetFaceIdResultIntl") == 1


def test_a_passed_process_is_verified(caller: Caller, state: SandboxState) -> None:
    session = issue(caller)
    play(VerificationSession.objects.get(), "pass")
    shown = pull(caller, session)
    assert (shown["status"], shown["verdict"], shown["next_action"]) == (
        "succeeded",
        "verified",
        "none",
    )
    assert shown["result"]["passed"] is True
    assert shown["message"] == "Your identity is verified."
    again = caller.post("sessions/", {})
    assert (again.status_code, body(again)["code"]) == (409, "already_verified")
    assert body(again)["next_action"] == "none"


def test_a_flow_may_allow_to_verify_again(
    caller: Caller, state: SandboxState, flows: Flows
) -> None:
    flows({"ALLOW_AGAIN": True})
    session = issue(caller)
    play(VerificationSession.objects.get(), "pass")
    pull(caller, session)
    assert caller.post("sessions/", {}).status_code == 201


def test_a_result_of_an_expired_token_is_still_fetched(caller: Caller, state: SandboxState) -> None:
    session = issue(caller)
    play(VerificationSession.objects.get(), "pass")
    advance(minutes=20)
    assert body(caller.get(f"sessions/{session['id']}/"))["status"] == "expired"
    assert pull(caller, session)["verdict"] == "verified"


def test_when_attempts_are_used_up_the_session_says_until_when(
    caller: Caller, state: SandboxState, flows: Flows
) -> None:
    flows({"MAX_ISSUES": {timedelta(minutes=10): 1}})
    session = issue(caller)
    assert (session["attempts_left"], session["retry_after"]) == (0, None)
    play(VerificationSession.objects.get(), "too_dark")
    shown = pull(caller, session)
    assert (shown["next_action"], shown["reason"]) == ("retry", "lighting")
    assert 590 <= shown["retry_after"] <= 600

    refused = caller.post("sessions/", {})
    assert (refused.status_code, body(refused)["code"]) == (429, "too_many_attempts")
    assert abs(int(refused["Retry-After"]) - shown["retry_after"]) <= 1
    assert body(caller.get("flows/default/"))["retry_after"] == body(refused)["retry_after"]

    advance(seconds=int(refused["Retry-After"]))
    assert caller.post("sessions/", {}).status_code == 201
