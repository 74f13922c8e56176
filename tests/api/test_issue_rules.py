"""Every parameter of GetFaceIdTokenIntl and every rule about it, through REST."""

from __future__ import annotations

from typing import Any

import pytest

from django_faceid.models import VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.tencent.types import EXTRA_MAX_LENGTH, META_DATA_MAX_LENGTH

from .caller import Caller, blamed, body
from .conftest import JPEG, Flows

OPEN: dict[str, Any] = {
    "IMAGE": "client",
    "CLIENT_MAY_SET": [
        "check_mode",
        "secure_level",
        "action_list",
        "sdk_version",
        "retry_limit",
        "enable_bot_bg_detection",
        "extra",
    ],
}
"""A flow that lets its client set everything, so that the vendor's rules alone speak."""

COMPARE = {"check_mode": "compare"}

BROKEN: list[tuple[dict[str, Any], str, str]] = [
    ({"check_mode": "photo"}, "check_mode", "choice"),
    ({"check_mode": "Liveness"}, "check_mode", "choice"),
    ({"check_mode": ""}, "check_mode", "choice"),
    ({"check_mode": 1}, "check_mode", "type"),
    ({"secure_level": "0"}, "secure_level", "choice"),
    ({"secure_level": "5"}, "secure_level", "choice"),
    ({"secure_level": " 4"}, "secure_level", "choice"),
    ({"secure_level": 4}, "secure_level", "type"),
    ({**COMPARE}, "image", "required"),
    ({**COMPARE, "image": ""}, "image", "required"),
    ({"image": JPEG}, "image", "not_allowed"),
    ({"check_mode": "liveness", "image": JPEG}, "image", "not_allowed"),
    ({**COMPARE, "image": f"data:image/jpeg;base64,{JPEG}"}, "image", "data_uri"),
    ({**COMPARE, "image": f"{JPEG[:8]}\n{JPEG[8:]}"}, "image", "base64"),
    ({**COMPARE, "image": JPEG.rstrip("=") + "!"}, "image", "base64"),
    ({**COMPARE, "image": "é" * 8}, "image", "base64"),
    ({**COMPARE, "image": "R0lGODlh"}, "image", "image_format"),
    ({**COMPARE, "image": "/9j/" + "A" * 4_000_000}, "image", "too_large"),
    ({**COMPARE, "image": [JPEG]}, "image", "type"),
    ({"extra": "x" * (EXTRA_MAX_LENGTH + 1)}, "extra", "too_long"),
    ({"extra": "a\x00b"}, "extra", "text"),
    ({"extra": "\ud800"}, "extra", "text"),
    ({"extra": {}}, "extra", "type"),
    ({"action_list": ["blink", "mouth", "nod"]}, "action_list", "count"),
    ({"action_list": ["blink"] * 1000}, "action_list", "count"),
    ({"action_list": ["blink", "blink"]}, "action_list", "duplicate"),
    ({"action_list": ["wink"]}, "action_list", "choice"),
    ({"action_list": ["Blink"]}, "action_list", "choice"),
    ({"action_list": []}, "action_list", "choice"),
    ({"action_list": ["\ud800"]}, "action_list", "text"),
    ({"action_list": [1]}, "action_list", "type"),
    ({"action_list": "blink"}, "action_list", "type"),
    ({"secure_level": "1", "action_list": ["blink"]}, "action_list", "not_allowed"),
    ({"secure_level": "3", "action_list": ["blink"]}, "action_list", "not_allowed"),
    ({"sdk_version": "ENHANCE"}, "sdk_version", "choice"),
    ({"sdk_version": "basic"}, "sdk_version", "choice"),
    ({"sdk_version": 2}, "sdk_version", "type"),
    ({"retry_limit": 0}, "retry_limit", "range"),
    ({"retry_limit": 6}, "retry_limit", "range"),
    ({"retry_limit": -1}, "retry_limit", "range"),
    ({"retry_limit": 2**70}, "retry_limit", "range"),
    ({"retry_limit": "1"}, "retry_limit", "type"),
    ({"retry_limit": 1.0}, "retry_limit", "type"),
    ({"retry_limit": True}, "retry_limit", "type"),
    ({"enable_bot_bg_detection": 1}, "enable_bot_bg_detection", "type"),
    ({"enable_bot_bg_detection": "true"}, "enable_bot_bg_detection", "type"),
    ({"meta_data": "m" * (META_DATA_MAX_LENGTH + 1)}, "meta_data", "too_long"),
    ({"meta_data": {"a": 1}}, "meta_data", "type"),
    ({"flow": "nowhere"}, "flow", "unknown"),
    ({"flow": ""}, "flow", "unknown"),
    ({"flow": 7}, "flow", "type"),
]

