"""What goes back over the wire, and in which manner."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; its last four fields describe a wire that misbehaves.

    ``delay``: seconds before the first byte; ``pause``: seconds after each single byte;
    ``cut_at``: how many bytes are sent of those announced; ``dropped``: no byte is sent and the
    connection is reset.
    """

    body: bytes = b""
    status: int = 200
    # Exactly this: the official SDK looks for errors under no other spelling.
    content_type: str = "application/json"
    delay: float = 0
    pause: float = 0
    cut_at: int | None = None
    dropped: bool = False


def envelope(response: Mapping[str, Any]) -> Answer:
    """``response`` inside Tencent's envelope, with the status 200 that errors have, too."""
    return Answer(as_json({"Response": response}))


def as_json(value: Any) -> bytes:
    """``value`` as compact JSON in UTF-8; half a surrogate pair, which has none, becomes ``?``."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
