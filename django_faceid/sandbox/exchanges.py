"""The record of recent requests and answers, without tokens, pictures and recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LENGTH_ONLY = frozenset(
    {"Image", "MetaData", "ServerParamInfo", "BestFrame", "Video", "ActionVideo"}
)
LONGEST = 200


@dataclass(frozen=True)
class Exchange:
    """One request and its answer; ``at`` is the sandbox's clock in Unix seconds.

    ``fault`` names the scripted fault that struck it, or is empty. ``Response`` is empty when
    no answer in Tencent's envelope was sent.
    """

    Action: str
    Request: Mapping[str, Any]
    Response: Mapping[str, Any]
    RequestId: str
    at: float
    milliseconds: float
    fault: str = ""


def mask(secret: str) -> str:
    """Enough of ``secret`` to recognise it, too little to use it."""
    return f"{secret[:4]}…{secret[-4:]}" if len(secret) > 16 else "…"


def redact(value: Any, name: str = "") -> Any:
    """``value`` as it may be shown: tokens masked, media and other long text as their length."""
    if isinstance(value, Mapping):
        return {key: redact(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [redact(each, name) for each in value]
    if not isinstance(value, str) or not value:
        return value
    if name == "SdkToken":
        return mask(value)
    if name in LENGTH_ONLY or len(value) > LONGEST:
        return f"<{len(value)} characters>"
    return value
