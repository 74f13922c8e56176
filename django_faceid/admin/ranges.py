"""A part of a file for players: Safari plays nothing else, and the others cannot seek without."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse

# One range; a player never asks for several at once. Source: RFC 9110, chapter 14.
_RANGE = re.compile(r"bytes=(\d{0,12})-(\d{0,12})")


def answer(request: HttpRequest, content: bytes, content_type: str) -> HttpResponse:
    """The content, or what the request's ``Range`` names of it: 200, 206 or 416."""
    size = len(content)
    part = _part(request.headers.get("Range", ""), size)
    if part is None:
        response = HttpResponse(content, content_type=content_type)
    elif part:
        response = HttpResponse(content[part.start : part.stop], content_type, status=206)
        response["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    else:
        response = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{size}"
    response["Accept-Ranges"] = "bytes"
    return response


def _part(header: str, size: int) -> range | None:
    """The bytes that are asked for, none when there are no such; None for all of them."""
    asked = _RANGE.fullmatch(header)
    if asked is None or asked[0] == "bytes=-":
        return None
    first, last = asked.groups()
    if not first:  # so many from the end
        return range(max(0, size - int(last)), size)
    return range(int(first), min(int(last) + 1, size) if last else size)
