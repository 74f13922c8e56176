"""Shows that work goes on: one line per stage with the seconds since the start."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO, NamedTuple

SILENCE = 5.0
_NOTABLE = (
    "Building",
    "Downloading",
    "Installed",
    "Installing",
    "Prepared",
    "Preparing",
    "Resolved",
)


class Finished(NamedTuple):
    """How a command ended: its exit status and all that it printed."""

    status: int
    output: str


class Progress:
    """Runs commands and tells on standard error what they are at."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._start = time.monotonic()

    def say(self, text: str) -> None:
        """Print one line, after the seconds since the start."""
        print(f"[{time.monotonic() - self._start:4.0f} s] {text}", file=self._stream, flush=True)

    def run(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> Finished:
        """Run a command to its end, passing on the notable lines of its output.

        The command inherits the open files that are inheritable: a lock of ours stays held
        until it has ended, even when we are killed.
        """
        try:
            process = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                close_fds=False,
                text=True,
                errors="replace",
            )
        except OSError as error:
            return Finished(127, str(error))
        try:
            output = self._follow(process)
            return Finished(process.wait(), output)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()

    def _follow(self, process: subprocess.Popen[str]) -> str:
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=_read, args=(process.stdout, lines), daemon=True).start()
        output: list[str] = []
        while True:
            try:
                line = lines.get(timeout=SILENCE)
            except queue.Empty:
                self.say("  still at it")
                continue
            if line is None:
                return "".join(output)
            output.append(line)
            if line.lstrip().startswith(_NOTABLE):
                self.say(f"  {line.strip()[:100]}")


def _read(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    with stream:
        for line in stream:
            lines.put(line)
    lines.put(None)
