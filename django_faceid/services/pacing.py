"""When a call may leave, so that the whole fleet stays within Tencent's quota.

A moving-window reservation in one row per Tencent account and action: reserve the earliest moment
that keeps the last second within the limit, commit, sleep once, send.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.db import connections
from django.db.models import BigIntegerField, F, QuerySet, Value
from django.db.models.expressions import Combinable, RawSQL

from .. import conf
from ..models import QuotaWindow
from ..models.database import write_alias
from .errors import Busy

MICROSECONDS = 1_000_000
# Calls a second that background work is sure of.
BACKGROUND_SHARE = 2
# Seconds beyond MAX_WAIT for which background work may wait: people fill the queue up to there, and
# what becomes free would go to whoever asks most often.
BACKGROUND_PATIENCE = 1.0
# How often somebody else may have been faster before the row is locked.
LOOKS = 3
# Seconds after its moment at which a slot is no longer worth having.
LATE = 0.1

_DATABASE_CLOCK = {
    "postgresql": "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint",
    "mysql": "CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)",
}

_entering_lock = threading.Lock()
_entering: Counter[tuple[str, str]] = Counter()


class Slot(NamedTuple):
    """A reserved moment: ``wait`` seconds after ``since`` on this machine's monotonic clock."""

    wait: float
    since: float


class _Seen(NamedTuple):
    """A window as it was at a moment of the database's clock, and of this machine's."""

    version: int
    slots: list[int]
    background: list[int]
    now: int
    since: float


def reserve(
    account: conf.Account, action: str, *, background: bool = False, waited: float = 0.0
) -> Slot:
    """Take the next free moment for one call.

    Runs inside the caller's transaction, as its last statements, so that the row is locked
    briefly and a rollback gives the moment back. Moments are given in the order of asking, but for
    races that are lost by milliseconds.
    ``background`` work takes what people leave of half the quota, and two calls a second however
    busy they are, for which it may wait a second longer.

    Raises ``Busy`` with the honest time to wait when that moment lies more than
    ``FACEID["MAX_WAIT"]`` seconds ahead, less those the call has ``waited`` for a moment before,
    or when background work has had its share; nothing is taken then.
    """
    # A look and a conditional UPDATE: who comes too late learns so without locking the row first.
    for look in (*[_look] * LOOKS, _locked):
        slot = _take(look(account, action), account, action, background, waited)
        # A moment that has passed while the UPDATE waited for a lock counts for nobody.
        if slot and slot.since + slot.wait + LATE > time.monotonic():
            return slot
    raise Busy(retry_after=1)


@contextmanager
def admission(account: conf.Account, action: str, *, background: bool = False) -> Iterator[None]:
    """Around what ends in ``reserve``: raises ``Busy`` where that would, before a row is written.

    Those of this process who are about to reserve are counted as if they had. Otherwise all who
    come while a slot is free would write their rows, wait for each other and take them back: the
    more of them, the longer each takes, and the longer each takes, the more of them.
    """
    key = account.quota_name, action
    seen = _look(account, action)
    slots = seen.slots
    with _entering_lock:
        for _ahead in range(_entering[key]):
            slots = [*slots, _earliest(slots, seen.now, account.rate)]
        patience = _patience(account, background)
        _bearable_wait(_earliest(slots, seen.now, account.rate), seen.now, patience)
        _entering[key] += 1
    try:
        yield
    finally:
        with _entering_lock:
            _entering[key] -= 1


def back_off(account: conf.Account, action: str) -> None:
    """Move the window forward: Tencent refused all the same.

    By one call when our own fill it, since they may only have arrived late; every further refusal
    moves it further. By a whole second when another system must be spending the quota.
    """
    seen = _locked(account, action)
    slots, now = seen.slots, seen.now
    if len(slots) >= account.rate and slots[-account.rate] > now - 2 * MICROSECONDS:
        step, latest = MICROSECONDS // account.rate, _latest_believable(now)
        slots = [min(slot + step, latest) for slot in slots]
    else:
        slots = [max([now, *slots[-1:]])] * account.rate
    _windows(account, action).update(slots=slots, version=F("version") + 1)


