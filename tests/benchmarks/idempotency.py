"""A hundred posts at once with one Idempotency-Key: how many calls, tokens and surprises.

Through the REST view, with Tencent taking 150 ms: as a server with a process for each of two
cores gets them, as one process does, where each post waits for the others' turns at the one
interpreter, and as the few threads of a small server do. A post's time begins when all are sent,
whatever it waits for. The rival looks for its row, or makes it, and then calls.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import dataclass
from statistics import median, quantiles

from .children import children, everywhere
from .posts import Crowd, Scene, post_all
from .scratch import ADDRESSES, on_each, scratch
from .tables import Bounds, machine, table

POSTS = 100
VENDOR_SECONDS = 0.15
# Where connections are pooled, as on PostgreSQL: fewer in a process than it has posts.
POOL = 6
# Until every process is up and has logged its people in.
HEAD_START = 6.0

CROWDS = (
    Crowd("django-faceid, 2 processes of 50 threads", "ours", 2, 50),
    Crowd("django-faceid, 1 process of 100 threads", "ours", 1, 100),
    Crowd("django-faceid, 1 process of 4 threads", "ours", 1, 4),
    Crowd("get_or_create, then call, 2 of 50", "rival", 2, 50),
)


@dataclass(frozen=True)
class Round:
    """What a hundred posts led to."""

    statuses: Counter[int]
    calls: int
    tokens: int
    losers: list[float]
    winner: float


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="idempotency", description=__doc__)
    parser.add_argument("--database", choices=[*ADDRESSES, "all"], default="postgres")
    options = parser.parse_args(arguments)
    if options.database == "all":
        return on_each("idempotency", [])
    with scratch(options.database, pool=POOL):
        return report(options.database, {crowd: measure(crowd) for crowd in CROWDS})


def report(database: str, rounds: dict[Crowd, Round]) -> int:
    """Print the table and hold the bounds; the exit status."""
    machine()
    table(
        f"{POSTS} posts with one key on {database}",
        ["", "calls", "tokens", "answers", "losers p50 ms", "p95", "max", "winner ms"],
        [
            [
                crowd.name,
                found.calls,
                found.tokens,
                " ".join(f"{status}:{n}" for status, n in sorted(found.statuses.items())),
                *(f"{seconds * 1000:.0f}" for seconds in _spread(found.losers)),
                f"{found.winner * 1000:.0f}",
            ]
            for crowd, found in rounds.items()
        ],
    )
    bounds = Bounds()
    for crowd, found in rounds.items():
        if crowd.way == "rival":
            continue
        bounds.exactly("calls", found.calls, 1)
        bounds.exactly("tokens", found.tokens, 1)
        bounds.exactly("posts answered 201", found.statuses[201], 1)
        bounds.exactly("409 or 200", found.statuses[409] + found.statuses[200], POSTS - 1)
        if database != "postgres":
            # Nothing is pooled there, and most of a post is its new connection.
            continue
        bounds.at_most("slowest loser, winners", max(found.losers) / found.winner, 1)
        bounds.at_most("slowest loser, s", max(found.losers), VENDOR_SECONDS)
    return bounds.exit_status


def _spread(seconds: list[float]) -> tuple[float, float, float]:
    if not seconds:
        return 0.0, 0.0, 0.0
    return median(seconds), quantiles(seconds, n=20)[-1], max(seconds)


def measure(crowd: Crowd) -> Round:
    """Let a crowd post from the same instant."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.db import connection

    from django_faceid.sandbox.faults import Delay
    from tests.proofs.world import roomy_sandbox

    user = User.objects.create_user(f"{crowd.way}-{crowd.processes}-{crowd.threads}")
    host = connection.settings_dict
    with roomy_sandbox() as sandbox:
        sandbox.faults.add(Delay(Seconds=VENDOR_SECONDS, Count=None))
        scene = Scene(str(host["NAME"]), host["OPTIONS"], settings.FACEID, user.username)
        with children(crowd.processes, {"DJANGO_SETTINGS_MODULE": "tests.settings"}) as pool:
            start = time.monotonic() + HEAD_START
            found = everywhere(pool, crowd.processes, post_all, start, POSTS, crowd, scene)
        answers = [answer for several in found for answer in several]
        return Round(
            Counter(status for status, _seconds in answers),
            # Each process has asked for one before.
            len(sandbox.exchanges) - crowd.processes,
            len(sandbox.tokens) - crowd.processes,
            sorted(seconds for status, seconds in answers if status != 201),
            min((seconds for status, seconds in answers if status == 201), default=0.0),
        )
