"""``manage.py faceid_status``: what is going on, for people and for monitoring."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ... import conf
from ...services.problems import span
from ...services.status import CAP, Overview, Queue, QuotaUse, overview


class Command(BaseCommand):
    """Print an overview and one line per problem; exit 1 when there is any."""

    help = "Show sessions, owed results, quota and tasks; exit 1 when something is overdue."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs: one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            seen = overview()
        except conf.SettingError as error:
            raise CommandError(f"{error} Run manage.py faceid_check.") from None
        problems = seen.problems
        if options["json"]:
            self.stdout.write(json.dumps(_plain(seen)))
        else:
            for line in _lines(seen):
                self.stdout.write(line)
            for problem in problems:
                self.stdout.write(f"PROBLEM {problem.seen} → {problem.advice}")
        if problems:
            raise CommandError(f"{len(problems)} of these must be mended.", returncode=1)


def _lines(seen: Overview) -> Iterator[str]:
    for label, value in _rows(seen):
        yield f"{label:32}  {value}"


def _rows(seen: Overview) -> Iterator[tuple[str, str]]:
    newest = f"sessions, newest {CAP}" if seen.sessions_capped else "sessions"
    states = [f"{count} {state}" for state, count in sorted(seen.sessions.items())]
    yield newest, ", ".join(states) or "none"
    yield "pending", _waiting(seen.pending, seen.at)
    yield "overdue, not yet swept", _waiting(seen.overdue, seen.at)
    yield "results owed", _owed(seen)
    yield "waiting for staff", _waiting(seen.review, seen.at)
    yield "decided, reversal proposed", _number(seen.reversals) if seen.reversals.number else "none"
    yield "undelivered events", _waiting(seen.undelivered, seen.at)
    for use in seen.quota:
        yield f"{use.accounts} {use.action}", _use(use)
    if seen.quota_capped:
        yield "calls", f"more than {CAP} in the last minute; the newest are counted"
    for task, ran in seen.last_runs.items():
        yield task, "never ran" if ran is None else f"ran {span(seen.at - ran)} ago"


def _waiting(queue: Queue, at: datetime) -> str:
    if queue.oldest is None:
        return "none"
    return f"{_number(queue)}, oldest {span(at - queue.oldest)}"


def _number(queue: Any) -> str:
    return f"more than {queue.number}" if queue.capped else str(queue.number)


def _owed(seen: Overview) -> str:
    if seen.owed.first_closes_at is None:
        return "none"
    left = (seen.owed.first_closes_at - seen.at).total_seconds() / 3600
    return f"{_number(seen.owed)}, the first to close has {left:.1f} h left"


def _use(use: QuotaUse) -> str:
    rate = "no rate, it left FACEID" if use.rate is None else f"of {use.rate}"
    calls = "1 call" if use.calls == 1 else f"{use.calls} calls"
    return (
        f"{calls} in the last minute, {use.busiest_second} ({rate}) in its busiest "
        f"second, {use.refused} refused for their number"
    )


def _plain(seen: Overview) -> dict[str, Any]:
    """The overview in types that JSON has; times in ISO 8601."""
    closes = seen.owed.first_closes_at
    hours = None if closes is None else round((closes - seen.at).total_seconds() / 3600, 2)
    return {
        "at": seen.at.isoformat(),
        "sessions": {"by_state": seen.sessions, "capped": seen.sessions_capped},
        "pending": _queue(seen.pending),
        "interrupted": _queue(seen.interrupted),
        "overdue": _queue(seen.overdue),
        "owed": {**seen.owed._asdict(), "first_closes_at": _iso(closes), "hours_left": hours},
        "due_pulls": _queue(seen.due_pulls),
        "review": _queue(seen.review),
        "reversals": {"number": seen.reversals.number, "capped": seen.reversals.capped},
        "closing": _queue(seen.closing),
        "unasked": _queue(seen.unasked),
        "undelivered": _queue(seen.undelivered),
        "quota": [use._asdict() for use in seen.quota],
        "quota_capped": seen.quota_capped,
        "last_runs": {task: _iso(ran) for task, ran in seen.last_runs.items()},
        "problems": [problem._asdict() for problem in seen.problems],
    }


def _queue(queue: Queue) -> dict[str, Any]:
    return {**queue._asdict(), "oldest": _iso(queue.oldest)}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
