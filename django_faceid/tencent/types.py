"""Requests with their rules and answers with their fields, in the wire's own words.

A request that breaks a rule cannot exist: its constructor raises `InvalidRequest` with every
violation. `Violation.rule` is one of `type`, `choice`, `required`, `not_allowed`, `count`,
`duplicate`, `range`, `too_long`, `data_uri`, `base64`, `image_format`, `too_large`.
Source: https://www.tencentcloud.com/document/product/1061/54556 and .../54557.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import InitVar, dataclass, field, fields
from enum import Enum
from typing import Any

from .errors import InvalidRequest, Violation
from .pictures import picture_violation

GET_TOKEN = "GetFaceIdTokenIntl"  # noqa: S105 - the action's name
GET_RESULT = "GetFaceIdResultIntl"
VERSION = "2018-03-01"
DEFAULT_ENDPOINT = "https://faceid.intl.tencentcloudapi.com"
REGIONS = ("ap-bangkok", "ap-hongkong", "ap-jakarta", "ap-singapore", "sa-saopaulo")

EXTRA_MAX_LENGTH = 1000
META_DATA_MAX_LENGTH = 100_000
RETRY_LIMITS = range(1, 6)


class CheckMode(str, Enum):
    """Liveness alone, or liveness and comparison with a picture."""

    LIVENESS = "liveness"
    COMPARE = "compare"


class SecureLevel(str, Enum):
    """How the person proves to be alive; a higher level is safer."""

    SILENT = "1"
    ACTION = "2"
    LIGHT = "3"
    ACTION_AND_LIGHT = "4"


class Action(str, Enum):
    """What the person may be asked to do."""

    BLINK = "blink"
    MOUTH = "mouth"
    NOD = "nod"
    SHAKE = "shake"


class SdkVersion(str, Enum):
    """Edition of the check; ENHANCED adds a device risk level, PRO attack tags, PLUS both."""

    BASIC = "BASIC"
    ENHANCED = "ENHANCED"
    PRO = "PRO"
    PLUS = "PLUS"


@dataclass(frozen=True, kw_only=True)
class GetFaceIdTokenIntlRequest:
    """Parameters of one eKYC process; None leaves Tencent's own default.

    `SecureLevel` is a string "1" to "4"; `Image` base64 of a JPEG or PNG of at most
    `max_image_bytes` decoded bytes, exactly with `CheckMode` "compare"; `ActionList` one or two
    actions joined by a comma, only at level 2 or 4; `RetryLimit` 1 to 5; `Extra` at most 1000
    characters; `MetaData` whatever the phone's SDK made. Raises InvalidRequest.
    """

    CheckMode: str | None = None
    SecureLevel: str | None = None
    Image: str | None = field(default=None, repr=False)
    Extra: str | None = field(default=None, repr=False)
    ActionList: str | None = None
    SdkVersion: str | None = None
    RetryLimit: int | None = None
    EnableBotBgDetection: bool | None = None
    MetaData: str | None = field(default=None, repr=False)
    max_image_bytes: InitVar[int] = 3_000_000

    def __post_init__(self, max_image_bytes: int) -> None:
        violations = (
            *_choice("CheckMode", self.CheckMode, CheckMode),
            *_choice("SecureLevel", self.SecureLevel, SecureLevel),
            *_image(self.Image, self.CheckMode, max_image_bytes),
            *_text("Extra", self.Extra, EXTRA_MAX_LENGTH),
            *_actions(self.ActionList, self.SecureLevel),
            *_choice("SdkVersion", self.SdkVersion, SdkVersion),
            *_retry_limit(self.RetryLimit),
            *_flag("EnableBotBgDetection", self.EnableBotBgDetection),
            *_text("MetaData", self.MetaData, META_DATA_MAX_LENGTH),
        )
        if violations:
            raise InvalidRequest(violations)

    def payload(self) -> dict[str, object]:
        """What goes over the wire: only what was given, enums as their plain values."""
        given = ((item.name, getattr(self, item.name)) for item in fields(self))
        return {
            name: value.value if isinstance(value, Enum) else value
            for name, value in given
            if value is not None
        }


@dataclass(frozen=True)
class GetFaceIdTokenIntlResponse:
    """A token for one eKYC process; outputs that we do not know are kept in `unknown`."""

    SdkToken: str = field(repr=False)
    RequestId: str
    ServerParamInfo: str | None = field(default=None, repr=False)
    unknown: Mapping[str, object] = field(default_factory=dict, repr=False)

    @classmethod
    def from_fields(cls, answer: Mapping[str, Any]) -> GetFaceIdTokenIntlResponse:
        """Read the inside of Tencent's envelope; raises ValueError without an SdkToken."""
        return cls(
            SdkToken=_required(answer, "SdkToken"),
            RequestId=_string(answer, "RequestId") or "",
            ServerParamInfo=_string(answer, "ServerParamInfo"),
            unknown=_unknown(cls, answer),
        )


