"""A session as its owner sees it, from asking for a token to the verdict."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test.utils import override_settings

from django_faceid import services
from django_faceid.api.serializers import SessionSerializer
from django_faceid.models import Review, VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.tencent.codes import Category
from django_faceid.testing import advance, make_session, play

from .caller import Caller, body
from .conftest import Flows

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
REASONS = {
    "1201": "lighting",
    "2013": "face_not_visible",
    "2017": "face_not_visible",
    "1004": "face_not_visible",
    "2012": "several_faces",
    "2015": "not_matched",
    "2016": "not_matched",
    "2004": "picture",
    "2014": "picture",
    "1001": "technical",
    "1002": "not_accepted",
    "1005": "not_accepted",
    "9999": "technical",
}


def issue(caller: Caller, **given: Any) -> dict[str, Any]:
    answer = caller.post("sessions/", given)
    assert answer.status_code in (200, 201), answer.content
    return body(answer)


def pull(caller: Caller, session: dict[str, Any], **given: Any) -> dict[str, Any]:
    """Ask for the result, as often as the answer says that it makes sense."""
    for _ in range(5):
        answer = caller.post(f"sessions/{session['id']}/result/", given)
        if answer.status_code != 202:
            break
        advance(seconds=int(answer["Retry-After"]))
    return body(answer)


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


@pytest.mark.parametrize(("code", "reason"), REASONS.items())
def test_a_failure_is_told_in_a_coarse_word(
    code: str, reason: str, caller: Caller, state: SandboxState
) -> None:
    session = make_session(caller.user, status="failed", result_code=code)
    shown = body(caller.get(f"sessions/{session.public_id}/"))
    assert shown["reason"] == reason
    assert shown["result"]["passed"] is False
    assert code not in str({k: v for k, v in shown.items() if "_at" not in k and k != "id"})


def test_a_spoof_and_a_failed_liveness_look_alike(caller: Caller, state: SandboxState) -> None:
    shown = []
    for code, category, tags in [("1002", "spoof", ["04"]), ("1005", "spoof", ["03"])]:
        session = make_session(
            caller.user,
            status="failed",
            result_code=code,
            category=category,
            verdict="rejected",
            liveness_info_tag=tags,
            flow=f"flow-{code}",
        )
        seen = body(caller.get(f"sessions/{session.public_id}/"))
        shown.append({k: seen[k] for k in ("status", "verdict", "reason", "message")})
    assert shown[0] == shown[1]
    assert shown[0]["reason"] == "not_accepted"


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


def test_the_vendors_trouble_uses_up_no_attempt(caller: Caller, state: SandboxState) -> None:
    session = make_session(caller.user, status="failed", result_code="1001", category="provider")
    shown = body(caller.get(f"sessions/{session.public_id}/"))
    assert (shown["attempts_left"], shown["reason"], shown["next_action"]) == (
        5,
        "technical",
        "retry",
    )


def test_what_awaits_review_says_so(caller: Caller, state: SandboxState, flows: Flows) -> None:
    flows({"REVIEW": "always"})
    session = issue(caller)
    play(VerificationSession.objects.get(), "pass")
    shown = pull(caller, session)
    assert (shown["verdict"], shown["next_action"]) == ("undecided", "wait_for_review")
    row = VerificationSession.objects.get()
    VerificationSession.objects.filter(pk=row.pk).update(
        review=Review.REJECTED, verdict="rejected", version=9
    )
    shown = body(caller.get(f"sessions/{session['id']}/"))
    assert (shown["verdict"], shown["reason"]) == ("rejected", "not_accepted")
    assert shown["next_action"] == "contact_support"


@pytest.mark.parametrize("decide", [services.approve, services.reject])
def test_after_a_decision_staffs_own_words_are_the_message(
    caller: Caller, state: SandboxState, flows: Flows, decide: Callable[..., object]
) -> None:
    flows({"REVIEW": "always"})
    session = issue(caller)
    play(VerificationSession.objects.get(), "pass")
    waiting = pull(caller, session)["message"]
    staff = User.objects.create_user("staff")
    words = "Please bring your <b>passport</b> to a branch."
    row = VerificationSession.objects.get()
    decide(row, actor=staff, reason="other", note="Hushed up", public_comment=words)
    answer = caller.get(f"sessions/{session['id']}/")
    assert body(answer)["message"] == words != waiting
    assert "Hushed up" not in answer.content.decode()
    decide_back = services.reject if decide is services.approve else services.approve
    row.refresh_from_db()
    decide_back(row, actor=staff, reason="mistake")
    assert body(caller.get(f"sessions/{session['id']}/"))["message"] != words


def test_a_proposals_words_are_not_told(caller: Caller, state: SandboxState, flows: Flows) -> None:
    flows({"REVIEW": "always", "SECOND_REVIEW": True})
    session = issue(caller)
    play(VerificationSession.objects.get(), "pass")
    before = pull(caller, session)
    services.reject(
        VerificationSession.objects.get(),
        actor=User.objects.create_user("staff"),
        reason="fraud",
        public_comment="We know.",
    )
    shown = body(caller.get(f"sessions/{session['id']}/"))
    assert (shown["message"], shown["verdict"]) == (before["message"], "undecided")


def test_a_canceled_session_is_canceled_once_and_stays_so(
    caller: Caller, state: SandboxState
) -> None:
    session = issue(caller)
    path = f"sessions/{session['id']}/cancel/"
    for _ in range(2):
        answer = caller.post(path)
        assert (answer.status_code, body(answer)["status"]) == (200, "canceled")
    assert body(answer)["next_action"] == "retry"
    assert body(caller.post(f"sessions/{session['id']}/result/"))["status"] == "canceled"


@pytest.mark.parametrize("status", ["pending", "expired", "succeeded", "failed", "error"])
def test_what_is_over_or_not_begun_cannot_be_canceled(
    status: str, caller: Caller, state: SandboxState
) -> None:
    session = make_session(caller.user, status=status)
    answer = caller.post(f"sessions/{session.public_id}/cancel/")
    problem = body(answer)
    assert (answer.status_code, problem["code"]) == (409, "not_cancelable")
    assert problem["session"] == str(session.public_id)


def test_a_picture_that_tencent_refused_is_the_reason_only_where_there_was_one(
    caller: Caller, state: SandboxState
) -> None:
    with_picture = make_session(
        caller.user, status="error", category=Category.BAD_IMAGE.value, image_sha256="a" * 64
    )
    without = make_session(caller.user, status="error", category=Category.BAD_IMAGE.value)
    assert body(caller.get(f"sessions/{with_picture.public_id}/"))["reason"] == "picture"
    assert body(caller.get(f"sessions/{without.public_id}/"))["reason"] == "technical"
