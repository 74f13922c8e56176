"""What a large body costs before a rule has been looked at."""

from __future__ import annotations

import base64
import io
import json
import sys
from types import FrameType
from typing import Any

from django_faceid.api.inputs import IssueSerializer
from django_faceid.api.parsers import JSONParser


def lines_run_for(body: bytes) -> int:
    """How many lines of Python it takes to parse and check a body."""
    lines = 0

    def count(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        IssueSerializer(data=JSONParser().parse(io.BytesIO(body))).checked()
    finally:
        sys.settrace(before)
    return lines


def test_a_large_picture_takes_no_more_steps_than_a_small_one() -> None:
    small, large = (
        json.dumps({"image": base64.b64encode(b"\xff\xd8\xff" + b"p" * size).decode()}).encode()
        for size in (10, 786_432)
    )
    # The fewest of three: caches and collectors have lines of their own now and then.
    assert min(map(lines_run_for, [large] * 3)) == min(map(lines_run_for, [small] * 3))


def test_a_long_list_is_not_walked() -> None:
    for items in (1000, 100_000):
        serializer = IssueSerializer(data={"action_list": ["blink"] * items})
        assert not serializer.is_valid()
        assert serializer.errors["action_list"][0].code == "count"
