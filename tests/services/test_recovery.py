from __future__ import annotations

import pytest

from django_faceid import services
from django_faceid.models import ApiCall, Outcome, Source, Status
from django_faceid.sandbox.state import SandboxState
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


def test_an_attempt_without_an_outcome_is_filed_as_interrupted(sandbox: SandboxState) -> None:
    call = ApiCall.objects.create(action="A", account="default", region="r")
    services.recover_interrupted()
    call.refresh_from_db()
    assert call.outcome == Outcome.STARTED
    advance(minutes=2)
    services.recover_interrupted()
    call.refresh_from_db()
    assert call.outcome == Outcome.INTERRUPTED
