"""Expiry sweeps on PostgreSQL, and the clean-up of two peers, each beside one raw statement.

Every run of 100 000 due rows of a million works on a fresh copy of the same database.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import NamedTuple

from . import rows
from .children import children, everywhere, in_child, peak_megabytes
from .databases import database, environment, migrated, name_of
from .tables import Bounds, machine, table

TOTAL, DUE = 1_000_000, 100_000
A_MINUTES_WORTH = 1200
COUNTS = {"sessions": DUE, "events": DUE, "sessions with an event": DUE, "still issued": rows.LIVE}


class Peer(NamedTuple):
    """A peer of the sweep: where its tokens expire, and its command's work by hand."""

    name: str
    table: str
    expires: str
    statement: str


RIVALS = {
    "cleartokens": Peer(
        "django-oauth-toolkit",
        "oauth2_provider_accesstoken",
        "expires",
        "WITH paired AS (DELETE FROM oauth2_provider_refreshtoken r "
        "USING oauth2_provider_accesstoken a "
        "WHERE a.id = r.access_token_id AND a.expires < %(real)s) "
        "DELETE FROM oauth2_provider_accesstoken WHERE expires < %(real)s",
    ),
    "flushexpiredtokens": Peer(
        "simplejwt",
        "token_blacklist_outstandingtoken",
        "expires_at",
        "WITH listed AS (DELETE FROM token_blacklist_blacklistedtoken b "
        "USING token_blacklist_outstandingtoken o "
        "WHERE o.id = b.token_id AND o.expires_at <= %(real)s) "
        "DELETE FROM token_blacklist_outstandingtoken WHERE expires_at <= %(real)s",
    ),
}

OURS = """
WITH moved AS (
    UPDATE faceid_verificationsession
    SET status = 'expired', closed_reason = 'clock', live_key = NULL, version = version + 1
    WHERE status = 'issued' AND token_expires_at <= %(now)s
    RETURNING id, verdict
)
INSERT INTO faceid_sessionevent (
    session_id, kind, from_status, to_status, from_verdict, to_verdict, source,
    actor_pk, reason, note, public_comment, created_at, delivered_at
)
SELECT id, 'transition', 'issued', 'expired', verdict, verdict, 'task',
    '', '', '', '', %(now)s, %(now)s
FROM moved
"""


BARE = """
DO $$ DECLARE r record; BEGIN
    FOR r IN SELECT conrelid::regclass AS of, conname AS name FROM pg_constraint
        WHERE contype IN ('c', 'f', 'u') AND conrelid IN (
            'faceid_verificationsession'::regclass, 'faceid_sessionevent'::regclass)
    LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', r.of, r.name); END LOOP;
    FOR r IN SELECT indexname AS name FROM pg_indexes
        WHERE tablename IN ('faceid_verificationsession', 'faceid_sessionevent')
        AND indexname NOT LIKE '%pkey' AND indexname <> 'faceid_s_expiry'
    LOOP EXECUTE format('DROP INDEX %I', r.name); END LOOP;
END $$
"""


class Run(NamedTuple):
    """One sweep: rows moved, seconds, peak memory of its process."""

    moved: int
    seconds: float
    megabytes: float


def sweep(_number: int = 0, start: float = 0.0) -> Run:
    """Our sweep, not before ``start`` on the monotonic clock."""
    from django_faceid.services import expire_tokens

    rows.stop_clock()
    return _timed(expire_tokens, start)


def raw_statement(statement: str) -> Run:
    """The same work as one statement by hand."""
    from django.db import connection
    from django.utils import timezone

    from django_faceid import clock

    rows.stop_clock()

    def execute() -> int:
        with connection.cursor() as cursor:
            cursor.execute(statement, {"now": clock.now(), "real": timezone.now()})
            return int(cursor.rowcount)

    return _timed(execute)


def least() -> Run:
    """The same statement on tables with no index but keys and the sweep's own: none is faster."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(BARE)
    return raw_statement(OURS)


def command(name: str) -> Run:
    """A peer's clean-up command."""
    from django.core.management import call_command

    def execute() -> int:
        call_command(name)
        return DUE

    return _timed(execute)


def command_minutes(name: str, runs: int) -> tuple[float, float]:
    """Seconds of a peer's clean-up, with nothing due and with a minute's worth, once at work."""
    from django.db import connection

    table, column = RIVALS[name].table, RIVALS[name].expires
    make_due = (
        f"UPDATE {table} SET {column} = now() - interval '1 hour' WHERE id IN "
        f"(SELECT id FROM {table} ORDER BY id LIMIT {A_MINUTES_WORTH})"
    )
    idle, warm = [], []
    command(name)
    for _run in range(runs):
        idle.append(command(name).seconds)
        with connection.cursor() as cursor:
            cursor.execute(make_due)
        warm.append(command(name).seconds)
    return median(idle), median(warm)


class Minutes(NamedTuple):
    """Seconds of a sweep: with nothing due, with a minute's worth, with one long untouched."""

    idle: float
    warm: float
    cold: float


def minutes(runs: int) -> Minutes:
    """Sweeps as the clock goes on by minutes."""
    from django_faceid.services import expire_tokens

    rows.stop_clock()
    idle = median(_timed(expire_tokens).seconds for _run in range(20))
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for minute in range(1, runs + 1):
        warm = minute % 2 == 1
        if warm:
            rows.write_anew(timedelta(minutes=minute - 1), timedelta(minutes=minute))
        rows.stop_clock(timedelta(minutes=minute))
        run = _timed(expire_tokens)
        assert run.moved == A_MINUTES_WORTH
        seconds[warm].append(run.seconds)
    return Minutes(idle, median(seconds[True]), median(seconds[False]))


