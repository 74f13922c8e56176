"""Starts child processes, watches over them, and never leaves one behind."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO

from example_project.watchdog import signal_groups

GRACE = 5.0
_TICK = 0.1
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ChildFailed(Exception):
    """A child ended early or was not ready in time; the text holds its last lines."""


class Stopped(Exception):
    """SIGINT, SIGTERM or SIGHUP asked for the end; `status` is the exit status that says so."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 128 + number


@dataclass(frozen=True)
class Command:
    """What to run, under which name, and how to know that it is ready (None: at once)."""

    name: str
    arguments: Sequence[str]
    ready: Callable[[Child], bool] | None = None
    ready_seconds: float = 60


class Child:
    """A running command in a process group of its own; its output goes to a log and to us."""

    def __init__(
        self, command: Command, *, folder: Path, env: Mapping[str, str], log: Path, out: IO[str]
    ) -> None:
        self.command = command
        self.log = log
        self.lines: deque[str] = deque(maxlen=200)
        self._out = out
        self.process = subprocess.Popen(
            command.arguments,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        output = self.process.stdout
        if output is None:
            return
        with output, self.log.open("w", encoding="utf-8") as log:
            for line in output:
                self.lines.append(line.rstrip("\n"))
                log.write(line)
                log.flush()
                self._show(line)

    def _show(self, line: str) -> None:
        # When the terminal or pipe is gone, the log goes on.
        with contextlib.suppress(OSError, ValueError):
            self._out.write(f"{self.command.name:8}| {line}")
            self._out.flush()

    def said(self, text: str) -> bool:
        """Whether a recent line of the output contains the text."""
        return any(text in line for line in tuple(self.lines))

    def finish_reading(self) -> None:
        """Wait a moment for the last lines of a child that has ended."""
        self._reader.join(timeout=1)

    def failure(self, what: str) -> ChildFailed:
        """The error that says what happened and shows the last lines and where the rest is."""
        self.finish_reading()
        last = "\n".join(f"    {line}" for line in list(self.lines)[-15:])
        return ChildFailed(f"{self.command.name} {what}. Its last lines ({self.log}):\n{last}")


class Supervisor:
    """A context in which children run; leaving it ends them all.

    Signals are noted and acted upon in `start`, `finish` and `watch`, so that none of them can
    come between the birth of a child and its entry in the list.
    """

    def __init__(
        self, *, folder: Path, env: Mapping[str, str], logs: Path, out: IO[str] | None = None
    ) -> None:
        self._folder = folder
        self._env = env
        self._logs = logs
        self._out = sys.stdout if out is None else out
        self._children: list[Child] = []
        self._signal: int | None = None

    def __enter__(self) -> Supervisor:
        self._logs.mkdir(parents=True, exist_ok=True)
        self._handlers = {number: signal.signal(number, self._note) for number in _SIGNALS}
        self._watchdog = subprocess.Popen(
            [sys.executable, "-m", "example_project.watchdog", str(GRACE)],
            cwd=Path(__file__).resolve().parent.parent,
            stdin=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end(self._children)
        if self._watchdog.stdin:
            self._watchdog.stdin.close()
        self._watchdog.wait()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def start(self, command: Command) -> Child:
        """Start a command that runs on, and return when it is ready.

        Raises ChildFailed when it, or another child, ends first or the time is up.
        """
        child = self._spawn(command)
        deadline = time.monotonic() + command.ready_seconds
        while not (command.ready is None or command.ready(child)):
            self._check(self._children)
            if time.monotonic() > deadline:
                raise child.failure(f"was not ready after {command.ready_seconds:.0f} s")
            time.sleep(_TICK)
        return child

    def finish(self, command: Command) -> Child:
        """Run a command to its end, whatever its exit status, while the others run on."""
        others = list(self._children)
        child = self._spawn(command)
        while child.process.poll() is None:
            self._check(others)
            time.sleep(_TICK)
        self._end([child])
        return child

    def watch(self) -> None:
        """Stay until a child ends (ChildFailed) or a signal asks for the end (Stopped)."""
        while True:
            self._check(self._children)
            time.sleep(_TICK)

    def _spawn(self, command: Command) -> Child:
        self._check(self._children)
        child = Child(
            command,
            folder=self._folder,
            env=self._env,
            log=self._logs / f"{command.name}.log",
            out=self._out,
        )
        self._children.append(child)
        self._tell_watchdog(f"+{child.process.pid}")
        return child

    def _check(self, children: Sequence[Child]) -> None:
        if self._signal is not None:
            raise Stopped(self._signal)
        for child in children:
            if child.process.poll() is not None:
                raise child.failure(f"ended early, with status {child.process.returncode}")

    def _end(self, ending: Sequence[Child]) -> None:
        """End whole groups, since a child may have left children of its own behind."""
        groups = {child.process.pid for child in ending}
        deadline = time.monotonic() + GRACE
        signal_groups(groups, signal.SIGTERM)
        while _any_lives(ending) and time.monotonic() < deadline:
            time.sleep(_TICK / 2)
        signal_groups(groups, signal.SIGKILL)
        for child in ending:
            child.process.wait()
            child.finish_reading()
            self._tell_watchdog(f"-{child.process.pid}")
        self._children = [child for child in self._children if child not in ending]

    def _tell_watchdog(self, line: str) -> None:
        if self._watchdog.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._watchdog.stdin.write(f"{line}\n")

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._signal = number


def _any_lives(children: Sequence[Child]) -> bool:
    for child in children:
        child.process.poll()  # reaps: an unreaped child would still count as alive
    return signal_groups({child.process.pid for child in children}, 0)
