"""What keeps a hanging vendor from taking the host's threads, in each process."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from .. import conf
from ..tencent.errors import BrokenAnswer, FaceIdError, Sent, Unreachable
from .errors import Busy, ProviderUnreachable

FAILURES = 5
# A worker with a single thread waits ten seconds for each.
WITHIN = 60.0
PROBE_EVERY = 5.0
CREDENTIALS_UNAVAILABLE = "CredentialsUnavailable"
HTTP_SERVER_ERROR = 500


class Breaker:
    """Counts calls in flight and calls that got no answer.

    After five unanswered calls in a row within a minute every call is refused at once, but for one
    probe each five seconds; an answer of any kind closes it again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_flight = 0
        self._open = False
        self._failures: deque[float] = deque(maxlen=FAILURES)
        self._next_probe = 0.0

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Hold a place for one call.

        Raises ``ProviderUnreachable`` while open and ``Busy`` with ``MAX_IN_FLIGHT`` calls out.
        """
        with self._lock:
            self._refuse_when_open()
            if self._in_flight >= conf.get().max_in_flight:
                raise Busy(retry_after=1)
            self._in_flight += 1
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1

    def heard(self, error: FaceIdError) -> None:
        """Judge a failed call: has Tencent answered, or not, or was it never asked?"""
        if _says_nothing(error):
            self.unanswered()
        elif error.sent is not Sent.NO:
            self.answered()

    def answered(self) -> None:
        """Tencent answered, whatever it said: closed again."""
        with self._lock:
            self._failures.clear()
            self._open = False

    def unanswered(self) -> None:
        """A call got no answer."""
        now = time.monotonic()
        with self._lock:
            self._failures.append(now)
            if len(self._failures) == FAILURES and now - self._failures[0] <= WITHIN:
                self._open = True
            self._next_probe = now + PROBE_EVERY

    def _refuse_when_open(self) -> None:
        now = time.monotonic()
        if not self._open:
            return
        if now < self._next_probe:
            raise ProviderUnreachable(retry_after=math.ceil(self._next_probe - now))
        self._next_probe = now + PROBE_EVERY


def _says_nothing(error: FaceIdError) -> bool:
    """Whether a call that was meant for Tencent got no answer of its.

    A gateway's page in its place, or an answer that broke off or never ended, is none. A page
    with any other status is a proxy's or a firewall's, which would hold up nobody.
    """
    if isinstance(error, BrokenAnswer):
        return error.code == "CutOff" or (error.http_status or 0) >= HTTP_SERVER_ERROR
    # The host's own vault, which is down, says nothing about Tencent.
    return isinstance(error, Unreachable) and error.code != CREDENTIALS_UNAVAILABLE


_breakers: dict[str, Breaker] = {}


def breaker_of(account: conf.Account) -> Breaker:
    """This process's breaker for a Tencent account: one account's trouble is not another's."""
    return _breakers.setdefault(account.quota_name, Breaker())


def forget() -> None:
    """Start with closed breakers; for tests."""
    _breakers.clear()
