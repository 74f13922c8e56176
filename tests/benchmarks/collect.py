"""Whole onboardings a second that one account sustains: token, phone, result.

Once with phones that come back for their result, once with phones that only leave it to the
collector. The sandbox allows 20 calls a second of each kind, as Tencent does.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from django_faceid.sandbox.server import SandboxServer
from django_faceid.sandbox.state import SandboxState

from .children import children, everywhere, in_child
from .databases import environment, migrated
from .strict import RATE, steady_rate
from .tables import Bounds, machine, table

HEAD_START = 6.0
PEOPLE = 16
COLLECTORS = 8
# Below the 19.3 that the guard leaves: people pause between their token and the next one.
AT_LEAST = 18.0


def main(argv: list[str]) -> int:
    """Onboard people for a while; 1 when an account sustains less than it should."""
    options = argparse.ArgumentParser(prog="collect", description=__doc__)
    options.add_argument("--seconds", type=float, default=30, help="length of each measurement")
    given = options.parse_args(argv)
    bounds, lines = Bounds(), []
    machine()
    for way, comes_back in (("phones come back", True), ("the collector alone", False)):
        issued, decided = _measure(given.seconds, comes_back)
        lines.append((way, f"{steady_rate(issued):.2f}", f"{steady_rate(decided):.2f}"))
        if comes_back:
            bounds.at_least("onboardings a second", steady_rate(decided), AT_LEAST)
    table("One account", ("", "tokens/s", "results/s"), lines)
    machine()
    return bounds.exit_status


def _measure(seconds: float, comes_back: bool) -> tuple[list[float], list[float]]:
    """When tokens were issued and when results were stored."""
    with migrated() as database, SandboxServer(Phones(rate=RATE)) as server:
        variables = environment(database, BENCHMARK_ENDPOINT=server.url)
        start = time.monotonic() + HEAD_START
        with children(2, variables) as pool:
            everywhere(pool, 2, work, start, seconds, comes_back)
        return in_child(variables, moments)


class Phones(SandboxState):
    """A sandbox whose people begin and finish as soon as they have a token."""

    def issue(self, parameters: object) -> dict[str, object]:
        answer = super().issue(parameters)  # type: ignore[arg-type]
        self.play(answer["SdkToken"], "pass")
        return answer


def work(number: int, start: float, seconds: float, comes_back: bool) -> None:
    """One of two processes: the web server, or the worker that collects."""
    time.sleep(max(0.0, start - time.monotonic()))
    end = start + seconds
    if number == 0:
        with ThreadPoolExecutor(PEOPLE) as people:
            for person in range(PEOPLE):
                people.submit(_onboard, person, end, comes_back)
    elif not comes_back:
        _collect(end)


def _onboard(person: int, end: float, comes_back: bool) -> None:
    from django.db import connections

    from django_faceid import services
    from django_faceid.services.errors import Busy

    turn = 0
    while time.monotonic() < end:
        turn += 1
        try:
            session = services.issue_token(f"person {person} {turn}").session
            services.report(session, 0)
            if comes_back:
                services.fetch_result(session)
        except Busy as busy:
            time.sleep(busy.retry_after or 1)
        connections.close_all()  # back to the pool, as after a request


def _collect(end: float) -> None:
    from django.db import connections

    from django_faceid import services

    def fetch(pk: int) -> None:
        services.collect(pk)
        connections.close_all()

    with ThreadPoolExecutor(COLLECTORS) as workers:
        while time.monotonic() < end:
            began = time.monotonic()
            list(workers.map(fetch, services.claim_due()))
            connections.close_all()
            time.sleep(max(0.0, began + 1 - time.monotonic()))


def moments() -> tuple[list[float], list[float]]:
    """When tokens were issued and when results were stored, in seconds."""
    from django_faceid.models import VerificationSession

    def column(name: str) -> list[float]:
        stored = VerificationSession.objects.values_list(name, flat=True)
        return [moment.timestamp() for moment in stored if isinstance(moment, datetime)]

    return column("issued_at"), column("result_at")
