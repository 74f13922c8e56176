"""How far the demo's time runs ahead, in a file that all of its processes read."""

from __future__ import annotations

import fcntl
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True)
class ClockFile:
    """An offset in seconds; a file that does not exist is no offset."""

    path: Path

    def offset(self) -> timedelta:
        """How far the clock is ahead now."""
        try:
            return timedelta(seconds=float(self.path.read_text(encoding="ascii")))
        except FileNotFoundError:
            return timedelta(0)

    def advance(self, span: timedelta) -> timedelta:
        """Move the clock ahead by ``span``, for everyone at once; the offset it has then."""
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            ahead = self.offset() + span
            part = self.path.with_suffix(".part")
            part.write_text(str(ahead.total_seconds()), encoding="ascii")
            part.replace(self.path)
        return ahead
