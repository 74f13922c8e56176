from __future__ import annotations

import base64
import struct

from django_faceid.sandbox.media import ACTION_VIDEO, BEST_FRAME, VIDEO


def test_the_best_frame_is_a_complete_jpeg_of_120_by_160_pixels() -> None:
    picture = base64.b64decode(BEST_FRAME, validate=True)
    start_of_frame = picture.index(b"\xff\xc0")
    height, width = struct.unpack(">HH", picture[start_of_frame + 5 : start_of_frame + 9])

    assert picture.startswith(b"\xff\xd8\xff\xe0")
    assert picture.endswith(b"\xff\xd9")
    assert (width, height) == (120, 160)
    assert len(BEST_FRAME) < 1024


def test_the_recordings_are_two_different_files_whose_boxes_add_up() -> None:
    for recording in (VIDEO, ACTION_VIDEO):
        content = base64.b64decode(recording, validate=True)
        length = struct.unpack(">I", content[:4])[0]
        assert content[4:8] == b"ftyp"
        assert content[length + 4 : length + 8] == b"mdat"
        assert length + struct.unpack(">I", content[length : length + 4])[0] == len(content)
    assert VIDEO != ACTION_VIDEO
