"""Tencent's numbers and words judged: results of a process, codes of the phone's SDK, error codes.

Source: https://www.tencentcloud.com/document/product/1061/54557 (results and tags) and
https://www.tencentcloud.com/document/product/1061/54964 (phone SDK).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from .error_codes import ERROR_CODES, ErrorCategory, ErrorCode, Retry, error_code

__all__ = [
    "ERROR_CODES",
    "FRAUD_TAGS",
    "LIVENESS_TAGS",
    "RESULT_CODES",
    "SDK_CODES",
    "UNFINISHED",
    "Category",
    "ErrorCategory",
    "ErrorCode",
    "ResultCode",
    "Retry",
    "SdkCode",
    "error_code",
    "result_category",
    "result_reason",
]

UNFINISHED = "-999"  # the one Result that is no result: the process has not ended


class Category(str, Enum):
    """What a final Result says, and about whom."""

    PASSED = "passed"
    SPOOF = "spoof"
    MISMATCH = "mismatch"
    CAPTURE = "capture"
    BAD_IMAGE = "bad_image"
    PROVIDER = "provider"


class ResultCode(NamedTuple):
    """A final Result; `reason` is the coarse word that may be shown to the person."""

    code: str
    meaning: str
    category: Category
    reason: str


class SdkCode(NamedTuple):
    """What the phone's SDK reports to its app; never a verdict."""

    code: int
    name: str
    meaning: str
    advice: str


RESULT_CODES: Mapping[str, ResultCode] = {
    row.code: row
    for row in (
        ResultCode("0", "Passed.", Category.PASSED, ""),
        ResultCode("1001", "The liveness engine failed.", Category.PROVIDER, "technical"),
        ResultCode("1002", "A recording or mask is suspected.", Category.SPOOF, "not_accepted"),
        ResultCode("1004", "No face could be detected.", Category.CAPTURE, "face_not_visible"),
        ResultCode("1005", "Liveness was not shown.", Category.CAPTURE, "not_accepted"),
        ResultCode("1201", "Too dark or overexposed.", Category.CAPTURE, "lighting"),
        ResultCode(
            "2004", "The given picture is too large or small.", Category.BAD_IMAGE, "picture"
        ),
        ResultCode("2012", "Several faces were seen.", Category.CAPTURE, "several_faces"),
        ResultCode("2013", "No face, or only part of one.", Category.CAPTURE, "face_not_visible"),
        ResultCode("2014", "The given picture is of poor quality.", Category.BAD_IMAGE, "picture"),
        ResultCode("2015", "The comparison failed.", Category.MISMATCH, "not_matched"),
        ResultCode("2016", "The faces are not alike enough.", Category.MISMATCH, "not_matched"),
        ResultCode("2017", "The face was covered.", Category.CAPTURE, "face_not_visible"),
    )
}

LIVENESS_TAGS: Mapping[str, str] = {
    "01": "Eyes closed throughout",
    "02": "Action not done",
    "03": "Photo of a photo or screen",
    "04": "Synthetic image",
    "05": "Synthetic video",
    "06": "Synthetic action",
    "07": "Known fraud template",
    "08": "Watermark",
    "09": "Light check failed",
    "10": "Face check failed",
    "11": "Poor face quality",
    "12": "Poor capture quality",
    "13": "Adversarial sample",
}
FRAUD_TAGS = frozenset({"03", "04", "05", "06", "07", "13"})

SDK_CODES: Mapping[int, SdkCode] = {
    row.code: row
    for row in (
        SdkCode(
            210,
            "HY_NETWORK_ERROR",
            "The phone lost its network.",
            "Ask the person to check the connection and start again.",
        ),
        SdkCode(
            211,
            "HY_LOCAL_REF_FAILED_ERROR",
            "The SDK could not be set up; often its license is missing or expired.",
            "Check the license file inside the app.",
        ),
        SdkCode(
            212,
            "HY_USER_CANCEL_ERROR",
            "The person canceled.",
            "Offer to start again.",
        ),
        SdkCode(
            213,
            "HY_INNER_ERROR_CODE",
            "The SDK failed internally.",
            "Start again with a new token; report it when it persists.",
        ),
        SdkCode(
            214,
            "HY_DO_NOT_CHANGE_ERROR",
            "The person left the app during the check.",
            "Ask the person to stay in the app and start again.",
        ),
        SdkCode(
            215,
            "HY_CAMERA_PERMISSION_ERROR",
            "The camera could not be used.",
            "Ask the person to allow the camera and to close other apps that use it.",
        ),
        SdkCode(
            216,
            "HY_INIT_SDK_ERROR",
            "The app did not call init() first.",
            "Fix the app: call init() before starting.",
        ),
        SdkCode(
            217,
            "HY_VERIFY_LOCAL_ERROR",
            "The phone found no usable face.",
            "Ask the person to face the camera in even light.",
        ),
        SdkCode(
            218,
            "HY_PERMISSION_CHECK_ERROR",
            "The app lacks a permission.",
            "Ask the person to grant the permissions that the app names.",
        ),
        SdkCode(
            219,
            "HY_APP_STOP_ERROR",
            "The app stopped the check.",
            "Start again when the app is ready.",
        ),
        SdkCode(
            220,
            "HY_CHECK_LIVE_DATA_ERROR",
            "The light sequence was not valid.",
            "Start again with a new token.",
        ),
        SdkCode(
            221,
            "HY_INITIALIZATION_PARAMETER_EXCEPTION",
            "The app called the SDK in the wrong order or with wrong parameters.",
            "Fix the app: follow the SDK's order of calls.",
        ),
        SdkCode(
            222,
            "HY_VERIFY_LOCAL_TIME_OUT",
            "The person did not finish the action in time.",
            "Ask the person to follow the hints and start again.",
        ),
        SdkCode(
            223,
            "HY_PREPARE_TIME_OUT",
            "The person did not get into position in time.",
            "Ask the person to hold the face inside the frame.",
        ),
        SdkCode(
            224,
            "HY_CHECK_PERMISSION_ERROR",
            "Asking for the camera permission failed.",
            "Ask the person to allow the camera in the phone's settings.",
        ),
    )
}


def result_category(code: str, tags: Iterable[str] = ()) -> Category:
    """The category of a final Result; a failed liveness with a fraud tag is a spoof.

    Unknown codes are `Category.CAPTURE`: the list has grown before. Raises ValueError for
    `UNFINISHED`, which must never be taken for an outcome.
    """
    if code == UNFINISHED:
        raise ValueError("An unfinished process has no category.")
    if code == "1005" and not FRAUD_TAGS.isdisjoint(tags):
        return Category.SPOOF
    known = RESULT_CODES.get(code)
    return known.category if known else Category.CAPTURE


def result_reason(code: str) -> str:
    """The coarse reason of a final Result; unknown codes are `technical`, a pass has none."""
    known = RESULT_CODES.get(code)
    return known.reason if known else "technical"
