"""With a connection pool smaller than the number of calls that wait for Tencent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connections

from django_faceid.models import VerificationSession
from django_faceid.sandbox.faults import Delay
from django_faceid.services import issue_token
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
