from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.dispatch import Signal

from django_faceid import services, signals
from django_faceid.models import SessionEvent, Source, Status, VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.testing import advance, make_session, play

pytestmark = pytest.mark.django_db
NAMES = [name for name in dir(signals) if isinstance(getattr(signals, name), Signal)]


@pytest.fixture
def heard() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Every signal the app sends, in order."""
    received: list[tuple[str, dict[str, Any]]] = []

    def listener(name: str) -> Any:
        return lambda signal, sender, **kwargs: received.append((name, kwargs))  # noqa: ARG005

    for name in NAMES:
        getattr(signals, name).connect(listener(name), weak=False, dispatch_uid="heard")
    yield received
    for name in NAMES:
        getattr(signals, name).disconnect(dispatch_uid="heard")


Heard = list[tuple[str, dict[str, Any]]]


def test_an_onboarding_tells_its_story(sandbox: SandboxState, heard: Heard) -> None:
    session = services.issue_token("ann").session
    play(session, "pass")
    services.fetch_result(session)
    assert [name for name, _kwargs in heard] == [
        "session_issued",
        "session_completed",
        "verdict_changed",
    ]
    verdict = heard[-1][1]
    assert verdict == {
        "session": session,
        "user": None,
        "reference": "ann",
        "flow": "default",
        "old": "undecided",
        "new": "verified",
        "event_id": session.events.get(to_status="succeeded").pk,
    }
    assert not SessionEvent.objects.filter(delivered_at=None).exists()


def test_a_capture_problem_changes_no_verdict(sandbox: SandboxState, heard: Heard) -> None:
    session = services.issue_token("ann").session
    play(session, "too_dark")
    services.fetch_result(session)
    assert [name for name, _kwargs in heard] == ["session_issued", "session_completed"]


def test_what_a_killed_process_did_not_send_is_sent_later(
    sandbox: SandboxState, heard: Heard
) -> None:
    session = make_session()
    event = session.move(Status.CANCELED, source=Source.HOST)
    assert services.deliver_events() == 0
    assert heard == []
    advance(seconds=20)
    assert services.deliver_events() == 1
    assert event is not None
    assert heard == [("session_canceled", {"session": session, "event_id": event.pk})]
    assert services.deliver_events() == 0


def test_a_receiver_that_fails_does_not_silence_the_others(
    sandbox: SandboxState, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_kwargs: Any) -> None:
        raise RuntimeError("the host's bug")

    signals.session_canceled.connect(broken)
    try:
        services.cancel(make_session())
    finally:
        signals.session_canceled.disconnect(broken)
    assert [name for name, _kwargs in heard] == ["session_canceled"]
    assert "the host's bug" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_signal_waits_for_the_hosts_own_transaction(heard: Heard) -> None:
    session = make_session()
    with transaction.atomic():
        services.cancel(session)
        assert heard == []
    assert [name for name, _kwargs in heard] == ["session_canceled"]


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_fails_sends_nothing(heard: Heard) -> None:
    session = make_session()
    with pytest.raises(RuntimeError), transaction.atomic():
        services.cancel(session)
        raise RuntimeError
    assert heard == []
    assert VerificationSession.objects.get().status == Status.ISSUED
