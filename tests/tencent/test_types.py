from __future__ import annotations

import base64
import dataclasses
from typing import Any

import pytest

from django_faceid.tencent.errors import InvalidRequest, Sent
from django_faceid.tencent.types import (
    Action,
    CheckMode,
    GetFaceIdResultIntlResponse,
    GetFaceIdTokenIntlRequest,
    GetFaceIdTokenIntlResponse,
    SdkVersion,
    SecureLevel,
)

JPEG = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(20)).decode()
COMPARE: dict[str, Any] = {"CheckMode": "compare", "Image": JPEG}


def violations(**parameters: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as caught:
        GetFaceIdTokenIntlRequest(**parameters)
    assert caught.value.sent is Sent.NO
    return [(violation.field, violation.rule) for violation in caught.value.violations]


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"CheckMode": "liveness", "RetryLimit": 1},
        {"SecureLevel": "1"},
        {"SecureLevel": "3", "SdkVersion": "PLUS"},
        {"ActionList": "blink"},
        {"ActionList": "shake,nod", "SecureLevel": "2"},
        {"ActionList": "mouth,blink", "SecureLevel": "4"},
        {"RetryLimit": 5, "EnableBotBgDetection": False},
        {"Extra": "ñ" * 1000, "MetaData": "m" * 100_000},
        {"Extra": "", "MetaData": ""},
        COMPARE,
    ],
)
def test_a_request_within_the_rules_sends_only_what_was_given(parameters: dict[str, Any]) -> None:
    assert GetFaceIdTokenIntlRequest(**parameters).payload() == parameters


def test_a_payload_stands_in_the_order_of_the_official_sdk() -> None:
    everything = GetFaceIdTokenIntlRequest(
        MetaData="m",
        EnableBotBgDetection=True,
        RetryLimit=2,
        SdkVersion="PRO",
        ActionList="nod",
        Extra="e",
        SecureLevel="2",
        **COMPARE,
    )
    assert list(everything.payload()) == [
        "CheckMode",
        "SecureLevel",
        "Image",
        "Extra",
        "ActionList",
        "SdkVersion",
        "RetryLimit",
        "EnableBotBgDetection",
        "MetaData",
    ]


def test_enums_may_be_given_and_are_sent_as_plain_strings() -> None:
    request = GetFaceIdTokenIntlRequest(
        CheckMode=CheckMode.LIVENESS,
        SecureLevel=SecureLevel.ACTION,
        SdkVersion=SdkVersion.ENHANCED,
        ActionList=Action.NOD,
    )
    assert [type(value) for value in request.payload().values()] == [str] * 4


@pytest.mark.parametrize(
    ("parameters", "broken"),
    [
        ({"CheckMode": "Liveness"}, ("CheckMode", "choice")),
        ({"CheckMode": ""}, ("CheckMode", "choice")),
        ({"CheckMode": True}, ("CheckMode", "type")),
        ({"SecureLevel": "5"}, ("SecureLevel", "choice")),
        ({"SecureLevel": 4}, ("SecureLevel", "type")),
        ({"SdkVersion": "ENHANCE"}, ("SdkVersion", "choice")),
        ({"SdkVersion": ["PRO"]}, ("SdkVersion", "type")),
        ({"CheckMode": "compare"}, ("Image", "required")),
        ({"CheckMode": "compare", "Image": ""}, ("Image", "required")),
        ({"CheckMode": "liveness", "Image": JPEG}, ("Image", "not_allowed")),
        ({"CheckMode": "liveness", "Image": ""}, ("Image", "not_allowed")),
        ({"Image": JPEG}, ("Image", "not_allowed")),
        ({**COMPARE, "Image": b"bytes"}, ("Image", "type")),
        ({**COMPARE, "Image": "data:image/jpeg;base64," + JPEG}, ("Image", "data_uri")),
        ({**COMPARE, "Image": JPEG + "\n"}, ("Image", "base64")),
        ({**COMPARE, "Image": "R0lGODlh"}, ("Image", "image_format")),
        ({**COMPARE, "max_image_bytes": 23}, ("Image", "too_large")),
        ({"Extra": "e" * 1001}, ("Extra", "too_long")),
        ({"Extra": 5}, ("Extra", "type")),
        ({"ActionList": ""}, ("ActionList", "choice")),
        ({"ActionList": "Blink"}, ("ActionList", "choice")),
        ({"ActionList": "blink, nod"}, ("ActionList", "choice")),
        ({"ActionList": "blink,"}, ("ActionList", "choice")),
        ({"ActionList": "blink,blink"}, ("ActionList", "duplicate")),
        ({"ActionList": "blink,nod,shake"}, ("ActionList", "count")),
        ({"ActionList": ["blink"]}, ("ActionList", "type")),
        ({"ActionList": "blink", "SecureLevel": "1"}, ("ActionList", "not_allowed")),
        ({"ActionList": "blink", "SecureLevel": "3"}, ("ActionList", "not_allowed")),
        ({"RetryLimit": 0}, ("RetryLimit", "range")),
        ({"RetryLimit": 6}, ("RetryLimit", "range")),
        ({"RetryLimit": True}, ("RetryLimit", "type")),
        ({"RetryLimit": "3"}, ("RetryLimit", "type")),
        ({"RetryLimit": 3.0}, ("RetryLimit", "type")),
        ({"EnableBotBgDetection": 1}, ("EnableBotBgDetection", "type")),
        ({"EnableBotBgDetection": "true"}, ("EnableBotBgDetection", "type")),
        ({"MetaData": "m" * 100_001}, ("MetaData", "too_long")),
        ({"MetaData": {}}, ("MetaData", "type")),
    ],
)
def test_a_broken_rule_is_named(parameters: dict[str, Any], broken: tuple[str, str]) -> None:
    assert violations(**parameters) == [broken]


