"""A real Celery worker with its beat, over each broker, beside a sandbox in this process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import kombu
import pytest
from django.conf import settings
from django.db import connection

from django_faceid import clock, services
from django_faceid.models import ApiCall, Outcome, SessionEvent, Status, VerificationSession
from django_faceid.sandbox.faults import Delay
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import heartbeat
from django_faceid.testing import faceid_sandbox, make_session, play
from tests.machine import url
from tests.overdue import undelivered_event

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).parent.parent
PATIENCE = 40.0
LONG_AGO = timedelta(minutes=5)


class Worker:
    """A worker and its beat in a process group of their own."""

    def __init__(self, folder: Path, broker: str, endpoint: str) -> None:
        self._folder = folder
        self._broker = broker
        self._queue = f"faceid-tests-{uuid.uuid4()}"
        self._environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.worker_settings",
            "WORKER_DATABASE": str(connection.settings_dict["NAME"]),
            "WORKER_ENDPOINT": endpoint,
            "WORKER_BROKER": broker,
            "WORKER_QUEUE": self._queue,
            "WORKER_FOLDER": str(folder),
        }
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "messages").mkdir()
        (folder / "control").mkdir()

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text()

    def start(self) -> None:
        command = [sys.executable, "-m", "celery", "-A", "tests.worker", "worker", "--beat"]
        command += ["--schedule", str(self._folder / "beat"), "--pool=threads", "--concurrency=2"]
        command += ["--loglevel=INFO", "--without-gossip", "--without-mingle"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill the worker and its beat, which know nothing of it beforehand."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=30)
            self._process = None

    def forget_messages(self) -> None:
        """Take every waiting message from the broker, and what held them."""
        for message in (self._folder / "messages").iterdir():
            message.unlink()
        if not self._broker.startswith("files"):
            with kombu.Connection(self._broker) as broker:
                channel: Any = broker.channel()
                channel.queue_delete(self._queue)
                channel.exchange_delete(self._queue)

    def waits_for(self, what: Callable[[], bool]) -> None:
        """Return when ``what`` is true; fail with the worker's log when it takes too long."""
        deadline = time.monotonic() + PATIENCE
        while not what():
            died = self._process is not None and self._process.poll() is not None
            if died or time.monotonic() > deadline:
                pytest.fail(f"The worker {'died' if died else 'did not do it'}:\n{self.log}")
            time.sleep(0.05)


@pytest.fixture
def sandbox() -> Iterator[SandboxState]:
    with faceid_sandbox() as state:
        yield state


@pytest.fixture(
    params=[
        "files",
        pytest.param("redis", marks=pytest.mark.redis),
        pytest.param("rabbitmq", marks=pytest.mark.rabbitmq),
    ]
)
def worker(
    request: pytest.FixtureRequest, tmp_path: Path, sandbox: SandboxState
) -> Iterator[Worker]:
    broker = "files://"
    if request.param != "files":
        broker = url(f"FACEID_TEST_{request.param.upper()}_URL")
    found = Worker(tmp_path, broker, settings.FACEID["ACCOUNTS"]["default"]["ENDPOINT"])
    try:
        yield found
    finally:
        found.kill()
        found.forget_messages()


def issued(who: str) -> VerificationSession:
    return services.issue_token(who).session


def due(*sessions: VerificationSession) -> None:
    """Let time have passed: every lease has run out and the next look is due."""
    past = clock.now() - LONG_AGO
    mine = VerificationSession.objects.filter(pk__in=[session.pk for session in sessions])
    mine.filter(next_pull_at__isnull=False).update(next_pull_at=past)
    mine.filter(last_pull_at__isnull=False).update(last_pull_at=past)
    ApiCall.objects.filter(outcome=Outcome.STARTED).update(started_at=past)


def statuses(*sessions: VerificationSession) -> list[str]:
    for session in sessions:
        session.refresh_from_db()
    return [session.status for session in sessions]


def test_a_worker_expires_collects_and_shows_that_it_lives(
    worker: Worker, sandbox: SandboxState
) -> None:
    passed, too_dark, walked = issued("one"), issued("two"), issued("three")
    play(passed, "pass")
    play(too_dark, "too_dark")
    due(passed, too_dark)
    past = clock.now() - timedelta(minutes=15)
    VerificationSession.objects.filter(pk=walked.pk).update(
        issued_at=past, token_expires_at=past + timedelta(minutes=10)
    )
    worker.start()
    worker.waits_for(
        lambda: statuses(passed, too_dark, walked) == ["succeeded", "failed", "expired"]
    )
    worker.waits_for(lambda: heartbeat.stale_tasks() == [])
    assert passed.verdict == "verified"
    worker.waits_for(lambda: not SessionEvent.objects.filter(delivered_at=None).exists())
    assert "Traceback" not in worker.log


@pytest.mark.parametrize("messages", ["kept", "lost"])
def test_a_killed_worker_loses_nothing(
    messages: str, worker: Worker, sandbox: SandboxState
) -> None:
    sessions = [issued(f"reference-{number}") for number in range(4)]
    for session in sessions:
        play(session, "pass")
    due(*sessions)
    sandbox.faults.add(Delay(Action="GetFaceIdResultIntl", Seconds=8, Count=None))
    worker.start()
    worker.waits_for(lambda: ApiCall.objects.filter(outcome=Outcome.STARTED).count() == 2)
    worker.kill()
    assert statuses(*sessions) == [Status.ISSUED] * 4
    if messages == "lost":
        worker.forget_messages()

    interrupted = make_session(status=Status.PENDING, lease_until=clock.now() - LONG_AGO)
    undelivered_event(LONG_AGO)
    sandbox.faults.clear()
    due(*sessions)
    worker.start()
    worker.waits_for(lambda: statuses(*sessions, interrupted) == ["succeeded"] * 4 + ["error"])
    worker.waits_for(lambda: not SessionEvent.objects.filter(delivered_at=None).exists())
    worker.waits_for(lambda: not ApiCall.objects.filter(outcome=Outcome.STARTED).exists())
    assert ApiCall.objects.filter(outcome=Outcome.INTERRUPTED).count() == 2
    for session in sessions:
        assert session.events.filter(to_status="succeeded").count() == 1
