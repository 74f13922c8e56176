"""A secret key of the demo's own, so that no installation runs on a key that is public."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path


def kept_secret_key(path: Path) -> str:
    """The key in the file at ``path``, made at first use and readable by its owner alone."""
    with contextlib.suppress(FileExistsError):
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(secrets.token_urlsafe(50), encoding="ascii")
    return path.read_text(encoding="ascii")
