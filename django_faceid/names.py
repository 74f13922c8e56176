"""Our names for the parameters of an eKYC process, beside the wire's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WIRE_NAMES: Mapping[str, str] = {
    "check_mode": "CheckMode",
    "secure_level": "SecureLevel",
    "image": "Image",
    "extra": "Extra",
    "action_list": "ActionList",
    "sdk_version": "SdkVersion",
    "retry_limit": "RetryLimit",
    "enable_bot_bg_detection": "EnableBotBgDetection",
    "meta_data": "MetaData",
}
OUR_NAMES: Mapping[str, str] = {wire: ours for ours, wire in WIRE_NAMES.items()}


def wire_values(given: Mapping[str, Any]) -> dict[str, Any]:
    """The given values as the wire has them: a list of actions joined by commas."""
    values = {name: value for name, value in given.items() if value is not None}
    actions = values.get("action_list")
    if isinstance(actions, (list, tuple)):
        values["action_list"] = ",".join(map(str, actions))
    return values


def in_our_words(message: str) -> str:
    """A rule's message with our names in place of the wire's."""
    for wire, ours in OUR_NAMES.items():
        message = message.replace(wire, ours)
    return message
