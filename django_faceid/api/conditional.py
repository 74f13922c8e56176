"""Answers that a client need not be sent twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.utils.http import parse_etags
from django.utils.translation import get_language
from rest_framework.request import Request
from rest_framework.response import Response

# What moves with every tick of the clock and tells nothing new.
TICKING = ("server_time", "retry_after")


def conditional(request: Request, body: Mapping[str, Any]) -> Response:
    """The body with a weak ETag, or 304 for a client that has it (RFC 9110, section 13.1.2).

    The tag is over everything that is said but the clock: some of it, attempts left for one,
    changes without a change to the session's row.
    """
    etag = _etag(body)
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if "*" in known or etag in [_weak(tag) for tag in known]:
        return Response(status=304, headers={"ETag": etag})
    return Response(body, headers={"ETag": etag})


def _etag(body: Mapping[str, Any]) -> str:
    said = json.dumps([get_language(), _without_clock(body)], sort_keys=True)
    return f'W/"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'


def _without_clock(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _without_clock(v) for k, v in value.items() if k not in TICKING}
    return [_without_clock(item) for item in value] if isinstance(value, list) else value


def _weak(tag: str) -> str:
    return tag if tag.startswith("W/") else f"W/{tag}"
