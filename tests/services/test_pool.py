"""With a connection pool smaller than the number of calls that wait for Tencent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import connection, connections
from pytest_django import Settings

from django_faceid.models import VerificationSession
from django_faceid.sandbox.faults import Delay, Refuse
from django_faceid.services import calls, issue_token
from django_faceid.services.evidence import Attempt
from django_faceid.testing import faceid_sandbox

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])
TAPS = 8
POOL = 2
SECONDS = 1.0


@pytest.fixture
def small_pool() -> Iterator[None]:
    """Two connections for this process to each database."""
    connections.close_all()
    for each in connections.all():
        each.settings_dict["OPTIONS"]["pool"] = {"min_size": 0, "max_size": POOL, "timeout": 20}
    yield
    connections.close_all()
    for each in connections.all():
        each.close_pool()  # type: ignore[attr-defined]
        del each.settings_dict["OPTIONS"]["pool"]


@pytest.mark.usefixtures("small_pool")
@pytest.mark.parametrize("read_from", ["default", "replica"])
def test_no_connection_is_held_while_tencent_thinks(read_from: str) -> None:
    with faceid_sandbox() as state, ThreadPoolExecutor(TAPS) as pool:
        state.faults.add(Delay(Seconds=SECONDS, Count=None))
        started = time.monotonic()
        sessions = list(pool.map(partial(_tap, read_from), range(TAPS)))
        took = time.monotonic() - started
    assert {session.status for session in sessions} == {"issued"}
    # Held connections would let two taps through at a time.
    assert took < SECONDS * TAPS / POOL * 0.75


def _tap(read_from: str, number: int) -> Any:
    try:
        assert not VerificationSession.objects.using(read_from).filter(reference=number).exists()
        return issue_token(f"person-{number}").session
    finally:
        connections.close_all()


@pytest.mark.usefixtures("small_pool")
def test_what_fetches_credentials_may_ask_the_database_and_holds_no_connection(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []
    leave = Attempt.leave

    def leaving(attempt: Attempt) -> None:
        held.append(connection.connection is not None)
        leave(attempt)

    monkeypatch.setattr(Attempt, "leave", leaving)
    with faceid_sandbox() as state:

        def out_of_the_database() -> tuple[str, str]:
            VerificationSession.objects.exists()
            return state.account.SecretId, state.account.SecretKey

        given = settings.FACEID["ACCOUNTS"]["default"]
        account = {**given, "CREDENTIALS": out_of_the_database, "QUOTA_GROUP": "main"}
        settings.FACEID = {**settings.FACEID, "ACCOUNTS": {"default": account}}
        issue_token("ann")
    assert held == [False]


@pytest.mark.usefixtures("small_pool")
def test_no_connection_is_held_while_a_repeat_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[bool] = []
    monkeypatch.setattr(
        calls, "time", Mock(wraps=time, sleep=lambda _: held.append(bool(connection.connection)))
    )
    with faceid_sandbox() as state:
        state.faults.add(Refuse(Code="InternalError"))
        issue_token("ann")
    assert held == [False]
