"""The frequency limit: so many requests per second and action."""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable

from .errors import ApiError

WINDOWS = ("sliding", "fixed")


class RateLimit:
    """Admits ``limit`` requests of an action in any second, or raises RequestLimitExceeded.

    ``window``: ``sliding`` looks back one second from each request, ``fixed`` counts from full
    second to full second. Refused requests are not counted: Tencent publishes a limit and no
    penalty, and its known messages name the number just above the limit, never a growing one.
    The clock is monotonic, so that moving the sandbox's time opens no quota.
    """

    def __init__(
        self, limit: int, window: str = "sliding", clock: Callable[[], float] = time.monotonic
    ) -> None:
        if window not in WINDOWS:
            raise ValueError(f"window must be one of {', '.join(WINDOWS)}")
        self._limit = limit
        self._fixed = window == "fixed"
        self._clock = clock
        self._admitted: defaultdict[str, deque[float]] = defaultdict(deque)

    def admit(self, action: str) -> None:
        """Count one request of ``action``, or refuse it in the vendor's words."""
        now = self._clock()
        admitted = self._admitted[action]
        while admitted and self._is_past(admitted[0], now):
            admitted.popleft()
        if len(admitted) >= self._limit:
            raise ApiError(
                "RequestLimitExceeded",
                f"Your current request times equals to `{len(admitted) + 1}` in a second, "
                f"which exceeds the frequency limit `{self._limit}` for a second. "
                "Please reduce the frequency of calls.",
            )
        admitted.append(now)

    def _is_past(self, then: float, now: float) -> bool:
        return then < math.floor(now) if self._fixed else now - then >= 1
