"""Processes full of posts with one Idempotency-Key."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from .children import freeze

PATH = "/faceid/sessions/"

Post = Callable[[], int]
# A post's status and its seconds.
Answer = tuple[int, float]


class Crowd(NamedTuple):
    """Who posts, and which way; the posts are shared out between the threads."""

    name: str
    way: str
    processes: int
    threads: int


class Scene(NamedTuple):
    """The host that each process is a part of."""

    database: str
    options: dict[str, Any]
    faceid: dict[str, Any]
    username: str


def post_all(number: int, start: float, posts: int, crowd: Crowd, scene: Scene) -> list[Answer]:
    """One process's share of so many posts, not before ``start`` on the monotonic clock."""
    from django.conf import settings
    from django.db import connection, connections

    from django_faceid import services

    connections.settings["default"] |= {"NAME": scene.database, "OPTIONS": scene.options}
    settings.FACEID, settings.ALLOWED_HOSTS = scene.faceid, ["testserver"]
    # Who asks is the host's to know: here by a signature, as in a JWT, and a query for the user.
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    # Imports, clients and first statements are paid for by somebody else's call.
    services.issue_token(f"early {number} {scene.username}")
    ready = [WAYS[crowd.way](scene.username) for _post in range(posts // crowd.processes)]

    def answer(post: Post) -> Answer:
        time.sleep(max(0.0, start - time.monotonic()))
        status = post()
        # Since it was sent: who waits for a thread or for the interpreter waits all the same.
        seconds = time.monotonic() - start
        connection.close()
        return status, seconds

    connection.close()
    freeze()
    with ThreadPoolExecutor(crowd.threads) as threads:
        answers = threads.map(answer, ready)
        if time.monotonic() > start:
            raise RuntimeError("too late to post at once")
        return list(answers)


def ours(username: str) -> Post:
    """One client's post through the REST view."""
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(username=username))

    def post(key: str, body: dict[str, str]) -> int:
        answer: Any = client.post(
            PATH, body, content_type="application/json", headers={"Idempotency-Key": key}
        )
        return int(answer.status_code)

    assert post("early", {"flow": "unknown"}) == 400
    return lambda: post("one", {})


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


WAYS = {"ours": ours, "rival": rival}
