"""With a connection pool smaller than the number of calls that wait for Tencent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections

from django_faceid.sandbox.faults import Delay
from django_faceid.services import issue_token
from django_faceid.testing import faceid_sandbox

pytestmark = pytest.mark.django_db(transaction=True)
TAPS = 8
POOL = 2
SECONDS = 1.0


@pytest.fixture
def small_pool() -> Iterator[None]:
    """Two database connections for this process."""
    options: dict[str, Any] = connection.settings_dict["OPTIONS"]
    connections.close_all()
    options["pool"] = {"min_size": 0, "max_size": POOL, "timeout": 20}
    yield
    connections.close_all()
    connection.close_pool()  # type: ignore[attr-defined]
    del options["pool"]


@pytest.mark.usefixtures("small_pool")
def test_no_connection_is_held_while_tencent_thinks() -> None:
    with faceid_sandbox() as state, ThreadPoolExecutor(TAPS) as pool:
        state.faults.add(Delay(Seconds=SECONDS, Count=None))
        started = time.monotonic()
        sessions = list(pool.map(_tap, range(TAPS)))
        took = time.monotonic() - started
    assert {session.status for session in sessions} == {"issued"}
    # Held connections would let two taps through at a time.
    assert took < SECONDS * TAPS / POOL * 0.75


def _tap(number: int) -> Any:
    try:
        return issue_token(f"person-{number}").session
    finally:
        connections.close_all()
