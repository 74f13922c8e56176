from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from django_faceid import services
from django_faceid.models import Source, Status
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import errors
from django_faceid.testing import advance, make_session

pytestmark = pytest.mark.django_db


def test_a_live_session_can_be_stopped(sandbox: SandboxState) -> None:
    staff = User.objects.create_user("staff")
    session = services.cancel(make_session(), source=Source.STAFF, actor=staff)
    event = session.events.get()
    assert session.status == Status.CANCELED
    assert (event.to_status, event.actor, event.actor_pk) == ("canceled", staff, str(staff.pk))


def test_why_it_was_stopped_is_kept(sandbox: SandboxState) -> None:
    session = services.cancel(make_session(), reason="The phone was stolen")
    assert session.events.get().reason == "The phone was stolen"
    with pytest.raises(errors.Invalid):
        services.cancel(make_session(), reason="x" * 129)


def test_canceling_again_changes_nothing(sandbox: SandboxState) -> None:
    session = services.cancel(make_session())
    assert services.cancel(session).events.count() == 1


def test_another_token_can_be_had_at_once(sandbox: SandboxState) -> None:
    services.cancel(services.issue_token("ann").session)
    assert services.issue_token("ann").fresh


@pytest.mark.parametrize(
    "status", [Status.PENDING, Status.EXPIRED, Status.SUCCEEDED, Status.FAILED, Status.ERROR]
)
def test_other_sessions_cannot_be_stopped(sandbox: SandboxState, status: Status) -> None:
    session = make_session(status=status)
    with pytest.raises(errors.NotCancelable):
        services.cancel(session)
    assert not session.events.exists()


def test_a_token_whose_time_is_over_is_not_canceled_but_expired(sandbox: SandboxState) -> None:
    session = make_session()
    advance(minutes=10)
    with pytest.raises(errors.NotCancelable):
        services.cancel(session)


def test_a_result_that_was_faster_wins(sandbox: SandboxState) -> None:
    session = make_session()
    stale = type(session).objects.get(pk=session.pk)
    session.move(
        Status.SUCCEEDED,
        source=Source.TASK,
        result_code="0",
        category="passed",
        result_at=session.created_at,
    )
    with pytest.raises(errors.NotCancelable):
        services.cancel(stale)
    assert stale.status == Status.SUCCEEDED