@dataclass(frozen=True)
class GetFaceIdResultIntlResponse:
    """The state or outcome of a process; pictures and videos are base64, `Similarity` is 0 to 100.

    Fields that are absent, null or of another type than documented are None or empty.
    """

    Result: str
    Description: str
    RequestId: str
    BestFrame: str | None = field(default=None, repr=False)
    Video: str | None = field(default=None, repr=False)
    ActionVideo: str | None = field(default=None, repr=False)
    Similarity: float | None = None
    Extra: str | None = field(default=None, repr=False)
    DeviceInfoLevel: str | None = None
    LivenessInfoTag: tuple[str, ...] = ()
    unknown: Mapping[str, object] = field(default_factory=dict, repr=False)

    @classmethod
    def from_fields(cls, answer: Mapping[str, Any]) -> GetFaceIdResultIntlResponse:
        """Read the inside of Tencent's envelope; raises ValueError without a Result."""
        return cls(
            Result=_required(answer, "Result"),
            Description=_string(answer, "Description") or "",
            RequestId=_string(answer, "RequestId") or "",
            BestFrame=_string(answer, "BestFrame"),
            Video=_string(answer, "Video"),
            ActionVideo=_string(answer, "ActionVideo"),
            Similarity=_number(answer, "Similarity"),
            Extra=_string(answer, "Extra"),
            DeviceInfoLevel=_string(answer, "DeviceInfoLevel"),
            LivenessInfoTag=_strings(answer, "LivenessInfoTag"),
            unknown=_unknown(cls, answer),
        )


def _choice(name: str, value: object, kind: type[Enum]) -> Iterator[Violation]:
    allowed = ", ".join(f'"{member.value}"' for member in kind)
    if value is None:
        return
    if not isinstance(value, str):
        yield Violation(name, "type", f"{name} must be a string, one of {allowed}.")
    elif value not in [member.value for member in kind]:
        yield Violation(name, "choice", f"{name} must be one of {allowed}.")


def _image(image: object, mode: object, max_bytes: int) -> Iterator[Violation]:
    if not image and mode == CheckMode.COMPARE:
        yield Violation("Image", "required", 'Image is required when CheckMode is "compare".')
    elif image is not None and mode in (None, CheckMode.LIVENESS):
        message = 'Image is only allowed when CheckMode is "compare".'
        yield Violation("Image", "not_allowed", message)
    elif image is not None and not isinstance(image, str):
        yield Violation("Image", "type", "Image must be a base64 string.")
    elif isinstance(image, str) and (violation := picture_violation(image, max_bytes)):
        yield violation


def _actions(actions: object, level: object) -> Iterator[Violation]:
    if actions is None:
        return
    if level in (SecureLevel.SILENT, SecureLevel.LIGHT):
        message = 'ActionList is only allowed when SecureLevel is "2" or "4".'
        yield Violation("ActionList", "not_allowed", message)
    if not isinstance(actions, str):
        yield Violation("ActionList", "type", 'ActionList must be a string such as "blink,mouth".')
        return
    names = actions.split(",")
    if len(names) > 2:
        yield Violation("ActionList", "count", "ActionList takes one or two actions.")
    if len(names) > len(set(names)):
        yield Violation("ActionList", "duplicate", "ActionList names an action twice.")
    if not set(names) <= {action.value for action in Action}:
        allowed = ", ".join(action.value for action in Action)
        yield Violation("ActionList", "choice", f"ActionList takes {allowed}, joined by a comma.")


def _text(name: str, value: object, max_length: int) -> Iterator[Violation]:
    if value is not None and not isinstance(value, str):
        yield Violation(name, "type", f"{name} must be a string.")
    elif isinstance(value, str) and len(value) > max_length:
        message = f"{name} must be at most {max_length} characters."
        yield Violation(name, "too_long", message)


def _retry_limit(value: object) -> Iterator[Violation]:
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        yield Violation("RetryLimit", "type", "RetryLimit must be an integer.")
    elif value not in RETRY_LIMITS:
        yield Violation("RetryLimit", "range", "RetryLimit must be between 1 and 5.")


def _flag(name: str, value: object) -> Iterator[Violation]:
    if value is not None and not isinstance(value, bool):
        yield Violation(name, "type", f"{name} must be true or false.")


def _required(answer: Mapping[str, Any], name: str) -> str:
    value = _string(answer, name)
    if not value:
        raise ValueError(f"The answer has no {name}.")
    return value


def _string(answer: Mapping[str, Any], name: str) -> str | None:
    value = answer.get(name)
    return value if isinstance(value, str) else None


def _number(answer: Mapping[str, Any], name: str) -> float | None:
    value = answer.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value <= 100 else None


def _strings(answer: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = answer.get(name)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _unknown(kind: type[Any], answer: Mapping[str, Any]) -> Mapping[str, object]:
    known = {item.name for item in fields(kind)}
    return {name: value for name, value in answer.items() if name not in known}
