"""What in an overview is overdue, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import F, Q

from .. import conf
from ..beat import BEAT_SCHEDULE
from . import heartbeat, schedule

if TYPE_CHECKING:
    from .status import Backlog, Queue

INTERRUPTED = timedelta(seconds=60)
OVERDUE = timedelta(minutes=2)
UNDELIVERED = timedelta(minutes=2)
# A token's clock is over for so long, and nobody has asked since: looks are claimed and not had.
UNASKED = timedelta(minutes=30)
# A task may miss some of its turns; under cron, which runs all once a minute, fewer of them.
MISSED_TURNS = 5

_RUN = "run celery worker and beat, or manage.py faceid_tick from cron each minute"


class Problem(NamedTuple):
    """One thing that needs a human: its stable name, what was seen, what to do."""

    code: str
    seen: str
    advice: str


def find(backlog: Backlog) -> Iterator[Problem]:
    """Everything that is later than it should be."""
    at = backlog.at
    if late := _late(backlog.interrupted, at, INTERRUPTED):
        seen = f"{_many(backlog.interrupted, 'session')} pending {late} past the lease"
        yield Problem("pending", seen, f"{_RUN}; look for what kills processes in mid-call")
    if late := _late(backlog.overdue, at, OVERDUE):
        seen = f"{_many(backlog.overdue, 'session')} still labelled issued {late} after expiry"
        yield Problem("overdue", seen, _RUN)
    if late := _late(backlog.undelivered, at, UNDELIVERED):
        seen = f"{_many(backlog.undelivered, 'event')} not delivered for {late}"
        yield Problem("undelivered", seen, f"{_RUN}; look for a receiver that hangs")
    yield from _lost_looks(backlog)
    yield from _stopped_tasks(backlog)
    for account in backlog.lost_accounts:
        seen = f"{account!r} left FACEID with {backlog.owed.by_account[account]} results owed"
        advice = "put it back under ACCOUNTS until they are fetched; flows need not use it"
        yield Problem("account", seen, advice)


def closing(at: datetime) -> Q:
    """Owed results that Tencent forgets within two thirds of the time after their last look.

    With the usual window that is two hours. Whatever nobody finished is not owed any more then.
    """
    return Q(result_expires_at__lte=at + schedule.before_close(conf.get().result_lifetime) * 2 / 3)


def unasked(at: datetime) -> Q:
    """Owed results for which the look after the token's clock has not been had."""
    never = Q(last_pull_at=None) | Q(last_pull_at__lt=F("token_expires_at"))
    return Q(token_expires_at__lte=at - UNASKED) & never


def span(length: timedelta) -> str:
    """A length of time in words of two units at most: ``95 s``, ``12 min``, ``71 h``."""
    seconds = length.total_seconds()
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _late(queue: Queue, at: datetime, allowed: timedelta) -> str:
    """For how long the oldest has waited, in words; empty while that is allowed."""
    if queue.oldest is None or at - queue.oldest <= allowed:
        return ""
    return span(at - queue.oldest)


def _many(queue: Queue, noun: str) -> str:
    more = "more than " if queue.capped else ""
    return f"{more}{queue.number} {noun}{'' if queue.number == 1 else 's'}"


def _lost_looks(backlog: Backlog) -> Iterator[Problem]:
    at = backlog.at
    if backlog.unasked.oldest is not None:
        since = span(at - backlog.unasked.oldest)
        seen = f"{_many(backlog.unasked, 'owed result')} not asked for, the first for {since}"
        advice = "run workers for fetch_session_result, and look into their log for outcome="
        yield Problem("unasked", seen, advice)
    if backlog.closing.oldest is not None:
        left = backlog.closing.oldest - at
        when = f"in {span(left)}" if left > timedelta(0) else f"{span(-left)} ago"
        seen = f"{_many(backlog.closing, 'owed result')} nearly lost or lost, the first {when}"
        advice = "the log names what hinders the looks: outcome= and code= of these sessions"
        yield Problem("closing", seen, advice)


def _stopped_tasks(backlog: Backlog) -> Iterator[Problem]:
    work: Mapping[str, Queue] = {
        "expire_tokens": backlog.overdue,
        "collect_results": backlog.due_pulls,
        "recover_interrupted": backlog.interrupted,
        "deliver_events": backlog.undelivered,
        "roll_up": backlog.uncounted,
        "run_bulk_jobs": backlog.bulk,
    }
    for entry in BEAT_SCHEDULE.values():
        task = entry["task"].partition(".")[2]
        ran = backlog.last_runs[task]
        patience = max(timedelta(seconds=MISSED_TURNS * entry["schedule"]), heartbeat.STALE_AFTER)
        if work[task].number and (ran is None or backlog.at - ran > patience):
            when = "never ran" if ran is None else f"last ran {span(backlog.at - ran)} ago"
            yield Problem("task", f"{task} {when} and has {work[task].number} rows to do", _RUN)
