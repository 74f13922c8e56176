from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest
import requests

from django_faceid.sandbox.faults import (
    KINDS,
    Charset,
    CutOff,
    Delay,
    Drip,
    Fault,
    Faults,
    Html,
    HttpStatus,
    Huge,
    MissingToken,
    Refuse,
    Reset,
    WrongExtra,
    parse,
)
from django_faceid.sandbox.state import SandboxState

from .conftest import RESULT, TOKEN, Caller


def test_a_delayed_answer_comes_late_and_its_token_exists_already(
    state: SandboxState, caller: Caller
) -> None:
    state.faults.add(Delay(Seconds=60))

    with pytest.raises(requests.ReadTimeout):
        caller.send(TOKEN, {}, timeout=1)

    assert len(state.tokens) == 1


def test_a_delay_is_as_long_as_it_says(state: SandboxState, caller: Caller) -> None:
    state.faults.add(Delay(Seconds=0.2))
    started = time.monotonic()

    caller.issue()

    assert 0.2 <= time.monotonic() - started < 2


@pytest.mark.parametrize(("when", "minted"), [("before", 0), ("after", 1)])
def test_a_reset_loses_the_request_or_the_answer(
    state: SandboxState, caller: Caller, when: str, minted: int
) -> None:
    state.faults.add(Reset(When=when))

    with pytest.raises(requests.ConnectionError):
        caller.send(TOKEN, {})

    assert len(state.tokens) == minted
    caller.issue()


def test_a_scripted_refusal_mints_nothing(state: SandboxState, caller: Caller) -> None:
    state.faults.add(Refuse(Code="UnauthorizedOperation.Arrears", Message="Pay.", Count=2))

    for _ in range(2):
        answer = caller.call(TOKEN, {})
        assert answer.pop("RequestId")
        assert answer == {"Error": {"Code": "UnauthorizedOperation.Arrears", "Message": "Pay."}}
    assert not state.tokens
    caller.issue()


@pytest.mark.parametrize("status", [500, 502, 999])
def test_a_gateways_status_comes_with_a_page(
    state: SandboxState, caller: Caller, status: int
) -> None:
    state.faults.add(HttpStatus(Status=status))

    response = caller.send(TOKEN, {})

    assert response.status_code == status
    assert response.headers["Content-Type"] == "text/html"
    assert not state.tokens


def test_a_portals_page_has_status_200(state: SandboxState, caller: Caller) -> None:
    state.faults.add(Html())

    response = caller.send(TOKEN, {})

    assert (response.status_code, response.text[:6]) == (200, "<html>")


def test_a_body_is_cut_off_in_its_middle(state: SandboxState, caller: Caller) -> None:
    state.faults.add(CutOff())

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        caller.send(TOKEN, {})

    assert len(state.tokens) == 1


def test_an_error_can_be_sent_with_charset(state: SandboxState, caller: Caller) -> None:
    state.faults.add(Charset())

    response = caller.send(RESULT, {"SdkToken": "unknown"})

    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.json()["Response"]["Error"]["Code"].endswith("BizTokenIllegal")


def test_a_success_can_lack_its_token(state: SandboxState, caller: Caller) -> None:
    sdk_token = caller.issue()
    state.faults.add(MissingToken())
    caller.result(sdk_token)

    assert "SdkToken" not in caller.call(TOKEN, {})


def test_a_result_can_echo_somebody_elses_extra(state: SandboxState, caller: Caller) -> None:
    state.faults.add(WrongExtra(Extra="yours"))
    sdk_token = caller.issue(Extra="mine")
    state.play(sdk_token, "pass")

    assert caller.result(sdk_token)["Extra"] == "yours"
    assert caller.result(sdk_token)["Extra"] == "mine"


def test_an_answer_can_be_huge_and_still_be_json(state: SandboxState, caller: Caller) -> None:
    state.faults.add(Huge(Bytes=5_000_000))

    response = caller.send(TOKEN, {})

    assert len(response.content) > 5_000_000
    assert response.json()["Response"]["SdkToken"]


def test_a_dripping_answer_outlasts_every_read_timeout(state: SandboxState, caller: Caller) -> None:
    state.faults.add(Drip(Seconds=0.005))
    started = time.monotonic()

    response = caller.send(TOKEN, {}, timeout=0.8)

    assert response.json()["Response"]["SdkToken"]
    assert time.monotonic() - started > 0.8


def test_a_fault_waits_for_its_action(state: SandboxState, caller: Caller) -> None:
    state.faults.add(Refuse(Action=RESULT))

    sdk_token = caller.issue()

    assert caller.code(RESULT, {"SdkToken": sdk_token}) == "InternalError"
    assert caller.code(RESULT, {"SdkToken": sdk_token}) is None


def test_faults_strike_in_the_order_in_which_they_were_added() -> None:
    faults = Faults()
    faults.add(Delay(Count=2), Html())

    assert [faults.take(TOKEN).name for _ in range(4)] == ["delay", "delay", "html", ""]


def test_a_fault_without_count_strikes_until_it_is_cleared() -> None:
    faults = Faults()
    faults.add(Html(Count=None))
    assert {faults.take(TOKEN).name for _ in range(30)} == {"html"}

    faults.clear()

    assert faults.take(TOKEN).name == ""


def test_what_waits_can_be_seen_with_what_is_left_of_it() -> None:
    faults = Faults()
    faults.add(Delay(Count=3))
    faults.take(TOKEN)

    assert faults.waiting == (Delay(Count=2),)


def test_a_request_that_is_turned_away_uses_up_no_fault(
    state: SandboxState, caller: Caller
) -> None:
    state.faults.add(Html())
    assert caller.code(TOKEN, {}, headers={"X-TC-Version": "2018"}) == "NoSuchVersion"

    assert len(state.faults.waiting) == 1


@pytest.mark.parametrize(
    ("description", "fault"),
    [
        ({"Fault": "delay", "Seconds": 2, "Action": TOKEN}, Delay(Seconds=2, Action=TOKEN)),
        ({"Fault": "reset", "When": "after"}, Reset(When="after")),
        ({"Fault": "refuse", "Count": None}, Refuse(Count=None)),
        ({"Fault": "http_status", "Status": 500, "Count": 3}, HttpStatus(Status=500, Count=3)),
    ],
)
def test_a_fault_can_be_described_in_json(description: Mapping[str, Any], fault: Fault) -> None:
    assert parse(description) == fault


def test_every_kind_of_fault_has_a_name_for_json() -> None:
    assert set(KINDS) == {
        "delay",
        "reset",
        "refuse",
        "http_status",
        "html",
        "cut_off",
        "charset",
        "missing_token",
        "wrong_extra",
        "huge",
        "drip",
    }


@pytest.mark.parametrize(
    "description",
    [
        {},
        {"Fault": "thunder"},
        {"Fault": "delay", "seconds": 1},
        {"Fault": "delay", "Seconds": "1"},
        {"Fault": "delay", "Seconds": None},
        {"Fault": "delay", "Seconds": -1},
        {"Fault": "delay", "Seconds": float("inf")},
        {"Fault": "delay", "Count": True},
        {"Fault": "delay", "Count": 0},
        {"Fault": "delay", "Count": 1.5},
        {"Fault": "delay", "Action": "GetFaceIdToken"},
        {"Fault": "refuse", "Code": 7},
        {"Fault": "http_status", "Status": None},
        {"Fault": "huge", "Bytes": 0.5},
        {"Fault": "reset", "When": "sometimes"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(description: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError):
        parse(description)
