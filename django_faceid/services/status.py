"""What is going on: sessions, owed results, undelivered events, quota and tasks, at one glance.

Every query reads a bounded number of rows through an index, so that monitoring can ask each
minute however large the tables grow; a number that met its bound says so.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import QuerySet

from .. import clock, conf
from ..models import ApiCall, SessionEvent, Status, VerificationSession
from . import heartbeat, outbox
from .problems import Problem, find

CAP = 10_000
"""Rows that one query reads at most."""

LAST_MINUTE = timedelta(minutes=1)


class Queue(NamedTuple):
    """Rows that wait for something: how many (``CAP`` at most) and since when."""

    number: int
    capped: bool
    oldest: datetime | None


class Owed(NamedTuple):
    """Sessions whose result is still to be fetched, by account, and when the first is lost."""

    number: int
    capped: bool
    by_account: dict[str, int]
    first_closes_at: datetime | None


class QuotaUse(NamedTuple):
    """The last minute of one action under one account; ``rate`` is None where it left FACEID."""

    account: str
    action: str
    calls: int
    busiest_second: int
    rate: int | None
    refused: int


@dataclass(frozen=True)
class Overview:
    """Everything that was seen at one moment, and what of it is wrong."""

    at: datetime
    sessions: dict[str, int]
    sessions_capped: bool
    pending: Queue
    interrupted: Queue
    overdue: Queue
    owed: Owed
    due_pulls: Queue
    undelivered: Queue
    uncounted: Queue
    quota: list[QuotaUse]
    quota_capped: bool
    last_runs: dict[str, datetime | None]
    lost_accounts: list[str]

    @property
    def problems(self) -> list[Problem]:
        """What is overdue, each with what to do about it; empty when all is well."""
        return list(find(self))


def overview() -> Overview:
    """Look at everything once.

    Sessions are counted by effective state among the newest ``CAP``. Raises ``SettingError`` when
    FACEID cannot be read.
    """
    sessions = VerificationSession.objects
    pending = sessions.filter(status=Status.PENDING)
    owed = _owed()
    states = _effective_states()
    calls = _newest_calls()
    last_runs = heartbeat.last_runs()
    return Overview(
        at=clock.now(),
        sessions=dict(Counter(states[:CAP])),
        sessions_capped=len(states) > CAP,
        pending=_queue(pending, "lease_until", since="created_at"),
        interrupted=_queue(sessions.interrupted(), "lease_until"),
        overdue=_queue(sessions.overdue(), "token_expires_at"),
        owed=owed,
        due_pulls=_queue(sessions.owed_a_pull(), "next_pull_at"),
        undelivered=_queue(_undelivered(), "id", since="created_at"),
        uncounted=_uncounted(last_runs["roll_up"]),
        quota=_quota(calls[:CAP]),
        quota_capped=len(calls) > CAP,
        last_runs=last_runs,
        lost_accounts=sorted(set(owed.by_account) - set(conf.get().accounts)),
    )


def _queue(rows: QuerySet[Any], order: str, since: str = "") -> Queue:
    """The rows in their index's order; the first of them has waited longest, or nearly so."""
    moments = list(rows.order_by(order).values_list(since or order, flat=True)[: CAP + 1])
    return Queue(min(len(moments), CAP), len(moments) > CAP, min(moments, default=None))


def _undelivered() -> QuerySet[SessionEvent]:
    return SessionEvent.objects.filter(
        delivered_at=None, created_at__lte=clock.now() - outbox.GRACE
    )


def _uncounted(last_run: datetime | None) -> Queue:
    """Calls that no run of ``roll_up`` has counted."""
    calls = ApiCall.objects.all()
    if last_run is not None:
        calls = calls.filter(started_at__gt=last_run)
    return _queue(calls, "started_at")


def _effective_states() -> list[str]:
    columns = ("status", "token_expires_at", "lease_until")
    newest = VerificationSession.objects.order_by("-id").only(*columns)[: CAP + 1]
    return [session.effective_status.value for session in newest]


def _owed() -> Owed:
    waiting = VerificationSession.objects.filter(
        next_pull_at__isnull=False, status__in=(Status.ISSUED, Status.EXPIRED)
    )
    rows = list(
        waiting.order_by("next_pull_at").values_list("account", "result_expires_at")[: CAP + 1]
    )
    by_account = Counter(account for account, _closes in rows[:CAP])
    closing = [closes for _account, closes in rows if closes is not None]
    return Owed(min(len(rows), CAP), len(rows) > CAP, dict(by_account), min(closing, default=None))


def _newest_calls() -> list[ApiCall]:
    """The calls of the last minute, newest first."""
    since = clock.now() - LAST_MINUTE
    columns = ("account", "action", "started_at", "waited", "error_code")
    newest = ApiCall.objects.filter(started_at__gt=since).order_by("-started_at")
    return list(newest.only(*columns)[: CAP + 1])


def _quota(calls: list[ApiCall]) -> list[QuotaUse]:
    by_window: dict[tuple[str, str], list[ApiCall]] = {}
    for call in calls:
        by_window.setdefault((call.account, call.action), []).append(call)
    accounts = conf.get().accounts
    return [
        QuotaUse(
            account,
            action,
            calls=len(made),
            busiest_second=max(Counter(map(_second, made)).values()),
            rate=conf.account(account).rate if account in accounts else None,
            refused=sum(call.error_code.startswith("RequestLimitExceeded") for call in made),
        )
        for (account, action), made in sorted(by_window.items())
    ]


def _second(call: ApiCall) -> int:
    """The second in which a call left, after the wait for its slot."""
    return int((call.started_at + timedelta(milliseconds=call.waited)).timestamp())
