"""When a call may leave, so that the whole fleet stays within Tencent's quota.

A moving-window reservation in one row per Tencent account and action: reserve the earliest moment
that keeps the last second within the limit, commit, sleep once, send.
"""

from __future__ import annotations

import math
import time

from django.db import connections
from django.db.models import BigIntegerField, Value
from django.db.models.expressions import Combinable, RawSQL

from .. import conf
from ..models import QuotaWindow
from ..models.database import write_alias
from .errors import Busy

MICROSECONDS = 1_000_000
NUDGE = 200_000
# Calls a second that background work is sure of.
BACKGROUND_SHARE = 2

# Read after the row lock is held: statement time lies in the past after a wait for the lock.
_DATABASE_CLOCK = {
    "postgresql": "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint",
    "mysql": "CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)",
}


def reserve(account: conf.Account, action: str, *, background: bool = False) -> float:
    """Take the next free moment for one call; the seconds from now until then.

    Runs inside the caller's transaction, as its last statements, so that the row is locked
    briefly and a rollback gives the moment back. Moments are given in the order of asking.
    ``background`` work takes what people leave of half the quota, and two calls a second however
    busy they are.

    Raises ``Busy`` with the honest time to wait when that moment lies more than
    ``FACEID["MAX_WAIT"]`` seconds ahead, or when background work has had its share; nothing is
    taken then.
    """
    window = _locked(account, action)
    now = _microseconds()
    slots = _believable(window.slots, now)
    moment = _earliest(slots, now, account.rate)
    wait = _bearable_wait(moment, now)
    if background:
        taken = _believable(window.background, now)
        recent = [slot for slot in taken if slot > now - MICROSECONDS]
        people = sum(slot > now - MICROSECONDS for slot in slots) - len(recent)
        if len(recent) >= max(BACKGROUND_SHARE, account.rate // 2 - people):
            raise Busy(retry_after=1)
        window.background = [*recent, moment]
    window.slots = [*slots, moment][-account.rate :]
    window.save(update_fields=["slots", "background"])
    return wait


def require_room(account: conf.Account, action: str) -> None:
    """Raise ``Busy`` when ``reserve`` would: a look without a lock, before anything is written.

    Who passes may still be too late in ``reserve``, which decides.
    """
    windows = QuotaWindow.objects.using(write_alias()).filter(
        group=account.quota_name, action=action
    )
    found = windows.annotate(now=_clock()).values_list("slots", "now").first()
    if found is None:
        # Made here, outside of any transaction, where two at once cannot lock each other out.
        QuotaWindow.objects.get_or_create(group=account.quota_name, action=action)
        return
    slots, now = found
    _bearable_wait(_earliest(_believable(slots, now), now, account.rate), now)


def back_off(account: conf.Account, action: str) -> None:
    """Move the window forward: Tencent refused all the same.

    A little when our own calls fill it, since they may only have arrived late; every further
    refusal moves it further. By a whole second when another system must be spending the quota.
    """
    window = _locked(account, action)
    now = _microseconds()
    slots = _believable(window.slots, now)
    if len(slots) >= account.rate and slots[-account.rate] > now - 2 * MICROSECONDS:
        window.slots = [slot + NUDGE for slot in slots]
    else:
        window.slots = [max([now, *slots[-1:]])] * account.rate
    window.save(update_fields=["slots"])


def _earliest(slots: list[int], now: int, rate: int) -> int:
    settings, moments = conf.get(), [now]
    spacing = settings.min_spacing
    if spacing is None:
        spacing = 0.5 / rate
    if slots:
        moments.append(slots[-1] + round(spacing * MICROSECONDS))
    if len(slots) >= rate:
        moments.append(slots[-rate] + round((1 + settings.guard) * MICROSECONDS))
    return max(moments)


def _bearable_wait(moment: int, now: int) -> float:
    wait = (moment - now) / MICROSECONDS
    if wait > conf.get().max_wait:
        raise Busy(retry_after=max(1, math.ceil(wait)))
    return wait


def _believable(slots: list[int], now: int) -> list[int]:
    """Without moments that nobody can have reserved: the database's clock has been set back."""
    latest = now + round((conf.get().max_wait + 2) * MICROSECONDS)
    return [slot for slot in slots if slot <= latest]


def _locked(account: conf.Account, action: str) -> QuotaWindow:
    window, _created = QuotaWindow.objects.select_for_update().get_or_create(
        group=account.quota_name, action=action
    )
    return window


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
