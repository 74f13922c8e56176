from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from django_faceid.sandbox.faults import Delay
from django_faceid.sandbox.media import BEST_FRAME
from django_faceid.sandbox.server import SandboxServer
from django_faceid.sandbox.state import SandboxState

from .conftest import CONTROL_SECRET, TOKEN, Caller, unproxied


class Door:
    def __init__(self, url: str) -> None:
        self.url = url
        self.session = unproxied()
        self.session.headers["X-Sandbox-Secret"] = CONTROL_SECRET

    def ask(self, method: str, call: str, body: Any = None, **options: Any) -> requests.Response:
        return self.session.request(
            method, f"{self.url}/control/{call}", json=body, timeout=10, **options
        )

    def post(self, call: str, body: Any) -> tuple[int, Any]:
        response = self.ask("POST", call, body)
        return response.status_code, response.json()

    def error(self, call: str, body: Any) -> tuple[int, str]:
        status, answer = self.post(call, body)
        return status, answer["Error"]["Code"]


@pytest.fixture
def door(server: SandboxServer) -> Iterator[Door]:
    door = Door(server.url)
    with door.session:
        yield door


@pytest.mark.parametrize("secret", ["wrong", "", CONTROL_SECRET + " more", "öffne dich"])
@pytest.mark.parametrize("call", ["state", "no_such_call"])
def test_the_door_is_shut_without_the_secret(door: Door, secret: str, call: str) -> None:
    response = door.ask("GET", call, headers={"X-Sandbox-Secret": secret.encode()})

    assert response.status_code == 403
    assert response.json()["Error"]["Code"] == "Forbidden"


def test_the_secret_is_asked_for_before_anything_is_done(
    door: Door, state: SandboxState, caller: Caller
) -> None:
    sdk_token = caller.issue()
    del door.session.headers["X-Sandbox-Secret"]

    assert door.post("play", {"SdkToken": sdk_token, "Outcome": "pass"})[0] == 403
    assert state.tokens[sdk_token].began_at is None


@pytest.mark.parametrize("secret", [None, ""])
def test_there_is_no_door_when_no_secret_was_given(secret: str | None) -> None:
    with SandboxServer(control_secret=secret) as server:
        door = Door(server.url)
        with door.session:
            for headers in ({}, {"X-Sandbox-Secret": ""}):
                assert door.ask("GET", "state", headers=headers).status_code == 404


def test_a_secret_may_hold_any_character() -> None:
    with SandboxServer(control_secret="öffne dich") as server:
        door = Door(server.url)
        with door.session:
            headers = {"X-Sandbox-Secret": "öffne dich".encode()}
            assert door.ask("GET", "state", headers=headers).status_code == 200


def test_a_phone_is_played(door: Door, caller: Caller) -> None:
    sdk_token = caller.issue()

    assert door.post("play", {"SdkToken": sdk_token, "Outcome": "pass"}) == (
        200,
        {"Played": "pass"},
    )
    assert caller.result(sdk_token)["Result"] == "0"


def test_a_played_process_can_take_seconds(door: Door, caller: Caller) -> None:
    sdk_token = caller.issue()
    door.post("play", {"SdkToken": sdk_token, "Outcome": "pass", "Seconds": 30})
    assert caller.result(sdk_token)["Result"] == "-999"

    door.post("clock", {"AdvanceSeconds": 30})

    assert caller.result(sdk_token)["Result"] == "0"


def test_begin_and_finish_are_two_acts(door: Door, caller: Caller) -> None:
    sdk_token = caller.issue()
    door.post("clock", {"AdvanceSeconds": 599})
    assert door.post("begin", {"SdkToken": sdk_token})[0] == 200
    assert door.post("clock", {"AdvanceSeconds": 600}) == (200, {"ClockOffset": 1199.0})
    assert door.post("finish", {"SdkToken": sdk_token, "Outcome": "spoof"})[0] == 200

    assert caller.result(sdk_token)["Result"] == "1002"


