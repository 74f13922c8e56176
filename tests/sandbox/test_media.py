from __future__ import annotations

import base64
import struct
from collections.abc import Iterator

import pytest

from django_faceid.sandbox.media import ACTION_VIDEO, BEST_FRAME, VIDEO


def boxes(content: bytes) -> Iterator[bytes]:
    """The kinds of an MP4's outermost boxes, which add up to the file."""
    while content:
        length, kind = struct.unpack(">I4s", content[:8])
        assert 8 <= length <= len(content)
        yield kind
        content = content[length:]


def test_the_best_frame_is_a_complete_jpeg_of_120_by_160_pixels() -> None:
    picture = base64.b64decode(BEST_FRAME, validate=True)
    start_of_frame = picture.index(b"\xff\xc0")
    height, width = struct.unpack(">HH", picture[start_of_frame + 5 : start_of_frame + 9])

    assert picture.startswith(b"\xff\xd8\xff\xe0")
    assert picture.endswith(b"\xff\xd9")
    assert (width, height) == (120, 160)
    assert len(BEST_FRAME) < 1024


@pytest.mark.parametrize("recording", [VIDEO, ACTION_VIDEO])
def test_a_recording_is_a_small_complete_mp4(recording: str) -> None:
    content = base64.b64decode(recording, validate=True)
    kinds = list(boxes(content))
    assert kinds[:2] == [b"ftyp", b"moov"]
    assert {b"moof", b"mdat"} <= set(kinds)
    assert b"avc1" in content
    assert len(recording) < 3000


def test_the_two_recordings_differ() -> None:
    assert VIDEO != ACTION_VIDEO
