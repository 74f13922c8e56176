"""What a benchmark prints: tables, and bounds that are held or missed."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their heads, each column as wide as it needs."""
    cells = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    print(f"\n{title}")
    for row in cells:
        first, *others = (cell.ljust(w) for cell, w in zip(row, widths, strict=True))
        print("  " + "  ".join([first, *(o.strip().rjust(len(o)) for o in others)]).rstrip())


def machine() -> None:
    """Print what the figures depend on."""
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}, Python {platform.python_version()}", flush=True)


class Bounds:
    """Figures that must be held; each is printed when it is known."""

    def __init__(self) -> None:
        self._missed = 0

    def at_most(self, what: str, value: float, limit: float) -> None:
        self._say(what, value <= limit, f"{value:.4g}, at most {limit:.4g}")

    def at_least(self, what: str, value: float, limit: float) -> None:
        self._say(what, value >= limit, f"{value:.4g}, at least {limit:.4g}")

    def exactly(self, what: str, value: float, right: float) -> None:
        self._say(what, value == right, f"{value:.10g}, exactly {right:.10g}")

    def _say(self, what: str, held: bool, figures: str) -> None:
        self._missed += not held
        print(f"  {'held  ' if held else 'MISSED'}  {what}: {figures}", flush=True)

    @property
    def exit_status(self) -> int:
        """0 when every bound was held, else 1."""
        return 1 if self._missed else 0
