"""What a flow lets its client set."""

from __future__ import annotations

from typing import Any

import pytest

from django_faceid.sandbox.state import SandboxState

from .caller import Caller, blamed, body
from .conftest import JPEG, Flows

HOOK = "tests.api.conftest.picture_on_file"
COMPARE = {"PARAMS": {"check_mode": "compare"}}


@pytest.mark.parametrize(
    ("flow", "given"),
    [
        ({}, {"check_mode": "liveness"}),
        ({}, {"secure_level": "4"}),
        ({"PARAMS": {"secure_level": "2"}}, {"secure_level": "2"}),
        ({"PARAMS": {"secure_level": "2"}}, {"secure_level": "3"}),
        ({}, {"retry_limit": 5}),
        ({}, {"retry_limit": 1}),
        ({"PARAMS": {"retry_limit": 3}}, {"retry_limit": 2}),
        ({}, {"action_list": ["nod"]}),
        ({}, {"extra": "order 7"}),
        ({}, {"sdk_version": "BASIC"}),
        ({"PARAMS": {"sdk_version": "PLUS"}}, {"sdk_version": "PLUS"}),
        ({}, {"enable_bot_bg_detection": False}),
        ({"CLIENT_MAY_SET": []}, {"meta_data": "made by the phone"}),
        ({"CLIENT_MAY_SET": []}, {"check_mode": "liveness", "retry_limit": 5}),
        ({"CLIENT_MAY_SET": ["secure_level"]}, {"secure_level": "1"}),
        ({**COMPARE, "IMAGE": "client"}, {"image": JPEG}),
        ({**COMPARE, "IMAGE": "client"}, {"check_mode": "compare", "image": JPEG}),
    ],
)
def test_what_cannot_weaken_a_check_is_the_clients(
    flow: dict[str, Any], given: dict[str, Any], caller: Caller, flows: Flows
) -> None:
    flows(flow)
    answer = caller.post("sessions/", given)
    assert answer.status_code == 201, answer.content


@pytest.mark.parametrize(
    ("flow", "given"),
    [
        ({}, {"check_mode": "compare"}),
        ({}, {"secure_level": "3"}),
        ({}, {"secure_level": "1"}),
        ({"PARAMS": {"secure_level": "3"}}, {"secure_level": "2"}),
        ({"PARAMS": {"retry_limit": 2}}, {"retry_limit": 3}),
        ({}, {"sdk_version": "PLUS"}),
        ({"PARAMS": {"sdk_version": "PLUS"}}, {"sdk_version": "BASIC"}),
        ({}, {"enable_bot_bg_detection": True}),
        ({}, {"image": JPEG}),
        ({**COMPARE, "IMAGE": HOOK}, {"image": JPEG}),
        ({**COMPARE, "IMAGE": HOOK}, {"check_mode": "liveness"}),
        ({**COMPARE, "IMAGE": HOOK, "CLIENT_MAY_SET": ["image"]}, {"image": JPEG}),
        ({"CLIENT_MAY_SET": []}, {"action_list": ["nod"]}),
        ({"CLIENT_MAY_SET": []}, {"extra": "order 7"}),
        ({"CLIENT_MAY_SET": ["extra"]}, {"retry_limit": 1}),
    ],
)
def test_what_could_weaken_a_check_is_refused_by_name(
    flow: dict[str, Any], given: dict[str, Any], caller: Caller, state: SandboxState, flows: Flows
) -> None:
    flows(flow)
    assert blamed(caller.post("sessions/", given)) == [(next(iter(given)), "not_yours_to_set")]
    assert not state.exchanges


def test_a_flow_brings_its_own_parameters(
    caller: Caller, state: SandboxState, flows: Flows
) -> None:
    flows(strict={"PARAMS": {"secure_level": "2", "retry_limit": 2, "action_list": ["nod"]}})
    answer = caller.post("sessions/", {"flow": "strict", "retry_limit": 1})
    assert state.exchanges[-1].Request == {
        "SecureLevel": "2",
        "RetryLimit": 1,
        "ActionList": "nod",
        "Extra": body(answer)["id"],
    }


def test_a_picture_on_file_is_sent_without_the_client(
    caller: Caller, state: SandboxState, flows: Flows
) -> None:
    flows({**COMPARE, "IMAGE": HOOK})
    answer = caller.post("sessions/", {"check_mode": "compare"})
    assert answer.status_code == 201, answer.content
    assert state.exchanges[-1].Request["Image"] == "<16 characters>"


def test_no_picture_on_file_is_told_before_tencent_is_asked(
    stranger: Caller, state: SandboxState, flows: Flows
) -> None:
    flows({**COMPARE, "IMAGE": HOOK})
    assert blamed(stranger.post("sessions/", {})) == [("image", "no_picture")]
    assert not state.exchanges


def test_a_paused_flow_a_closed_one_and_a_done_one_each_say_so(
    caller: Caller, state: SandboxState, flows: Flows
) -> None:
    flows(paused={"ENABLED": False}, closed={"ALLOW": lambda _who: False})
    paused = caller.post("sessions/", {"flow": "paused"})
    closed = caller.post("sessions/", {"flow": "closed"})
    assert (paused.status_code, body(paused)["code"]) == (503, "flow_paused")
    assert (closed.status_code, body(closed)["code"]) == (403, "not_allowed")
    assert body(closed)["next_action"] == "contact_support"
    assert not state.exchanges
