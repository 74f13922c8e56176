"""The parameter rules of the two actions, as the server judges them.

Source: the API's page of 2026-05-22 with the parameters added since. Names and types are the
gateway's business (MissingParameter, UnknownParameter, InvalidParameter), a value outside its
set is InvalidParameterValue, and what contradicts another parameter is InvalidParameter.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from .errors import ApiError

ISSUE = "GetFaceIdTokenIntl"
READ = "GetFaceIdResultIntl"
CHECK_MODES = ("liveness", "compare")
SECURE_LEVELS = ("1", "2", "3", "4")
FACE_ACTIONS = ("blink", "mouth", "nod", "shake")
SDK_VERSIONS = ("BASIC", "ENHANCED", "PRO", "PLUS")
# Not published for this action: the limit of its sibling for web pages and of its mainland twin.
LONGEST_IMAGE = 8 * 1024 * 1024
PICTURE_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")

TOKEN_TYPES: Mapping[str, type] = {
    "CheckMode": str,
    "SecureLevel": str,
    "Image": str,
    "Extra": str,
    "ActionList": str,
    "SdkVersion": str,
    "RetryLimit": int,
    "EnableBotBgDetection": bool,
    "MetaData": str,
}
RESULT_TYPES: Mapping[str, type] = {"SdkToken": str}
JSON_NAMES = {str: "string", int: "integer", bool: "boolean"}


def check_token_parameters(parameters: Mapping[str, Any]) -> None:
    """Raise ApiError for the first rule of GetFaceIdTokenIntl that ``parameters`` break."""
    _check_names_and_types(parameters, TOKEN_TYPES)
    for name, rule in _VALUE_RULES.items():
        if name in parameters:
            rule(name, parameters[name])
    level = parameters.get("SecureLevel", "4")
    if "ActionList" in parameters and level not in {"2", "4"}:
        raise ApiError(
            "InvalidParameter", "`ActionList` is allowed only with `SecureLevel` 2 or 4."
        )
    if parameters.get("CheckMode") == "compare":
        _check_image(parameters.get("Image", ""))


def check_result_parameters(parameters: Mapping[str, Any]) -> None:
    """Raise ApiError for the first rule of GetFaceIdResultIntl that ``parameters`` break."""
    _check_names_and_types(parameters, RESULT_TYPES)
    if "SdkToken" not in parameters:
        raise ApiError(
            "MissingParameter", "The request is missing the required parameter `SdkToken`."
        )


def _check_names_and_types(parameters: Mapping[str, Any], types: Mapping[str, type]) -> None:
    for name, value in parameters.items():
        if name not in types:
            raise ApiError("UnknownParameter", f"The parameter `{name[:64]}` is not recognized.")
        # type(), because a JSON true is no integer although Python's bool is an int.
        if type(value) is not types[name]:
            raise ApiError(
                "InvalidParameter", f"`{name}` must be of type {JSON_NAMES[types[name]]}."
            )


def _one_of(*allowed: str) -> Callable[[str, str], None]:
    def rule(name: str, value: str) -> None:
        if value not in allowed:
            raise ApiError(
                "InvalidParameterValue", f"`{name}` must be one of {', '.join(allowed)}."
            )

    return rule


def _one_or_two_actions(name: str, value: str) -> None:
    actions = value.split(",")
    distinct = set(actions)
    if len(actions) > 2 or len(distinct) < len(actions) or not distinct <= set(FACE_ACTIONS):
        raise ApiError(
            "InvalidParameterValue",
            f"`{name}` must hold one or two of {', '.join(FACE_ACTIONS)}, joined by a comma.",
        )


def _one_to_five(name: str, value: int) -> None:
    if not 1 <= value <= 5:
        raise ApiError("InvalidParameterValue", f"`{name}` must be from 1 to 5.")


_VALUE_RULES: Mapping[str, Callable[[str, Any], None]] = {
    "CheckMode": _one_of(*CHECK_MODES),
    "SecureLevel": _one_of(*SECURE_LEVELS),
    "SdkVersion": _one_of(*SDK_VERSIONS),
    "ActionList": _one_or_two_actions,
    "RetryLimit": _one_to_five,
}


def _check_image(image: str) -> None:
    """The picture matters in a comparison only; the service looks at none otherwise."""
    if not image:
        raise ApiError("InvalidParameter", "`Image` is required when `CheckMode` is compare.")
    if len(image) > LONGEST_IMAGE:
        raise ApiError("FailedOperation.ImageSizeTooLarge", "The image is too large.")
    try:
        picture = base64.b64decode(image, validate=True)
    except (binascii.Error, ValueError):
        raise ApiError(
            "InvalidParameterValue", "`Image` must be Base64 with padding, without a data URI."
        ) from None
    if not picture.startswith(PICTURE_BEGINNINGS):
        raise ApiError("InvalidParameterValue", "`Image` must be a JPG or PNG picture.")
