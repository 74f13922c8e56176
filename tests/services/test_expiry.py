from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections

from django_faceid import clock, services, signals
from django_faceid.models import ClosedReason, SessionEvent, Source, Status, VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import expiry
from django_faceid.testing import advance, make_session

pytestmark = pytest.mark.django_db


def test_a_token_is_refused_to_its_owner_at_ten_minutes_with_no_sweep_at_all(
    sandbox: SandboxState,
) -> None:
    session = services.issue_token("ann").session
    advance(minutes=9, seconds=59)
    assert session.may_start
    advance(seconds=1)
    assert not session.may_start
    assert session.status == Status.ISSUED


def test_the_sweep_moves_the_label_and_writes_the_event(sandbox: SandboxState) -> None:
    session = make_session()
    advance(minutes=10)
    assert services.expire_tokens() == 1
    session.refresh_from_db()
    event = session.events.get()
    assert (session.status, session.closed_reason) == (Status.EXPIRED, ClosedReason.CLOCK)
    assert session.live_key is None
    assert (event.from_status, event.to_status) == ("issued", "expired")
    assert event.source == Source.TASK


def test_the_sweep_leaves_live_and_final_sessions_alone(sandbox: SandboxState) -> None:
    for status in Status:
        make_session(status=status)
    assert services.expire_tokens() == 0
    assert not SessionEvent.objects.exists()


def test_many_are_swept_in_bounded_batches(
    sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "BATCH", 3)
    for _session in range(8):
        make_session()
    advance(minutes=10)
    assert services.expire_tokens() == 8
    assert SessionEvent.objects.filter(to_status="expired").count() == 8
    assert services.expire_tokens() == 0


def test_the_token_stays_for_a_late_result(sandbox: SandboxState) -> None:
    session = make_session()
    advance(minutes=10)
    services.expire_tokens()
    session.refresh_from_db()
    assert session.sdk_token


def test_each_swept_session_is_announced_once(sandbox: SandboxState) -> None:
    heard: list[VerificationSession] = []

    def hear(session: VerificationSession, **_kwargs: object) -> None:
        heard.append(session)

    signals.session_expired.connect(hear)
    try:
        session = make_session()
        advance(minutes=10)
        services.expire_tokens()
        services.expire_tokens()
    finally:
        signals.session_expired.disconnect(hear)
    assert heard == [session]


@pytest.mark.django_db(transaction=True)
def test_four_sweepers_at_once_make_one_event_for_each_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(expiry, "BATCH", 3)
    start = clock.now() - timedelta(hours=1)
    for _session in range(40):
        make_session(issued_at=start, token_expires_at=start + timedelta(minutes=10))
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _sweeper: _sweep(), range(4)))
    assert sum(counts) == 40
    assert SessionEvent.objects.filter(to_status="expired").count() == 40


def _sweep() -> int:
    try:
        return services.expire_tokens()
    finally:
        connections.close_all()