def test_every_violation_is_collected() -> None:
    assert violations(
        CheckMode="compare",
        SecureLevel="1",
        ActionList="wink,wink,nod",
        RetryLimit=9,
        EnableBotBgDetection="no",
    ) == [
        ("Image", "required"),
        ("ActionList", "not_allowed"),
        ("ActionList", "count"),
        ("ActionList", "duplicate"),
        ("ActionList", "choice"),
        ("RetryLimit", "range"),
        ("EnableBotBgDetection", "type"),
    ]


def test_an_unknown_mode_is_not_blamed_on_the_picture() -> None:
    assert violations(CheckMode="both", Image=JPEG) == [("CheckMode", "choice")]


def test_a_request_cannot_be_changed_into_an_invalid_one() -> None:
    request = GetFaceIdTokenIntlRequest(RetryLimit=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        request.RetryLimit = 9  # type: ignore[misc]
    with pytest.raises(InvalidRequest):
        dataclasses.replace(request, RetryLimit=9)


def test_unknown_outputs_of_a_token_are_kept() -> None:
    response = GetFaceIdTokenIntlResponse.from_fields(
        {"SdkToken": "T", "RequestId": "r", "ServerParamInfo": "s", "Novelty": {"a": 1}}
    )
    assert response == GetFaceIdTokenIntlResponse("T", "r", "s", {"Novelty": {"a": 1}})


@pytest.mark.parametrize("token", [None, "", 5, ["T"]])
def test_a_token_answer_without_a_token_is_no_answer(token: object) -> None:
    with pytest.raises(ValueError, match="no SdkToken"):
        GetFaceIdTokenIntlResponse.from_fields({"SdkToken": token, "RequestId": "r"})


@pytest.mark.parametrize("result", [None, "", 0, ["0"], True])
def test_a_result_is_a_string_or_no_answer(result: object) -> None:
    with pytest.raises(ValueError, match="no Result"):
        GetFaceIdResultIntlResponse.from_fields({"Result": result, "RequestId": "r"})


def test_a_full_result_is_read_as_documented() -> None:
    fields = {
        "Result": "0",
        "Description": "Success",
        "BestFrame": "b",
        "Video": "v",
        "ActionVideo": "a",
        "Similarity": 98.8,
        "Extra": "e",
        "DeviceInfoLevel": "1",
        "LivenessInfoTag": ["03", "09"],
        "RequestId": "r",
        "Novelty": None,
    }
    response = dataclasses.asdict(GetFaceIdResultIntlResponse.from_fields(fields))
    assert response == {
        **{name: value for name, value in fields.items() if name != "Novelty"},
        "LivenessInfoTag": ("03", "09"),
        "unknown": {"Novelty": None},
    }


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (0, 0.0),
        (98.8, 98.8),
        (None, None),
        ("98.8", None),
        (True, None),
        (float("nan"), None),
        (-1, None),
        (10**400, None),
    ],
)
def test_a_similarity_is_a_number_up_to_100_or_none(sent: object, read: float | None) -> None:
    fields = {"Result": "0", "Similarity": sent}
    assert GetFaceIdResultIntlResponse.from_fields(fields).Similarity == read


@pytest.mark.parametrize(
    ("sent", "read"), [(["03", 4, None], ("03",)), (None, ()), ("03", ()), ([], ()), ({}, ())]
)
def test_liveness_tags_are_a_list_of_strings_or_empty(sent: object, read: tuple[str, ...]) -> None:
    fields = {"Result": "1005", "LivenessInfoTag": sent}
    assert GetFaceIdResultIntlResponse.from_fields(fields).LivenessInfoTag == read


def test_optional_fields_of_another_type_are_left_empty() -> None:
    fields = {"Result": "0", "Description": 1, "BestFrame": [], "Extra": 0, "RequestId": None}
    response = GetFaceIdResultIntlResponse.from_fields(fields)
    assert response == GetFaceIdResultIntlResponse(Result="0", Description="", RequestId="")