ACCEPTED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"flow": "default"}, {}),
    ({"check_mode": None, "image": None, "action_list": None}, {}),
    ({"check_mode": "liveness", "retry_limit": 1}, {"CheckMode": "liveness", "RetryLimit": 1}),
    *(({"secure_level": level}, {"SecureLevel": level}) for level in "1234"),
    *(({"retry_limit": n}, {"RetryLimit": n}) for n in range(1, 6)),
    *(({"sdk_version": v}, {"SdkVersion": v}) for v in ("BASIC", "ENHANCED", "PRO", "PLUS")),
    *(({"action_list": [a]}, {"ActionList": a}) for a in ("blink", "mouth", "nod", "shake")),
    ({"action_list": ["nod", "blink"]}, {"ActionList": "nod,blink"}),
    (
        {"secure_level": "2", "action_list": ["blink"]},
        {"SecureLevel": "2", "ActionList": "blink"},
    ),
    ({"enable_bot_bg_detection": True}, {"EnableBotBgDetection": True}),
    ({"enable_bot_bg_detection": False}, {"EnableBotBgDetection": False}),
    ({"extra": "Größe 👍"}, {"Extra": "Größe 👍"}),
    ({"meta_data": "opaque"}, {"MetaData": "<6 characters>"}),
    (
        {**COMPARE, "image": JPEG},
        {"CheckMode": "compare", "Image": f"<{len(JPEG)} characters>"},
    ),
]


@pytest.mark.parametrize(("given", "field", "code"), BROKEN)
def test_a_broken_rule_is_named_and_never_reaches_tencent(
    given: dict[str, Any], field: str, code: str, caller: Caller, state: SandboxState, flows: Flows
) -> None:
    flows(OPEN)
    assert blamed(caller.post("sessions/", given)) == [(field, code)]
    assert not state.exchanges
    assert not VerificationSession.objects.exists()


@pytest.mark.parametrize(("given", "sent"), ACCEPTED)
def test_an_accepted_form_reaches_tencent_in_its_words(
    given: dict[str, Any], sent: dict[str, Any], caller: Caller, state: SandboxState, flows: Flows
) -> None:
    flows(OPEN)
    answer = caller.post("sessions/", given)
    assert answer.status_code == 201, answer.content
    exchange = state.exchanges[-1]
    assert exchange.Action == "GetFaceIdTokenIntl"
    # The session's public id travels as Extra, unless the client has one of its own.
    assert exchange.Request == {"Extra": body(answer)["id"], **sent}


def test_the_vendors_own_example_needs_no_setting_at_all(
    caller: Caller, state: SandboxState
) -> None:
    answer = caller.post("sessions/", {"check_mode": "liveness", "retry_limit": 1})
    assert answer.status_code == 201
    assert state.exchanges[-1].Request == {
        "CheckMode": "liveness",
        "RetryLimit": 1,
        "Extra": body(answer)["id"],
    }


def test_every_broken_rule_is_told_at_once(
    caller: Caller, state: SandboxState, flows: Flows
) -> None:
    flows(OPEN)
    answer = caller.post("sessions/", {"retry_limit": 9, "secure_level": "7", "extra": "x" * 1001})
    assert sorted(blamed(answer)) == [
        ("extra", "too_long"),
        ("retry_limit", "range"),
        ("secure_level", "choice"),
    ]


def test_an_answer_about_bad_input_speaks_in_our_names(caller: Caller, flows: Flows) -> None:
    flows(OPEN)
    for given, field, _code in BROKEN:
        details = [e["detail"] for e in body(caller.post("sessions/", given))["errors"]]
        assert "CheckMode" not in str(details)
        assert "SecureLevel" not in str(details), field


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("CheckMode", "check_mode"),
        ("checkMode", "check_mode"),
        ("CHECK_MODE", "check_mode"),
        ("check-mode", "check_mode"),
        ("SDKVersion", "sdk_version"),
        ("EnableBotBgDetection", "enable_bot_bg_detection"),
        ("metadata", "meta_data"),
        ("actions_list", "action_list"),
    ],
)
def test_an_unknown_field_is_refused_with_a_hint(
    name: str, meant: str, caller: Caller, state: SandboxState
) -> None:
    answer = caller.post("sessions/", {name: "liveness"})
    assert blamed(answer) == [(name, "unknown")]
    assert f"Did you mean {meant}?" in body(answer)["errors"][0]["detail"]
    assert not state.exchanges


@pytest.mark.parametrize("name", ["", "x" * 100_000, "\ud800", "\x00", "💥", "SdkToken"])
def test_an_unknown_field_like_no_other_is_refused_without_a_hint(
    name: str, caller: Caller, state: SandboxState
) -> None:
    answer = caller.post("sessions/", {name: 1})
    (error,) = body(answer)["errors"]
    assert (error["code"], error["detail"]) == ("unknown", "This field is not known.")
    assert len(error["field"]) <= 64
    assert not state.exchanges


def test_a_flood_of_unknown_fields_costs_no_flood_of_hints(
    caller: Caller, state: SandboxState
) -> None:
    answer = caller.post("sessions/", {f"check_mode{n}": 1 for n in range(5000)})
    assert len(blamed(answer)) == 20
