"""A bar for work that takes minutes, on a terminal; a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

_T = TypeVar("_T")
WIDTH = 30
_EVERY = 15.0


def bar(what: str, steps: Sequence[_T]) -> Iterable[_T]:
    """Go through the steps, and show how many are done and how long the rest will take."""
    began = time.monotonic()
    drawn = 0.0
    for done, step in enumerate(steps, 1):
        yield step
        now = time.monotonic()
        if sys.stderr.isatty() or done == len(steps) or now - drawn > _EVERY:
            drawn = now
            sys.stderr.writelines(_line(what, done / len(steps), now - began))
            sys.stderr.flush()


def _line(what: str, done: float, seconds: float) -> Iterator[str]:
    filled = round(done * WIDTH)
    yield "\r" if sys.stderr.isatty() else ""
    yield f"{what:24} [{'#' * filled:{WIDTH}}] {done:4.0%} "
    yield f"{seconds:5.0f} s" if done == 1 else f"{seconds / done - seconds:5.0f} s to go"
    yield "\n" if done == 1 or not sys.stderr.isatty() else "   "
