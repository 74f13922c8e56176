"""What is asked of Tencent: a flow's parameters, and what its client may add."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .. import conf
from ..models import Subject
from ..names import OUR_NAMES, WIRE_NAMES, in_our_words, wire_values
from ..tencent.errors import InvalidRequest
from ..tencent.types import CheckMode, GetFaceIdTokenIntlRequest
from .errors import FieldError, Invalid

# What Tencent assumes when a parameter is left out (API page 1061/54556).
VENDOR_DEFAULTS: Mapping[str, Any] = {
    "check_mode": "liveness",
    "secure_level": "4",
    "action_list": "blink",
    "sdk_version": "BASIC",
    "retry_limit": 5,
    "enable_bot_bg_detection": False,
}

# What a client may set where its flow has no CLIENT_MAY_SET: nothing here can weaken a check,
# since levels may only rise and tries only fall.
HARMLESS = ("action_list", "extra", "retry_limit", "secure_level")


def build(
    flow: conf.Flow, subject: Subject, given: Mapping[str, Any], *, extra: str = ""
) -> GetFaceIdTokenIntlRequest:
    """The request that a flow makes for a subject, with what its client ``given``.

    ``given`` maps our names to values, ``action_list`` a list of words. ``extra`` is sent when
    neither the flow nor the client has one. Raises ``Invalid`` naming each field that breaks a
    rule or is not the client's to set.
    """
    client = wire_values(given)
    refused = [error for name in client if (error := _refusal(flow, name, client[name]))]
    if refused:
        raise Invalid(errors=tuple(refused))
    values = {**wire_values(flow.params), **client}
    values.setdefault("extra", extra or None)
    if flow.image not in (None, "client") and values.get("check_mode") == CheckMode.COMPARE:
        values["image"] = _picture_on_file(flow, subject)
    try:
        return GetFaceIdTokenIntlRequest(
            **{WIRE_NAMES[name]: value for name, value in values.items()},
            max_image_bytes=conf.get().max_image,
        )
    except InvalidRequest as error:
        raise Invalid(
            errors=tuple(
                FieldError(OUR_NAMES[broken.field], broken.rule, in_our_words(broken.message))
                for broken in error.violations
            )
        ) from None


def client_may_set(flow: conf.Flow) -> list[str]:
    """What a client of this flow may set, in our names and sorted."""
    names = {*(HARMLESS if flow.client_may_set is None else flow.client_may_set), "meta_data"}
    return sorted(names | {"image"} if flow.image == "client" else names - {"image"})


def columns(request: GetFaceIdTokenIntlRequest) -> dict[str, Any]:
    """The session's columns for a request: as sent, the picture and MetaData as digests only."""
    return {
        "check_mode": request.CheckMode or "",
        "secure_level": request.SecureLevel or "",
        "action_list": request.ActionList or "",
        "sdk_version": request.SdkVersion or "",
        "retry_limit": request.RetryLimit,
        "enable_bot_bg_detection": request.EnableBotBgDetection,
        "extra": request.Extra or "",
        "image_sha256": picture_digest(request.Image or ""),
        "meta_data_sha256": _digest((request.MetaData or "").encode()),
    }


def fingerprint(flow: str, given: Mapping[str, Any]) -> str:
    """A digest of what a client asked for; MetaData, new with every tap, does not count."""
    asked = {name: value for name, value in wire_values(given).items() if name != "meta_data"}
    if "image" in asked:
        asked["image"] = _digest(str(asked["image"]).encode())
    return _digest(json.dumps([flow, asked], sort_keys=True, default=str).encode())


def picture_digest(image: str) -> str:
    """SHA-256 of the picture behind base64, as a host can compute it from its file."""
    return _digest(base64.b64decode(image)) if image else ""


def _refusal(flow: conf.Flow, name: str, value: Any) -> FieldError | None:
    if name not in WIRE_NAMES:
        return FieldError(name, "unknown", "This field is not known.")
    if name == "meta_data" or _may_set(flow, name, value):
        return None
    return FieldError(name, "not_yours_to_set", f"The flow {flow.name!r} sets {name} itself.")


def _may_set(flow: conf.Flow, name: str, value: Any) -> bool:
    if name == "image":
        return flow.image == "client"
    own: Any = wire_values(flow.params).get(name, VENDOR_DEFAULTS.get(name))
    if flow.client_may_set is not None:
        return name in flow.client_may_set or value == own
    # By default a client may do what cannot weaken the check.
    if name == "secure_level":
        return not isinstance(value, str) or value >= own
    if name == "retry_limit":
        return not isinstance(value, int) or value <= own or value > 5
    return name in HARMLESS or value == own


def _picture_on_file(flow: conf.Flow, subject: Subject) -> str:
    hook = conf.hook(flow.image or "")
    picture = hook(subject.reference if subject.user is None else subject.user)
    if not picture:
        raise Invalid(
            errors=(FieldError("image", "no_picture", "There is no picture to compare with."),)
        )
    return picture if isinstance(picture, str) else base64.b64encode(picture).decode()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest() if data else ""
