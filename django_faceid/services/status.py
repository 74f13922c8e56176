"""What is going on: sessions, owed results, undelivered events, quota and tasks, at one glance.

Every query reads a bounded number of rows through an index, so that monitoring can ask each
minute however large the tables grow; a number that met its bound says so.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, Min, Q, QuerySet

from .. import clock, conf
from ..models import ApiCall, BulkJob, SessionEvent, Status, VerificationSession
from . import heartbeat, outbox, problems, quotas
from .problems import Problem, find

CAP = 10_000
"""Rows that one query reads at most."""

OWING = (Status.ISSUED, Status.EXPIRED)
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
    """The last minute of one action under one quota; ``rate`` is None where it left FACEID.

    ``accounts`` are the names of all that spend it together.
    """

    accounts: str
    action: str
    calls: int
    busiest_second: int
    rate: int | None
    refused: int


@dataclass(frozen=True)
class Backlog:
    """What waited for the background work at one moment, and what of it is wrong."""

    at: datetime
    interrupted: Queue
    overdue: Queue
    owed: Owed
    due_pulls: Queue
    closing: Queue
    unasked: Queue
    undelivered: Queue
    uncounted: Queue
    bulk: Queue
    last_runs: dict[str, datetime | None]
    lost_accounts: list[str]

    @property
    def problems(self) -> list[Problem]:
        """What is overdue, each with what to do about it; empty when all is well."""
        return list(find(self))


@dataclass(frozen=True)
class Overview(Backlog):
    """The backlog, and what goes on beside it."""

    sessions: dict[str, int]
    sessions_capped: bool
    pending: Queue
    review: Queue
    reversals: Queue
    quota: list[QuotaUse]
    quota_capped: bool


def overview() -> Overview:
    """Look at everything once.

    Sessions are counted by effective state among the newest ``CAP``. Raises ``SettingError`` when
    FACEID cannot be read.
    """
    states = _effective_states()
    calls = _newest_calls()
    return Overview(
        **vars(backlog()),
        sessions=dict(Counter(states[:CAP])),
        sessions_capped=len(states) > CAP,
        pending=_queue(
            VerificationSession.objects.filter(status=Status.PENDING),
            "lease_until",
            since="created_at",
        ),
        review=in_review(),
        reversals=reversals(),
        quota=_quota(calls[:CAP]),
        quota_capped=len(calls) > CAP,
    )


def backlog() -> Backlog:
    """Look at what waits; raises ``SettingError`` when FACEID cannot be read."""
    sessions = VerificationSession.objects
    owed, looks = _awaiting_results()
    last_runs = heartbeat.last_runs()
    return Backlog(
        at=clock.now(),
        interrupted=_queue(sessions.interrupted(), "lease_until"),
        overdue=_queue(sessions.overdue(), "token_expires_at"),
        owed=owed,
        **looks,
        undelivered=_queue(_undelivered(), "id", since="created_at"),
        uncounted=_uncounted(last_runs["roll_up"]),
        bulk=_queue(BulkJob.objects.due(), "lease_until"),
        last_runs=last_runs,
        lost_accounts=sorted(set(owed.by_account) - set(conf.get().accounts)),
    )


def in_review() -> Queue:
    """Sessions that wait for a decision by staff, since their results came."""
    return _queue(VerificationSession.objects.pending_review(), "result_at")


def reversals() -> Queue:
    """Decided sessions that one of two people wants otherwise; their events say since when."""
    number = VerificationSession.objects.proposed_reversals().order_by()[: CAP + 1].count()
    return Queue(min(number, CAP), number > CAP, None)


def _queue(rows: QuerySet[Any], order: str, since: str = "") -> Queue:
    """The rows in their index's order; the first of them has waited longest, or nearly so."""
    looked_at = rows.order_by(order)[: CAP + 1]
    seen = looked_at.aggregate(number=Count("pk"), oldest=Min(since or order))
    return Queue(min(seen["number"], CAP), seen["number"] > CAP, seen["oldest"])


