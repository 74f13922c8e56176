from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.dispatch import Signal

from django_faceid import clock, services, signals
from django_faceid.models import SessionEvent, Source, Status, VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import outbox
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


def test_a_receiver_that_deletes_the_user_takes_nobodys_news(
    sandbox: SandboxState, heard: Heard
) -> None:
    def forget(**_kwargs: Any) -> None:
        User.objects.all().delete()

    ann = User.objects.create_user("ann")
    session = services.issue_token(ann).session
    play(session, "pass")
    session = VerificationSession.objects.get()
    signals.session_completed.connect(forget)
    try:
        services.fetch_result(session)
    finally:
        signals.session_completed.disconnect(forget)
    assert [name for name, _kwargs in heard][1:] == ["session_completed", "verdict_changed"]
    assert heard[-1][1]["user"].username == "ann"
    advance(seconds=20)
    assert services.deliver_events() == 0


def test_news_of_a_user_who_is_gone_by_then_are_told_without_one(
    sandbox: SandboxState, heard: Heard
) -> None:
    ann = User.objects.create_user("ann")
    session = make_session(ann)
    result: dict[str, Any] = {"result_code": "0", "category": "passed", "result_at": clock.now()}
    event = session.move(Status.SUCCEEDED, source=Source.TASK, **result)
    assert event is not None
    event.session = VerificationSession.objects.get()  # its user is not read yet
    User.objects.all().delete()
    outbox.announce(event)
    assert heard[-1][1]["user"] is None
    assert not SessionEvent.objects.filter(delivered_at=None).exists()


def test_a_delivery_that_fails_is_nobodys_error_and_is_tried_again(
    sandbox: SandboxState,
    heard: Heard,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_args: Any, **_options: Any) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as broken:
        broken.setattr(signals.session_canceled, "send_robust", fail)
        services.cancel(make_session())
    assert heard == []
    assert "outcome=RuntimeError" in caplog.text
    advance(seconds=20)
    assert services.deliver_events() == 1
    assert [name for name, _kwargs in heard] == ["session_canceled"]


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
