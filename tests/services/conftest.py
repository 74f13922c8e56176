from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.models import BigIntegerField, Value
from pytest_django import Settings

from django_faceid import conf
from django_faceid.models import VerificationSession
from django_faceid.sandbox import media
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import calls, collecting, evidence, issue_token, pacing
from django_faceid.testing import faceid_sandbox

from .counted import NOON, at

# Connection pools are PostgreSQL's, and SQLite has no connection that a server could end;
# tests/test_databases.py runs this folder on the others too.
collect_ignore = {
    "postgresql": [],
    "mysql": ["test_pool.py"],
    "sqlite": ["test_pool.py", "test_lost_connections.py"],
}[connection.vendor]


@pytest.fixture
def sandbox(db: None) -> Iterator[SandboxState]:
    with faceid_sandbox() as state:
        yield state


@pytest.fixture
def session(sandbox: SandboxState) -> VerificationSession:
    """Somebody's, with a token in hand."""
    return issue_token("ann").session


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come at once."""
    monkeypatch.setattr(calls, "BACKOFF", 0.0)


class Clock:
    """Stands still while nobody sleeps by it."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._start = time.time_ns() // 1000

    def monotonic(self) -> float:
        return sum(self.slept)

    def microseconds(self) -> int:
        return self._start + round(self.monotonic() * 1_000_000)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of reservations, the database's too: each wait is exact and nobody comes late."""
    clock = Clock()
    for module in (collecting, evidence, pacing):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(pacing, "_microseconds", clock.microseconds)
    monkeypatch.setattr(pacing, "_clock", lambda: Value(clock.microseconds(), BigIntegerField()))
    return clock


class Flows:
    """Changes one flow of FACEID for the length of a test."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, name: str = "default", **rules: Any) -> None:
        given = self._settings.FACEID
        flows = {**given.get("FLOWS", {}), name: rules}
        self._settings.FACEID = {**given, "FLOWS": flows}
        assert conf.flow(name) is not None


@pytest.fixture
def flow(settings: Settings) -> Flows:
    return Flows(settings)


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that stands still a few seconds after noon."""
    at(NOON, monkeypatch)


@pytest.fixture
def jpeg() -> str:
    """A small real JPEG in base64."""
    return media.BEST_FRAME
