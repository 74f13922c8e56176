"""A process that works without pause until it is killed."""

from __future__ import annotations

import itertools
import os
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import django

# Loaded once in the server that the victims are forked from.
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connections, transaction  # noqa: E402

from django_faceid import clock, conf, services  # noqa: E402
from django_faceid.models import VerificationSession  # noqa: E402
from django_faceid.services.calls import clients  # noqa: E402
from django_faceid.services.errors import ServiceError  # noqa: E402
from django_faceid.tencent.types import GetFaceIdTokenIntlRequest  # noqa: E402
from django_faceid.testing import make_session  # noqa: E402
from tests.proofs.world import listening  # noqa: E402

RECENT = 30


@dataclass(frozen=True)
class Scene:
    """What a victim shares with the process that kills it."""

    folder: Path
    database: str
    faceid: dict[str, Any]
    number: int

    def offset(self) -> timedelta:
        """How far the app's clock runs ahead, in this process and in the other."""
        return timedelta(seconds=float((self.folder / "clock").read_text() or 0))

    def hear(self, name: str, event_id: int) -> None:
        """Remember a signal beyond the end of this process."""
        self.note("heard", f"{name} {event_id}")

    def note(self, what: str, line: str) -> None:
        file = os.open(self.folder / what, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, f"{line}\n".encode())
        os.close(file)


def run(scene: Scene, way: str, ready: Connection) -> None:
    """Work in four threads, the way that is asked for, until the kill."""
    connections.settings["default"]["NAME"] = scene.database
    settings.FACEID = scene.faceid
    clock.offset = scene.offset
    jobs = {"ours": (_taps, _taps, _results, _tasks), "rival": (_call_then_insert,) * 2}[way]
    with listening(scene.hear):
        for lane, job in enumerate(jobs):
            threading.Thread(target=_forever, args=(scene, job, lane), daemon=True).start()
        ready.send(True)
        threading.Event().wait()


def _forever(scene: Scene, job: Callable[[str], None], lane: int) -> None:
    for turn in itertools.count():
        try:
            job(f"{scene.number}-{lane}-{turn}")
        except ServiceError:
            continue
        except Exception as error:
            scene.note("surprises", f"{job.__name__}: {type(error).__name__}: {error}"[:300])


def _taps(who: str) -> None:
    """A tap with a key, its repeat, and at times another tap that replaces the token."""
    services.issue_token(who, idempotency_key=who)
    services.issue_token(who, idempotency_key=who)
    if random.random() < 0.5:
        services.issue_token(who, params={"retry_limit": 1})


def _results(_turn: str) -> None:
    """A phone reports, its app asks."""
    newest = VerificationSession.objects.exclude(sdk_token="").order_by("-id")[:RECENT]
    for session in random.sample(list(newest), k=min(3, len(newest))):
        if session.owes_result:
            services.report(session, 0)
            services.fetch_result(session)
        if random.random() < 0.1:
            services.cancel(session)


def _tasks(_turn: str) -> None:
    """What the beat runs."""
    services.expire_tokens()
    services.collect_results()
    services.recover_interrupted()
    services.deliver_events()


def _call_then_insert(who: str) -> None:
    """The rival: as it is written first, in one transaction."""
    with transaction.atomic():
        request = GetFaceIdTokenIntlRequest(Extra=who)
        answer = clients.get(conf.account("default")).get_token(request)
        make_session(
            who,
            sdk_token=answer.SdkToken,
            request_id=answer.RequestId,
        )
