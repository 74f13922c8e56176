from __future__ import annotations

import pytest

from django_faceid import clock, services
from django_faceid.models import ApiCall, Outcome, Source, Status, VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import recovery
from django_faceid.testing import advance, make_session

pytestmark = pytest.mark.django_db


def test_a_session_whose_process_died_ends_as_interrupted(sandbox: SandboxState) -> None:
    session = make_session(status=Status.PENDING)
    assert services.recover_interrupted() == 0
    advance(seconds=31)
    assert services.recover_interrupted() == 1
    session.refresh_from_db()
    event = session.events.get()
    assert (session.status, session.error_code) == (Status.ERROR, "Interrupted")
    assert (event.reason, event.source) == ("Interrupted", Source.TASK)
    assert session.live_key is None


def test_one_run_ends_all_however_many_were_interrupted_at_once(
    sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "BATCH", 2)
    for _session in range(5):
        make_session(status=Status.PENDING, lease_until=clock.now())
    assert services.recover_interrupted() == 5
    assert not VerificationSession.objects.filter(status=Status.PENDING).exists()


def test_an_attempt_without_an_outcome_is_filed_as_interrupted(sandbox: SandboxState) -> None:
    call = ApiCall.objects.create(action="A", account="default", region="r")
    services.recover_interrupted()
    call.refresh_from_db()
    assert call.outcome == Outcome.STARTED
    advance(minutes=2)
    services.recover_interrupted()
    call.refresh_from_db()
    assert call.outcome == Outcome.INTERRUPTED
