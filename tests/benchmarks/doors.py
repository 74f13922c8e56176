"""Ways to keep within a quota before calling: ours, none, and the limits library's."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from tests.machine import url

from .strict import RATE


class Door(Protocol):
    """What a caller passes before each attempt, and tells when it was refused all the same."""

    def enter(self) -> None: ...

    def refused(self, number: int) -> None: ...


class Ours:
    """A reservation in one row of PostgreSQL, and one sleep."""

    def __init__(self) -> None:
        from django_faceid import conf
        from django_faceid.services import pacing

        self._account = conf.account("default")
        self._pacing = pacing

    def enter(self) -> None:
        slot = self._in_transaction(lambda: self._pacing.reserve(self._account, "Benchmark"))
        time.sleep(max(0.0, slot.since + slot.wait - time.monotonic()))

    def refused(self, number: int) -> None:
        self._in_transaction(lambda: self._pacing.back_off(self._account, "Benchmark"))
        jitter(number)

    def _in_transaction(self, act: Callable[[], Any]) -> Any:
        from django.db import connection, transaction

        with transaction.atomic():
            found = act()
        connection.close()  # back to the pool
        return found


class NoDoor:
    """Call at once, repeat with jitter."""

    def enter(self) -> None:
        pass

    def refused(self, number: int) -> None:
        jitter(number)


class Limits(NoDoor):
    """The limits library over Redis: ask until it lets the call through."""

    def __init__(self, strategy: str) -> None:
        import limits

        storage = limits.storage.RedisStorage(url("FACEID_TEST_REDIS_URL"))
        self._limiter = limits.strategies.STRATEGIES[strategy](storage)
        self._item = limits.RateLimitItemPerSecond(RATE, namespace="faceid-benchmark")

    def enter(self) -> None:
        while not self._limiter.hit(self._item):
            reset = self._limiter.get_window_stats(self._item).reset_time
            time.sleep(max(0.001, reset - time.time()))


DOORS: Mapping[str, Callable[[], Door]] = {
    "django-faceid": Ours,
    "retry with jitter": NoDoor,
    "limits, fixed window": lambda: Limits("fixed-window"),
    "limits, moving window": lambda: Limits("moving-window"),
}


def jitter(number: int) -> None:
    """Full jitter, as everyone recommends: up to a quarter second, doubled up to two."""
    time.sleep(random.uniform(0, min(2.0, 0.25 * 2**number)))
