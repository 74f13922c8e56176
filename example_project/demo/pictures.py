"""The picture on file that the `withdraw` flow compares a face with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PICTURE = Path(__file__).parent / "static" / "demo" / "on-file.jpg"


def on_file(_who: Any) -> bytes:
    """A JPEG of the subject; in this demo everybody is the same drawing."""
    return PICTURE.read_bytes()
