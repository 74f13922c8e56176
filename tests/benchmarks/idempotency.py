"""A hundred posts at once with one Idempotency-Key: how many calls, tokens and surprises.

Through the REST view, with Tencent taking 150 ms: in as many threads as there are posts, and in
the few of a usual server, where a post's time is its own and not its wait for a processor. The
rival looks for its row, or makes it, and then calls.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from .scratch import ADDRESSES, on_each, scratch
from .tables import Bounds, machine, table

POSTS = 100
VENDOR_SECONDS = 0.15
# Where connections are pooled, as on PostgreSQL: fewer than there are posts.
POOL = 20
SERVER_THREADS = 4
PATH = "/faceid/sessions/"

Post = Callable[[], int]


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
    parser.add_argument("--posts", type=int, default=POSTS)
    parser.add_argument("--database", choices=[*ADDRESSES, "all"], default="postgres")
    options = parser.parse_args(arguments)
    if options.database == "all":
        return on_each("idempotency", ["--posts", str(options.posts)])
    with scratch(options.database, pool=POOL):
        # The first round pays for imports and first statements.
        measure(ours, 4, 4)
        rounds = {
            "django-faceid": measure(ours, options.posts, options.posts),
            f"django-faceid, {SERVER_THREADS} threads": measure(
                ours, options.posts, SERVER_THREADS
            ),
            "get_or_create, then call": measure(rival, options.posts, options.posts),
        }
        return report(options.database, options.posts, rounds)


def report(database: str, posts: int, rounds: dict[str, Round]) -> int:
    """Print the table and hold the bounds; the exit status."""
    machine()
    table(
        f"{posts} posts with one key on {database}",
        ["", "calls", "tokens", "answers", "losers p50 ms", "p95", "max", "winner ms"],
        [
            [
                name,
                found.calls,
                found.tokens,
                " ".join(f"{status}:{n}" for status, n in sorted(found.statuses.items())),
                *(f"{seconds * 1000:.0f}" for seconds in _spread(found.losers)),
                f"{found.winner * 1000:.0f}",
            ]
            for name, found in rounds.items()
        ],
    )
    bounds = Bounds()
    at_once, served, _rival = rounds.values()
    for found in (at_once, served):
        bounds.exactly("calls", found.calls, 1)
        bounds.exactly("tokens", found.tokens, 1)
        bounds.exactly("posts answered 201", found.statuses[201], 1)
        bounds.exactly("409 or 200", found.statuses[409] + found.statuses[200], posts - 1)
    bounds.at_most("slowest loser of a usual server, s", max(served.losers), VENDOR_SECONDS)
    return bounds.exit_status


def _spread(seconds: list[float]) -> tuple[float, float, float]:
    if not seconds:
        return 0.0, 0.0, 0.0
    return median(seconds), quantiles(seconds, n=20)[-1], max(seconds)


def measure(way: Callable[[str], Post], posts: int, threads: int) -> Round:
    """Let so many ``threads`` work off ``posts`` from the same instant."""
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import override_settings

    from django_faceid.sandbox.faults import Delay
    from tests.proofs.world import roomy_sandbox

    user = User.objects.create_user(f"{way.__name__}-{posts}-{threads}")
    start = threading.Barrier(threads)
    answers: list[tuple[float, int]] = []

    def work(queue: list[Post]) -> None:
        start.wait()
        with suppress(IndexError):
            while True:
                post = queue.pop()
                began = time.perf_counter()
                status = post()
                answers.append((time.perf_counter() - began, status))
                connection.close()

    with roomy_sandbox() as sandbox, override_settings(ALLOWED_HOSTS=["testserver"]):
        sandbox.faults.add(Delay(Seconds=VENDOR_SECONDS, Count=None))
        queue = [way(user.username) for _ in range(posts)]
        workers = [threading.Thread(target=work, args=(queue,)) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        made = sorted(seconds for seconds, status in answers if status == 201)
        losers = sorted(seconds for seconds, status in answers if status != 201)
        return Round(
            Counter(status for _seconds, status in answers),
            len(sandbox.exchanges),
            len(sandbox.tokens),
            losers,
            made[0] if made else 0.0,
        )


def ours(username: str) -> Post:
    """One client's post through the REST view."""
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(username=username))

    def post() -> int:
        answer: Any = client.post(
            PATH, {}, content_type="application/json", headers={"Idempotency-Key": "one"}
        )
        return int(answer.status_code)

    return post


def rival(username: str) -> Post:
    """Look for the key's row or make it; call when there is no token yet; as written first."""
    from django.db import connection

    from django_faceid import clock, conf
    from django_faceid.models import IdempotencyClaim
    from django_faceid.services.calls import clients
    from django_faceid.tencent.types import GetFaceIdTokenIntlRequest

    def post() -> int:
        row, _created = IdempotencyClaim.objects.get_or_create(
            subject_key=username,
            key_hash="one",
            defaults={"fingerprint": "", "lease_until": clock.now()},
        )
        if row.fingerprint:
            return 200
        # As careful as we are: the pool is free while Tencent thinks.
        connection.close()
        answer = clients.get(conf.account("default")).get_token(GetFaceIdTokenIntlRequest())
        row.fingerprint = answer.RequestId
        row.save()
        return 201

    return post
