"""Two database aliases, of which one is a replica: transactions belong to the other."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, transaction
from pytest_django import Settings

from django_faceid import services
from django_faceid.models import SessionEvent, Source, Status, VerificationSession
from django_faceid.models.database import write_alias
from django_faceid.services import errors
from django_faceid.testing import faceid_sandbox, make_session, play

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])


class ReadFromTheReplica:
    """Reads from a replica, writes to the primary, as Django's documentation has it."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "replica"

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "default"

    def allow_relation(self, *objects: Any, **hints: Any) -> bool:
        return True


@pytest.fixture(autouse=True)
def routed(settings: Settings) -> None:
    settings.DATABASE_ROUTERS = [ReadFromTheReplica()]


def test_the_primary_takes_the_writes() -> None:
    assert write_alias() == "default"


def test_a_whole_onboarding_works_beside_a_replica() -> None:
    with faceid_sandbox():
        session = services.issue_token("ann").session
        play(session, "pass")
        services.fetch_result(session)
        services.expire_tokens()
        services.deliver_events()
        services.recover_interrupted()
        assert services.is_verified("ann", "default")


def test_a_hosts_rollback_takes_a_cancellation_back() -> None:
    session = make_session()
    with pytest.raises(RuntimeError), transaction.atomic(using="default"):
        services.cancel(VerificationSession.objects.get(pk=session.pk), source=Source.HOST)
        raise RuntimeError
    assert VerificationSession.objects.get(pk=session.pk).status == Status.ISSUED


def test_inside_a_transaction_on_the_primary_nothing_is_sent() -> None:
    with faceid_sandbox() as state:
        with pytest.raises(RuntimeError, match="outside"), transaction.atomic(using="default"):
            services.issue_token("ann")
        assert not state.exchanges


def test_a_decision_is_written_once() -> None:
    session = services.cancel(make_session())
    with pytest.raises(errors.NotReviewable):
        services.approve(session, actor=type("Staff", (), {"pk": 1})(), reason="mistake")


def victim_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the database choose the first event's transaction to break a deadlock."""
    save = SessionEvent.save
    chosen: list[SessionEvent] = []

    def saved(event: SessionEvent, *args: Any, **options: Any) -> None:
        if not chosen:
            chosen.append(event)
            raise OperationalError(1213, "Deadlock found when trying to get lock")
        save(event, *args, **options)

    monkeypatch.setattr(SessionEvent, "save", saved)


def test_a_deadlock_takes_no_move_back_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    session = make_session()
    victim_once(monkeypatch)
    services.cancel(session)
    assert (session.status, session.events.count()) == (Status.CANCELED, 1)


def test_within_a_callers_transaction_a_deadlock_is_the_callers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = make_session()
    victim_once(monkeypatch)
    with pytest.raises(OperationalError), transaction.atomic():
        services.cancel(session)
    session.refresh_from_db()
    assert session.status == Status.ISSUED