def _take(
    seen: _Seen, account: conf.Account, action: str, background: bool, waited: float
) -> Slot | None:
    """Reserve what is free in a window as it was seen; None where it has changed since."""
    slots, now = seen.slots, seen.now
    moment = _earliest(slots, now, account.rate)
    patience = _patience(account, background) - waited
    slot = Slot(_bearable_wait(moment, now, patience), seen.since)
    changes = {"slots": [*slots, moment][-account.rate :]}
    if background:
        recent = [taken for taken in seen.background if taken > moment - MICROSECONDS]
        people = sum(taken > moment - MICROSECONDS for taken in slots) - len(recent)
        if len(recent) >= max(BACKGROUND_SHARE, account.rate // 2 - people):
            raise Busy(retry_after=1)
        changes["background"] = [*recent, moment]
    unchanged = _windows(account, action).filter(version=seen.version)
    return slot if unchanged.update(version=F("version") + 1, **changes) else None


def _earliest(slots: list[int], now: int, rate: int) -> int:
    settings, moments = conf.get(), [now]
    spacing = settings.min_spacing
    if slots:
        if spacing is None:
            # Evenly where a queue is long: a burst would come back as one in every second of it.
            ahead = (slots[-1] - now) / MICROSECONDS
            spacing = (1.0 if ahead > settings.max_wait / 2 else 0.5) / rate
        moments.append(slots[-1] + round(spacing * MICROSECONDS))
    if len(slots) >= rate:
        moments.append(slots[-rate] + round((1 + settings.guard) * MICROSECONDS))
    return max(moments)


def _patience(account: conf.Account, background: bool) -> float:
    # A quota that its share would use up is for whoever asks.
    longer = background and account.rate > BACKGROUND_SHARE
    return conf.get().max_wait + (BACKGROUND_PATIENCE if longer else 0.0)


def _bearable_wait(moment: int, now: int, patience: float) -> float:
    wait = (moment - now) / MICROSECONDS
    if wait > patience:
        raise Busy(retry_after=max(1, math.ceil(wait)))
    return wait


def _believable(slots: list[int], now: int) -> list[int]:
    """Without moments that nobody can have reserved: the database's clock has been set back."""
    return [slot for slot in slots if slot <= _latest_believable(now)]


def _latest_believable(now: int) -> int:
    return now + round((conf.get().max_wait + 2) * MICROSECONDS)


def _windows(account: conf.Account, action: str) -> QuerySet[QuotaWindow]:
    windows = QuotaWindow.objects.using(write_alias())
    return windows.filter(group=account.quota_name, action=action)


def _look(account: conf.Account, action: str) -> _Seen:
    """The window as it is, whoever is about to change it."""
    looked = _windows(account, action).annotate(now=_clock())
    found = looked.values_list("version", "slots", "background", "now").first()
    if found is None:
        QuotaWindow.objects.get_or_create(group=account.quota_name, action=action)
        return _look(account, action)
    version, slots, background, now = found
    since = time.monotonic()
    return _Seen(version, _believable(slots, now), _believable(background, now), now, since)


def _locked(account: conf.Account, action: str) -> _Seen:
    """The window once nobody else can change it any more."""
    window, _created = QuotaWindow.objects.select_for_update().get_or_create(
        group=account.quota_name, action=action
    )
    # Only now: the time of the statement that waited for the lock lies in the past.
    now, since = _microseconds(), time.monotonic()
    slots, background = (_believable(each, now) for each in (window.slots, window.background))
    return _Seen(window.version, slots, background, now, since)


def _clock() -> Combinable:
    """Microseconds since the epoch by the database's clock, as a part of a query."""
    expression = _DATABASE_CLOCK.get(connections[write_alias()].vendor)
    if expression is None:  # SQLite lives on this machine, so its clock is this one.
        return Value(time.time_ns() // 1000, BigIntegerField())
    return RawSQL(expression, [], BigIntegerField())  # noqa: S611 (a constant)


def _microseconds() -> int:
    connection = connections[write_alias()]
    expression = _DATABASE_CLOCK.get(connection.vendor)
    if expression is None:
        return time.time_ns() // 1000
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {expression}")
        return int(cursor.fetchone()[0])