def counts() -> dict[str, int]:
    """What a finished sweep left behind."""
    from django_faceid.models import SessionEvent, VerificationSession

    sessions = VerificationSession.objects
    return {
        "sessions": sessions.filter(events__isnull=False).count(),
        "events": SessionEvent.objects.count(),
        "sessions with an event": SessionEvent.objects.values("session").distinct().count(),
        "still issued": sessions.filter(status="issued").count(),
    }


def _timed(act: Callable[[], int], start: float = 0.0) -> Run:
    from django.db import connection

    connection.ensure_connection()
    time.sleep(max(0.0, start - time.monotonic()))
    began = time.perf_counter()
    count = act()
    return Run(count, time.perf_counter() - began, peak_megabytes())


def _on_a_copy(base: str, function: Callable[..., Run], *args: object) -> Run:
    with database(template=name_of(base)) as address:
        in_child(environment(address), rows.settle)
        return in_child(environment(address), function, *args)


def _beside_others(bounds: Bounds, runs: int, base: str, rivals: str) -> None:
    raw, ours = [], []
    for _round in range(runs):
        raw.append(_on_a_copy(base, raw_statement, OURS))
        ours.append(_on_a_copy(base, sweep))
    unit, own = median(run.seconds for run in raw), median(run.seconds for run in ours)
    bounds.at_most("expire_tokens, times one raw statement", own / unit, 1.5)
    bounds.at_most("peak memory, MB", max(run.megabytes for run in ours), 150)
    floor = _on_a_copy(base, least)
    lines = [
        _line("expire_tokens", Run(DUE, own, max(run.megabytes for run in ours)), own, unit),
        _line("  one statement on bare tables", floor, own, floor.seconds),
    ]
    for name, peer in RIVALS.items():
        by_hand = _on_a_copy(rivals, raw_statement, peer.statement).seconds
        taken = _on_a_copy(rivals, command, name)
        lines.append(_line(f"{peer.name} {name}", taken, own, by_hand))
        bounds.at_least(f"times faster than {peer.name}", taken.seconds / own, 5)
    head = ("", "seconds", "times ours", "MB", "one statement of its work", "times that")
    table(f"{DUE} due of {TOTAL}", head, lines)


def _line(name: str, run: Run, own: float, by_hand: float) -> tuple[str, ...]:
    figures = (run.seconds, run.seconds / own, run.megabytes, by_hand, run.seconds / by_hand)
    return name, *(f"{figure:.2f}" for figure in figures)


def _two_at_once(bounds: Bounds, base: str) -> None:
    with database(template=name_of(base)) as address:
        with children(2, environment(address)) as pool:
            both = everywhere(pool, 2, sweep, time.monotonic() + 6)
        bounds.exactly("two sweepers at once moved", sum(run.moved for run in both), DUE)
        for name, count in in_child(environment(address), counts).items():
            bounds.exactly(f"two sweepers at once: {name}", count, COUNTS[name])


def _minutes_of_peers(rivals: str, runs: int) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = []
    for name, peer in RIVALS.items():
        with database(template=name_of(rivals)) as address:
            idle, due = in_child(environment(address), command_minutes, name, runs)
        figures = (f"{1e3 * idle:.2f}", f"{1e3 * due:.1f}", "-", "-")
        lines.append((f"{TOTAL:.0e}, {peer.name} {name}", *figures))
    return lines


def _growth(bounds: Bounds, runs: int, sizes: list[int], peers: list[tuple[str, ...]]) -> None:
    lines: list[tuple[str, ...]] = []
    first = 0.0
    for total in sizes:
        with migrated() as base:
            in_child(environment(base), rows.fill_sessions, total, 0)
            idle, warm, cold = in_child(environment(base), minutes, runs)
        first = first or warm
        growth = warm / first
        figures = (f"{1e3 * idle:.2f}", f"{1e3 * warm:.1f}", f"{growth:.2f}", f"{1e3 * cold:.1f}")
        lines.append((f"{total:.0e}", *figures))
        bounds.at_most(f"nothing due of {total:.0e}, ms", 1e3 * idle, 5)
        bounds.at_most(f"{A_MINUTES_WORTH} due of {total:.0e}, times the smallest", growth, 1.3)
    due = f"{A_MINUTES_WORTH} due, ms"
    head = ("rows", "nothing due, ms", due, "times the smallest", "never touched before, ms")
    table("One minute's worth, by the size of the table", head, lines + peers)


def main(argv: list[str]) -> int:
    """Run the sweeps; 1 when a bound is missed."""
    options = argparse.ArgumentParser(prog="sweep", description=__doc__)
    options.add_argument("--runs", type=int, default=3, help="runs of each, for the median")
    options.add_argument("--large", action="store_true", help="ten million rows too")
    given = options.parse_args(argv)
    bounds = Bounds()
    machine()
    with migrated() as base, migrated() as rivals:
        in_child(environment(base), rows.fill_sessions, TOTAL, DUE)
        in_child(environment(rivals), rows.fill_rivals, TOTAL, DUE)
        _beside_others(bounds, given.runs, base, rivals)
        _two_at_once(bounds, base)
        peers = _minutes_of_peers(rivals, given.runs)
    sizes = [100_000, 1_000_000] + [10_000_000] * given.large
    _growth(bounds, min(9, 3 * given.runs), sizes, peers)
    machine()
    return bounds.exit_status
