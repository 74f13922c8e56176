"""One Idempotency-Key, one token, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from django_faceid.models import IdempotencyClaim, VerificationSession
from django_faceid.sandbox.faults import Refuse
from django_faceid.sandbox.state import SandboxState
from django_faceid.testing import advance, play

from .caller import Caller, blamed, body
from .conftest import Flows


def test_a_repeat_gets_the_same_token_and_makes_no_call(
    caller: Caller, state: SandboxState
) -> None:
    first = caller.post("sessions/", {"retry_limit": 2}, Idempotency_Key="one")
    again = caller.post("sessions/", {"retry_limit": 2}, Idempotency_Key="one")
    assert (first.status_code, again.status_code) == (201, 200)
    assert body(first)["sdk_token"] == body(again)["sdk_token"]
    assert len(state.exchanges) == 1


def test_a_repeat_with_other_input_is_refused(caller: Caller, state: SandboxState) -> None:
    caller.post("sessions/", {"retry_limit": 2}, Idempotency_Key="one")
    other = caller.post("sessions/", {"retry_limit": 3}, Idempotency_Key="one")
    assert (other.status_code, body(other)["code"]) == (422, "idempotency_key_reused")
    assert body(other)["next_action"] == "fix_input"


def test_meta_data_and_the_order_of_fields_are_no_other_input(
    caller: Caller, state: SandboxState
) -> None:
    caller.post("sessions/", {"retry_limit": 2, "meta_data": "a"}, Idempotency_Key="one")
    again = caller.post("sessions/", {"meta_data": "b", "retry_limit": 2}, Idempotency_Key="one")
    assert again.status_code == 200


def test_a_key_at_work_is_told_to_wait(caller: Caller, state: SandboxState) -> None:
    caller.post("sessions/", {}, Idempotency_Key="one")
    IdempotencyClaim.objects.update(answered=False, session=None)
    answer = caller.post("sessions/", {}, Idempotency_Key="one")
    assert (answer.status_code, body(answer)["code"]) == (409, "idempotency_key_in_flight")
    assert (answer["Retry-After"], body(answer)["next_action"]) == ("1", "retry")


def test_a_key_belongs_to_its_caller(caller: Caller, stranger: Caller, state: SandboxState) -> None:
    mine = caller.post("sessions/", {}, Idempotency_Key="one")
    theirs = stranger.post("sessions/", {"retry_limit": 1}, Idempotency_Key="one")
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert body(mine)["sdk_token"] != body(theirs)["sdk_token"]


def test_a_repeat_shows_the_session_as_it_is_by_now(caller: Caller, state: SandboxState) -> None:
    first = body(caller.post("sessions/", {}, Idempotency_Key="one"))
    play(VerificationSession.objects.get(), "pass")
    caller.post(f"sessions/{first['id']}/result/")
    again = body(caller.post("sessions/", {}, Idempotency_Key="one"))
    assert (again["id"], again["status"]) == (first["id"], "succeeded")
    assert (again["sdk_token"], again["server_param_info"]) == (None, None)


def test_an_expired_token_is_not_handed_out_again(caller: Caller, state: SandboxState) -> None:
    caller.post("sessions/", {}, Idempotency_Key="one")
    advance(minutes=10)
    again = body(caller.post("sessions/", {}, Idempotency_Key="one"))
    assert (again["status"], again["sdk_token"], again["next_action"]) == ("expired", None, "retry")
    assert caller.post("sessions/", {}, Idempotency_Key="two").status_code == 201


def test_a_key_is_forgotten_after_a_day(caller: Caller, state: SandboxState) -> None:
    first = body(caller.post("sessions/", {}, Idempotency_Key="one"))
    advance(hours=24)
    again = caller.post("sessions/", {"retry_limit": 1}, Idempotency_Key="one")
    assert (again.status_code, body(again)["id"] == first["id"]) == (201, False)


@pytest.mark.parametrize(
    ("trouble", "status"), [("input", 400), ("attempts", 429), ("provider", 503)]
)
def test_what_minted_nothing_keeps_no_key(
    trouble: str, status: int, caller: Caller, state: SandboxState, flows: Flows
) -> None:
    given: dict[str, Any] = {}
    if trouble == "input":
        given = {"retry_limit": 9}
    elif trouble == "attempts":
        flows({"MAX_ISSUES": {timedelta(minutes=10): 1}})
        session = body(caller.post("sessions/", {}))
        caller.post(f"sessions/{session['id']}/cancel/")
    else:
        state.faults.add(Refuse(Code="UnauthorizedOperation"))
    refused = caller.post("sessions/", given, Idempotency_Key="one")
    assert refused.status_code == status
    if trouble == "attempts":
        advance(minutes=10)
    assert caller.post("sessions/", {}, Idempotency_Key="one").status_code == 201


def test_a_key_has_at_most_255_characters_and_is_kept_as_a_digest(
    caller: Caller, state: SandboxState
) -> None:
    too_long = caller.post("sessions/", {}, Idempotency_Key="k" * 256)
    assert blamed(too_long) == [("Idempotency-Key", "too_long")]
    assert not state.exchanges
    assert caller.post("sessions/", {}, Idempotency_Key="k" * 255).status_code == 201
    assert "kkk" not in str(IdempotencyClaim.objects.values().get())
