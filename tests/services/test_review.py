from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from django_faceid import clock, services
from django_faceid.models import Review, Status, Verdict
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import errors
from django_faceid.testing import make_session, play
from tests.services.conftest import Flows

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> User:
    return User.objects.create_user("staff")


def test_a_rejection_takes_a_verification_back(staff: User) -> None:
    session = make_session("ann", status=Status.SUCCEEDED)
    assert services.is_verified("ann", "default")
    services.reject(session, actor=staff, reason="another person", note="seen in the branch")
    assert (session.review, session.verdict) == (Review.REJECTED, Verdict.REJECTED)
    assert not services.is_verified("ann", "default")
    event = session.events.get()
    assert (event.kind, event.actor, event.reason) == ("review", staff, "another person")
    assert (event.from_verdict, event.to_verdict) == ("verified", "rejected")


def test_a_decision_can_be_reversed(staff: User) -> None:
    session = make_session("ann", status=Status.SUCCEEDED)
    services.reject(session, actor=staff, reason="mistaken")
    services.approve(session, actor=staff, reason="talked to the customer")
    assert services.is_verified("ann", "default")
    assert session.events.count() == 2


def test_a_flow_that_asks_for_review_waits_for_it(
    sandbox: SandboxState, flow: Flows, staff: User
) -> None:
    flow(REVIEW="always")
    session = services.issue_token("ann").session
    play(session, "pass")
    services.fetch_result(session)
    assert (session.review, session.verdict) == (Review.PENDING, Verdict.UNDECIDED)
    services.approve(session, actor=staff, reason="looks right")
    assert services.is_verified("ann", "default")


def test_nobody_decides_on_their_own_session(staff: User) -> None:
    session = make_session(staff, status=Status.SUCCEEDED)
    with pytest.raises(errors.NotReviewable, match="own"):
        services.reject(session, actor=staff, reason="x")


def test_a_decision_needs_a_reason(staff: User) -> None:
    session = make_session(status=Status.SUCCEEDED)
    with pytest.raises(errors.Invalid):
        services.reject(session, actor=staff, reason="")


@pytest.mark.parametrize(
    "status", [Status.PENDING, Status.ISSUED, Status.EXPIRED, Status.CANCELED, Status.ERROR]
)
def test_there_is_nothing_to_decide_before_a_result(staff: User, status: Status) -> None:
    with pytest.raises(errors.NotReviewable):
        services.approve(make_session(status=status), actor=staff, reason="x")


def test_of_two_colleagues_the_first_decides(staff: User) -> None:
    session = make_session(status=Status.SUCCEEDED)
    stale = type(session).objects.get(pk=session.pk)
    services.reject(session, actor=staff, reason="x")
    with pytest.raises(errors.NotReviewable, match="colleague"):
        services.reject(stale, actor=staff, reason="x")
    assert session.events.count() == 1


def test_an_approval_gives_no_more_time_than_the_result_did(staff: User) -> None:
    long_ago = clock.now() - timedelta(days=400)
    session = make_session(
        "ann",
        status=Status.FAILED,
        result_at=long_ago,
        flow_snapshot={"valid_for": timedelta(days=30).total_seconds()},
    )
    services.approve(session, actor=staff, reason="seen in the branch")
    assert session.verified_until == long_ago + timedelta(days=30)
    assert not services.is_verified("ann", "default")


def test_a_blank_is_no_reason(staff: User) -> None:
    with pytest.raises(errors.Invalid):
        services.reject(make_session(status=Status.SUCCEEDED), actor=staff, reason="  ")