def test_a_refused_phone_is_told_why(door: Door, caller: Caller) -> None:
    sdk_token = caller.issue()
    begin = {"SdkToken": sdk_token}

    assert door.error("begin", {"SdkToken": "unknown"}) == (404, "UnknownToken")
    assert door.error("finish", {**begin, "Outcome": "pass"}) == (409, "NotBegun")
    assert door.error("play", {**begin, "Outcome": "win"}) == (400, "UnknownOutcome")
    assert door.error("play", {**begin, "Outcome": "mismatch"}) == (409, "OutcomeNotPossible")
    assert door.post("begin", begin)[0] == 200
    assert door.error("begin", begin) == (409, "AlreadyBegun")
    late = caller.issue()
    door.post("clock", {"AdvanceSeconds": 600})
    assert door.error("begin", {"SdkToken": late}) == (409, "TokenExpired")


def test_the_servers_clock_is_set_off(door: Door, caller: Caller) -> None:
    assert door.post("skew", {"Seconds": -400}) == (200, {"Skew": -400})

    assert caller.code(TOKEN, {}) == "AuthFailure.SignatureExpire"


def test_faults_are_scripted_shown_and_cleared(door: Door, state: SandboxState) -> None:
    shown = {"Fault": "delay", "Action": None, "Count": 1, "Seconds": 2}

    assert door.post("faults", [{"Fault": "delay", "Seconds": 2}]) == (200, {"Faults": [shown]})
    assert state.faults.waiting == (Delay(Seconds=2),)
    assert door.ask("DELETE", "faults").json() == {"Faults": []}
    assert not state.faults.waiting


def test_one_bad_fault_spoils_the_script(door: Door, state: SandboxState) -> None:
    assert door.error("faults", [{"Fault": "html"}, {"Fault": "thunder"}]) == (400, "BadRequest")
    assert not state.faults.waiting


def test_the_state_is_counts_clocks_and_redacted_exchanges(door: Door, caller: Caller) -> None:
    sdk_token = caller.issue(CheckMode="compare", Image=BEST_FRAME)
    caller.issue()
    door.post("play", {"SdkToken": sdk_token, "Outcome": "pass"})
    caller.result(sdk_token)

    response = door.ask("GET", "state")

    shown = response.json()
    assert shown["Tokens"] == {"Issued": 2, "Begun": 1, "Finished": 1}
    assert (shown["ClockOffset"], shown["Skew"], shown["Faults"]) == (0, 0, [])
    assert len(shown["Exchanges"]) == 3
    assert shown["Exchanges"][0]["Request"]["CheckMode"] == "compare"
    assert sdk_token not in response.text
    assert BEST_FRAME not in response.text


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("play", []),
        ("play", {}),
        ("play", {"SdkToken": 1, "Outcome": "pass"}),
        ("play", {"SdkToken": "x", "Outcome": "pass", "Seconds": "1"}),
        ("play", {"SdkToken": "x", "Outcome": "pass", "Seconds": -1}),
        ("begin", {"SdkToken": "x", "Outcome": "pass"}),
        ("clock", {"AdvanceSeconds": -1}),
        ("clock", {"AdvanceSeconds": True}),
        ("clock", {"AdvanceSeconds": 10**400}),
        ("skew", {"Seconds": None}),
        ("faults", {"Fault": "delay"}),
        ("faults", ["delay"]),
    ],
)
def test_a_body_that_makes_no_sense_is_a_bad_request(door: Door, call: str, body: Any) -> None:
    assert door.error(call, body) == (400, "BadRequest")


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"AdvanceSeconds": NaN}', b"[" * 100_000])
def test_a_body_that_is_no_proper_json_is_a_bad_request(door: Door, body: bytes) -> None:
    response = door.session.post(f"{door.url}/control/clock", data=body, timeout=10)

    assert response.status_code == 400
    assert response.json()["Error"]["Code"] == "BadRequest"


@pytest.mark.parametrize(("method", "call"), [("GET", "play"), ("POST", "state"), ("GET", "")])
def test_the_door_knows_its_calls_only(door: Door, method: str, call: str) -> None:
    assert door.ask(method, call).status_code == 404


def test_the_door_uses_up_no_quota(door: Door, caller: Caller) -> None:
    for _ in range(25):
        assert door.ask("GET", "state").status_code == 200

    assert caller.code(TOKEN, {}) is None