def _undelivered() -> QuerySet[SessionEvent]:
    return SessionEvent.objects.filter(
        delivered_at=None, created_at__lte=clock.now() - outbox.GRACE
    )


def _uncounted(last_run: datetime | None) -> Queue:
    """Calls that no run of ``roll_up`` has counted; nobody asks while it runs as it should."""
    if last_run is not None and clock.now() - last_run < heartbeat.STALE_AFTER:
        return Queue(0, capped=False, oldest=None)
    calls = ApiCall.objects.all()
    if last_run is not None:
        calls = calls.filter(started_at__gt=last_run)
    return _queue(calls, "started_at")


def _effective_states() -> list[str]:
    columns = ("status", "token_expires_at", "lease_until")
    newest = VerificationSession.objects.order_by("-id").only(*columns)[: CAP + 1]
    return [session.effective_status.value for session in newest]


def _awaiting_results() -> tuple[Owed, dict[str, Queue]]:
    """Results still to be fetched, and which looks at a result are due, urgent or not had."""
    owes = Q(status__in=OWING)
    now = clock.now()
    kinds = {
        "due_pulls": (Q(next_pull_at__lte=now), "next_pull_at"),
        "closing": (owes & problems.closing(now), "result_expires_at"),
        "unasked": (owes & problems.unasked(now), "token_expires_at"),
    }
    accounts = list(conf.get().accounts)
    waiting = VerificationSession.objects.filter(next_pull_at__isnull=False)
    looked_at = waiting.order_by("next_pull_at")[: CAP + 1]
    seen = looked_at.aggregate(
        looked_at=Count("pk"),
        owed=Count("pk", filter=owes),
        closes=Min("result_expires_at", filter=owes),
        **{kind: Count("pk", filter=rows) for kind, (rows, _since) in kinds.items()},
        **{f"first_{kind}": Min(since, filter=rows) for kind, (rows, since) in kinds.items()},
        **{f"of_{n}": Count("pk", filter=owes & Q(account=a)) for n, a in enumerate(accounts)},
    )
    by_account = {account: seen[f"of_{n}"] for n, account in enumerate(accounts)}
    if sum(by_account.values()) < seen["owed"]:
        rows = looked_at.values_list("account", "status")
        by_account = Counter(account for account, status in rows if status in OWING)
    return (
        Owed(
            min(seen["owed"], CAP),
            seen["looked_at"] > CAP,
            {account: number for account, number in by_account.items() if number},
            seen["closes"],
        ),
        {
            kind: Queue(min(seen[kind], CAP), seen[kind] > CAP, seen[f"first_{kind}"])
            for kind in kinds
        },
    )


def _newest_calls() -> list[ApiCall]:
    """The calls of the last minute, newest first."""
    since = clock.now() - LAST_MINUTE
    columns = ("account", "action", "started_at", "waited", "error_code")
    newest = ApiCall.objects.filter(started_at__gt=since).order_by("-started_at")
    return list(newest.only(*columns)[: CAP + 1])


def _quota(calls: list[ApiCall]) -> list[QuotaUse]:
    shared = quotas.by_account()
    by_window: dict[tuple[str, str], list[ApiCall]] = {}
    for call in calls:
        name = shared[call.account].name if call.account in shared else call.account
        by_window.setdefault((name, call.action), []).append(call)
    return [
        QuotaUse(
            name,
            action,
            calls=len(made),
            busiest_second=max(Counter(map(_second, made)).values()),
            rate=shared[made[0].account].rate if made[0].account in shared else None,
            refused=sum(call.error_code.startswith("RequestLimitExceeded") for call in made),
        )
        for (name, action), made in sorted(by_window.items())
    ]


def _second(call: ApiCall) -> int:
    """The second in which a call left, after the wait for its slot."""
    return int((call.started_at + timedelta(milliseconds=call.waited)).timestamp())
