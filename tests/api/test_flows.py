"""What may be asked, and how the caller stands in it."""

from __future__ import annotations

from datetime import timedelta

from django_faceid.models import VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import is_verified
from django_faceid.testing import advance, make_session

from .caller import Caller, body
from .conftest import Flows


def test_the_default_flow_is_always_there(caller: Caller, state: SandboxState) -> None:
    assert body(caller.get("flows/")) == {"results": [body(caller.get("flows/default/"))]}
    assert body(caller.get("flows/default/")) == {
        "name": "default",
        "enabled": True,
        "check_mode": "liveness",
        "client_may_set": [
            "action_list",
            "extra",
            "meta_data",
            "retry_limit",
            "secure_level",
        ],
        "verified": False,
        "verdict": "undecided",
        "verified_at": None,
        "verified_until": None,
        "attempts_left": 5,
        "next_action": "start_sdk",
        "retry_after": None,
        "session": None,
    }


def test_a_flow_that_is_not_there_is_404(caller: Caller) -> None:
    assert caller.get("flows/nowhere/").status_code == 404


def test_a_flow_says_what_its_client_may_set(caller: Caller, flows: Flows) -> None:
    compare = {"PARAMS": {"check_mode": "compare"}}
    flows(
        own={**compare, "IMAGE": "client", "CLIENT_MAY_SET": ["extra"]},
        hook={**compare, "IMAGE": "tests.api.conftest.picture_on_file", "CLIENT_MAY_SET": []},
        claims={"CLIENT_MAY_SET": ["image"]},
    )
    shown = {flow["name"]: flow for flow in body(caller.get("flows/"))["results"]}
    assert list(shown) == ["default", "own", "hook", "claims"]
    assert shown["own"]["client_may_set"] == ["extra", "image", "meta_data"]
    assert shown["own"]["check_mode"] == "compare"
    assert shown["hook"]["client_may_set"] == ["meta_data"]
    assert shown["claims"]["client_may_set"] == ["meta_data"]


def test_a_flow_knows_whether_its_caller_is_verified_and_until_when(
    caller: Caller, stranger: Caller, state: SandboxState, flows: Flows
) -> None:
    flows({"VALID_FOR": timedelta(days=365)})
    session = make_session(caller.user, status="succeeded")
    until = session.created_at + timedelta(days=365)
    VerificationSession.objects.update(verified_until=until)
    make_session(caller.user, status="failed")  # a later failure takes nothing away
    shown = body(caller.get("flows/default/"))
    assert (shown["verified"], shown["verdict"], shown["next_action"]) == (True, "verified", "none")
    assert shown["session"] == str(session.public_id)
    assert shown["verified_at"] < shown["verified_until"]
    assert body(stranger.get("flows/default/"))["verified"] is False


def test_a_verification_that_ran_out_leads_to_a_new_one(
    caller: Caller, state: SandboxState
) -> None:
    session = make_session(caller.user, status="succeeded")
    until = session.created_at + timedelta(days=1)
    VerificationSession.objects.update(verified_until=until)
    advance(days=1)
    shown = body(caller.get("flows/default/"))
    assert not is_verified(caller.user, "default")
    assert (shown["verified"], shown["verdict"]) == (False, "undecided")
    assert shown["next_action"] == "start_sdk"
    assert caller.post("sessions/", {}).status_code == 201


def test_a_flow_shows_what_its_latest_session_waits_for(
    caller: Caller, state: SandboxState, flows: Flows
) -> None:
    flows(paused={"ENABLED": False})
    session = body(caller.post("sessions/", {}))
    caller.post(f"sessions/{session['id']}/result/")
    shown = body(caller.get("flows/default/"))
    assert (shown["session"], shown["next_action"]) == (session["id"], "wait")
    assert shown["retry_after"] >= 2
    assert body(caller.get("flows/paused/"))["next_action"] == "contact_support"


def test_flows_do_not_tell_on_others(caller: Caller, stranger: Caller, state: SandboxState) -> None:
    make_session(stranger.user, status="succeeded")
    assert caller.user is not None
    make_session(f"user:{caller.user.pk}", status="succeeded")  # a reference, and no user's
    assert body(caller.get("flows/default/"))["session"] is None
