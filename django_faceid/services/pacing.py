"""When a call may leave, so that the whole fleet stays within Tencent's quota.

A moving-window reservation in one row per Tencent account and action: reserve the earliest moment
that keeps the last second within the limit, commit, sleep once, send.
"""

from __future__ import annotations

import math
import time

from django.db import connections

from .. import conf
from ..models import QuotaWindow
from .errors import Busy

MICROSECONDS = 1_000_000

# Read after the row lock is held: statement time lies in the past after a wait for the lock.
_DATABASE_CLOCK = {
    "postgresql": "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint",
    "mysql": "SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)",
}


def reserve(account: conf.Account, action: str, *, max_wait: float) -> float:
    """Take the next free moment for one call; the seconds to sleep until then.

    Runs inside the caller's transaction, as its last statements, so that the row is locked
    briefly and a rollback gives the moment back. Raises ``Busy`` with the honest time to wait
    when that moment lies more than ``max_wait`` seconds ahead; nothing is taken then.
    """
    window = _locked(account, action)
    now = _microseconds()
    moment = _earliest(window.slots, now, account.rate, conf.get().guard)
    wait = (moment - now) / MICROSECONDS
    if wait > max_wait:
        raise Busy(retry_after=max(1, math.ceil(wait)))
    window.slots = [*window.slots, moment][-account.rate :]
    window.save(update_fields=["slots"])
    return wait


def back_off(account: conf.Account, action: str) -> None:
    """Start a new second from now: Tencent refused, so another system spends the same quota."""
    window = _locked(account, action)
    now = max([_microseconds(), *window.slots[-1:]])
    window.slots = [now] * account.rate
    window.save(update_fields=["slots"])


def _earliest(slots: list[int], now: int, rate: int, guard: float) -> int:
    if len(slots) < rate:
        return max([now, *slots[-1:]])
    return max(now, slots[-rate] + round((1 + guard) * MICROSECONDS))


def _locked(account: conf.Account, action: str) -> QuotaWindow:
    window, _created = QuotaWindow.objects.select_for_update().get_or_create(
        group=account.quota_name, action=action
    )
    return window


def _microseconds() -> int:
    connection = connections[QuotaWindow.objects.db]
    statement = _DATABASE_CLOCK.get(connection.vendor)
    if statement is None:  # SQLite lives on this machine, so its clock is this one.
        return time.time_ns() // 1000
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])
