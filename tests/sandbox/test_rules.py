from __future__ import annotations

import base64
from typing import Any

import pytest

from django_faceid.sandbox import rules
from django_faceid.sandbox.errors import ApiError
from django_faceid.sandbox.media import BEST_FRAME


def code_of(parameters: dict[str, Any]) -> str:
    with pytest.raises(ApiError) as error:
        rules.check_token_parameters(parameters)
    return error.value.code


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"CheckMode": "liveness", "RetryLimit": 1},
        {"CheckMode": "compare", "Image": BEST_FRAME},
        {"CheckMode": "liveness", "Image": "looked at by nobody"},
        {"ActionList": "blink"},
        {"ActionList": "blink,mouth", "SecureLevel": "2"},
        {"ActionList": "nod,shake", "SecureLevel": "4"},
        {"SdkVersion": "PLUS", "RetryLimit": 5, "EnableBotBgDetection": False},
        {"Extra": "", "MetaData": "opaque"},
    ],
)
def test_what_the_page_allows_is_accepted(parameters: dict[str, Any]) -> None:
    rules.check_token_parameters(parameters)


@pytest.mark.parametrize(
    "parameters",
    [
        {"check_mode": "liveness"},
        {"Checkmode": "liveness"},
        {"SdkToken": "C8CFF283-539AF-014E77-A5CF-DD9CAD93EFE2"},
    ],
)
def test_an_unknown_name_is_refused(parameters: dict[str, Any]) -> None:
    assert code_of(parameters) == "UnknownParameter"


@pytest.mark.parametrize(
    "parameters",
    [
        {"SecureLevel": 4},
        {"RetryLimit": "3"},
        {"RetryLimit": True},
        {"RetryLimit": 3.0},
        {"EnableBotBgDetection": 1},
        {"ActionList": ["blink"]},
        {"Extra": None},
    ],
)
def test_a_value_of_the_wrong_type_is_refused(parameters: dict[str, Any]) -> None:
    assert code_of(parameters) == "InvalidParameter"


@pytest.mark.parametrize(
    "parameters",
    [
        {"CheckMode": "Liveness"},
        {"CheckMode": ""},
        {"SecureLevel": "5"},
        {"SdkVersion": "ENHANCE"},
        {"RetryLimit": 0},
        {"RetryLimit": 6},
        {"ActionList": ""},
        {"ActionList": "blink, mouth"},
        {"ActionList": "blink,blink"},
        {"ActionList": "blink,mouth,nod"},
        {"ActionList": "smile"},
    ],
)
def test_a_value_outside_its_set_is_refused(parameters: dict[str, Any]) -> None:
    assert code_of(parameters) == "InvalidParameterValue"


@pytest.mark.parametrize("level", ["1", "3"])
def test_an_action_list_needs_a_level_that_has_actions(level: str) -> None:
    assert code_of({"ActionList": "blink", "SecureLevel": level}) == "InvalidParameter"


@pytest.mark.parametrize("image", [{}, {"Image": ""}])
def test_a_comparison_needs_a_picture(image: dict[str, str]) -> None:
    assert code_of({"CheckMode": "compare", **image}) == "InvalidParameter"


@pytest.mark.parametrize(
    "image",
    [
        f"data:image/jpeg;base64,{BEST_FRAME}",
        BEST_FRAME.rstrip("="),
        BEST_FRAME[:76] + "\n" + BEST_FRAME[76:],
        "ünïcode",
        base64.b64encode(b"GIF89a").decode(),
    ],
)
def test_a_picture_is_strict_base64_of_a_jpg_or_png(image: str) -> None:
    assert code_of({"CheckMode": "compare", "Image": image}) == "InvalidParameterValue"


def test_a_png_is_a_picture_as_well() -> None:
    image = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()

    rules.check_token_parameters({"CheckMode": "compare", "Image": image})


def test_a_picture_beyond_eight_megabytes_is_too_large() -> None:
    image = "A" * (rules.LONGEST_IMAGE + 1)

    assert code_of({"CheckMode": "compare", "Image": image}) == "FailedOperation.ImageSizeTooLarge"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, "MissingParameter"),
        ({"SdkToken": 1}, "InvalidParameter"),
        ({"SdkToken": "x", "IsNeedVideo": True}, "UnknownParameter"),
    ],
)
def test_a_result_is_asked_for_by_its_token_alone(parameters: dict[str, Any], code: str) -> None:
    with pytest.raises(ApiError) as error:
        rules.check_result_parameters(parameters)

    assert error.value.code == code


def test_no_message_repeats_what_the_caller_sent() -> None:
    with pytest.raises(ApiError) as error:
        rules.check_token_parameters({"CheckMode": "compare", "Image": "c2VjcmV0"})

    assert "c2VjcmV0" not in error.value.message
