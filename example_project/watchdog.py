"""Ends the process groups of a supervisor that was killed and could not do it itself.

Reads `+GROUP` and `-GROUP` lines from standard input. When the input ends, which the system
sees to however its writer dies, the groups still on the list get SIGTERM and, after the grace
period given in seconds as the only argument, SIGKILL.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time


def main(grace: float) -> None:
    """Read until the input ends, then end what is left."""
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        (groups.add if line[0] == "+" else groups.discard)(group)
    signal_groups(groups, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while signal_groups(groups, 0) and time.monotonic() < deadline:
        time.sleep(0.1)
    signal_groups(groups, signal.SIGKILL)


def signal_groups(groups: set[int], number: int) -> bool:
    """Signal every group; true when at least one of them still exists."""
    found = False
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
            found = True
    return found


if __name__ == "__main__":
    main(float(sys.argv[1]))
