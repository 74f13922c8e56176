"""Calls within Tencent's quota: 4 processes of 4 threads, a strict server, a jittery network."""

from __future__ import annotations

import argparse
import random
import time

from django_faceid.sandbox.server import SandboxServer
from django_faceid.sandbox.state import SandboxState

from . import callers
from .callers import Call, most_at_once
from .children import children, everywhere, in_child
from .databases import environment, migrated
from .doors import DOORS
from .strict import BOUND, JITTER, RATE, StrictServer, percentile, steady_rate
from .tables import Bounds, machine, table

PARTS = ("saturated", "random", "overload")
PROCESSES = 4
# Until every process is up.
HEAD_START = 6.0
RANDOM_RATE, OFFERED = 18, 100
# Of the same load, before anything counts.
WARM = 5.0
# How long a person looks at a spinner; who is told of a full queue has not left.
PATIENCE = 3.0


class FarAway(SandboxState):
    """The sandbox at the other end of a jittery network."""

    def admit(self, action: str) -> None:
        time.sleep(random.uniform(0, JITTER))
        super().admit(action)


def main(argv: list[str]) -> int:
    """Run the callers; 1 when a bound is missed."""
    options = argparse.ArgumentParser(prog="quota", description=__doc__)
    options.add_argument("--seconds", type=float, default=20, help="length of each measurement")
    options.add_argument("--only", choices=PARTS, help="measure this part alone")
    given = options.parse_args(argv)
    bounds = Bounds()
    machine()
    with migrated() as database:
        if given.only in (None, "saturated"):
            _saturated(bounds, database, given.seconds)
        if given.only in (None, "random"):
            _at_random(bounds, database, 3 * given.seconds)
        if given.only in (None, "overload"):
            _overloaded(bounds, database, given.seconds / 2)
    machine()
    return bounds.exit_status


def _saturated(bounds: Bounds, database: str, seconds: float) -> None:
    runs = [("django-faceid", "fixed"), *((door, "sliding") for door in DOORS)]
    lines = []
    for door, window in runs:
        server = StrictServer(window)
        with server.running() as address, children(PROCESSES, environment(database)) as pool:
            start = time.monotonic() + HEAD_START
            found = everywhere(pool, PROCESSES, callers.saturate, start, door, address, seconds)
        calls = [call for several in found for call in several]
        lines.append(_line(f"{door}, {window} second", server, calls))
        if door == "django-faceid":
            share = 100 * server.rate / BOUND
            bounds.at_least(f"{window} second: % of what is possible", share, 99)
            bounds.exactly(f"{window} second: calls refused", server.refused, 0)
    head = ("", "calls/s", "% of possible", "% refused", "p50 ms", "p99 ms")
    table(f"Saturated; {BOUND:.2f} calls/s are possible without luck", head, lines)


def _line(name: str, server: StrictServer, calls: list[Call]) -> tuple[str, ...]:
    asked = len(server.admitted) + server.refused
    return (
        name,
        f"{server.rate:.2f}",
        f"{100 * server.rate / BOUND:.1f}",
        f"{100 * server.refused / asked:.1f}",
        *(f"{1000 * percentile([c.seconds for c in calls], share):.0f}" for share in (0.5, 0.99)),
    )


def _at_random(bounds: Bounds, database: str, seconds: float) -> None:
    server = StrictServer("sliding")
    with server.running() as address, children(PROCESSES, environment(database)) as pool:
        start = time.monotonic() + HEAD_START
        rate = RANDOM_RATE / PROCESSES
        found = everywhere(pool, PROCESSES, callers.arrive, start, address, rate, seconds)
    calls = [call for several in found for call in several]
    head = ("calls", "refused", "seen by a user", "told to wait", "p50 ms", "p99 ms")
    waits = [f"{1000 * percentile([c.seconds for c in calls], s):.0f}" for s in (0.5, 0.99)]
    outcomes = [call.outcome for call in calls]
    row = (len(calls), server.refused, outcomes.count("refused"), outcomes.count("busy"), *waits)
    table(f"At random, {RANDOM_RATE} calls/s", head, [row])
    bounds.at_most("at random: % of calls refused", 100 * server.refused / len(calls), 0.1)
    bounds.exactly("at random: refusals seen by a user", outcomes.count("refused"), 0)


def _overloaded(bounds: Bounds, database: str, seconds: float) -> None:
    with SandboxServer(FarAway(rate=RATE)) as server:
        variables = environment(database, BENCHMARK_ENDPOINT=server.url)
        with children(PROCESSES, variables) as pool:
            start = time.monotonic() + HEAD_START
            rate = OFFERED / PROCESSES
            found = everywhere(pool, PROCESSES, callers.onboard, start, rate, WARM, seconds)
        slots = in_child(variables, callers.slots_taken)
    _judge(bounds, [call for several in found for call in several], start + WARM, slots)


def _judge(bounds: Bounds, every: list[Call], since: float, slots: int) -> None:
    calls = [call for call in every if call.arrived >= since]
    issued = [call for call in calls if call.outcome == "issued"]
    busy = [call.seconds for call in calls if call.outcome == "busy"]
    left = sum(call.seconds > PATIENCE for call in issued)
    rate, told = steady_rate([call.ended for call in issued]), 1000 * percentile(busy, 0.5)
    late, most = 1000 * percentile(busy, 0.99), most_at_once(every, since)
    head = ("asked", "issued", "a second", "told to wait", "told in ms, p50", "p99", "most at once")
    row = (len(calls), len(issued), f"{rate:.2f}", len(busy), f"{told:.1f}", f"{late:.1f}", most)
    table(f"Overload, {OFFERED} people/s, whole requests", head, [row])
    bounds.at_least("overload: % of what is possible", 100 * rate / BOUND, 99)
    bounds.exactly("overload: slots without a token for somebody", slots - len(issued) + left, 0)
    bounds.exactly("overload: neither issued nor told", len(calls) - len(issued) - len(busy), 0)
    bounds.at_most("overload: told to wait within, ms", told, 20)
    bounds.exactly("overload: tokens for people who had left", left, 0)
    bounds.at_most("overload: busy threads", most, 60)
