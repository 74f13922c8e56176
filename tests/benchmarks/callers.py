"""Processes full of callers: saturated, at random, and far too many."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from .children import freeze
from .doors import DOORS, Door
from .strict import Line

THREADS = 4
# More than ever run at once: nobody waits here for a thread.
PLENTY = 150
PERSON = "person"


class Call(NamedTuple):
    """One call as its caller saw it; ``arrived`` and ``ended`` on the machine's one clock."""

    arrived: float
    ended: float
    refusals: int
    outcome: str

    @property
    def seconds(self) -> float:
        return self.ended - self.arrived


def saturate(
    _number: int, start: float, door: str, address: tuple[str, int], seconds: float
) -> list[Call]:
    """``THREADS`` callers, each calling again as soon as it is through."""
    entrance = DOORS[door]()

    def work(_thread: int) -> list[Call]:
        line, calls = Line(address), []
        while time.monotonic() < start + seconds:
            calls.append(_call(entrance, line, time.monotonic(), attempts=100))
        line.close()
        return calls

    freeze()
    _wait_until(start)
    with ThreadPoolExecutor(THREADS) as threads:
        return [call for calls in threads.map(work, range(THREADS)) for call in calls]


def arrive(
    number: int, start: float, address: tuple[str, int], rate: float, seconds: float
) -> list[Call]:
    """Callers who come at random, and try twice at most: once more through the same door."""
    entrance = DOORS["django-faceid"]()

    def work(arrived: float) -> Call:
        _wait_until(arrived)
        line = Line(address)
        try:
            return _call(entrance, line, arrived, attempts=2)
        finally:
            line.close()

    freeze()
    return _offered(work, _arrivals(number, start, rate, seconds))


def onboard(number: int, start: float, rate: float, warm: float, seconds: float) -> list[Call]:
    """People who ask for a token, at random, more than there are tokens for.

    Those of the first ``warm`` seconds find threads and connections that are still being made;
    they are called early.
    """
    from django.db import connections

    from django_faceid.services import errors, issue_token

    def work(arrived: float) -> Call:
        try:
            who = "early" if arrived < start + warm else PERSON
            issue_token(f"{who} {number} {arrived}")
            outcome = "issued"
        except errors.ServiceError as error:
            outcome = error.code
        finally:
            connections.close_all()  # back to the pool, as after a request
        return Call(arrived, time.monotonic(), 0, outcome)

    freeze()
    return _offered(work, _arrivals(number, start, rate, warm + seconds))


def slots_taken() -> int:
    """Slots that were reserved for tokens of people who were not early, whatever came of them."""
    from django_faceid.models import ApiCall

    return ApiCall.objects.filter(session__reference__startswith=PERSON).count()


def most_at_once(calls: list[Call], since: float) -> int:
    """How many calls were under way at the busiest moment from ``since`` on."""
    changes = sorted([(c.arrived, 1) for c in calls] + [(c.ended, -1) for c in calls])
    busy = most = 0
    for moment, change in changes:
        busy += change
        most = max(most, busy * (moment >= since))
    return most


def _call(door: Door, line: Line, arrived: float, attempts: int) -> Call:
    from django_faceid.services.errors import Busy

    for number in range(1, attempts + 1):
        try:
            door.enter()
        except Busy:
            return Call(arrived, time.monotonic(), number - 1, "busy")
        if line.call():
            return Call(arrived, time.monotonic(), number - 1, "ok")
        if number < attempts:
            door.refused(number)
    return Call(arrived, time.monotonic(), attempts, "refused")


def _arrivals(seed: int, start: float, rate: float, seconds: float) -> Iterator[float]:
    """Poisson arrivals, the same in every run."""
    chance, moment = random.Random(seed), start
    while (moment := moment + chance.expovariate(rate)) < start + seconds:
        yield moment


def _offered(work: Callable[[float], Call], arrivals: Iterator[float]) -> list[Call]:
    with ThreadPoolExecutor(PLENTY) as threads:
        futures = []
        for moment in arrivals:
            _wait_until(moment)
            futures.append(threads.submit(work, moment))
        return [future.result() for future in futures]


def _wait_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
