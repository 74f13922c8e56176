from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_faceid import clock, services
from django_faceid.models import Status, VerificationSession
from django_faceid.services import errors, holds
from django_faceid.testing import advance, make_session

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "offset", clock.offset)


@pytest.fixture
def ann() -> User:
    return User.objects.create_user("ann")


@pytest.fixture
def bob() -> User:
    return User.objects.create_user("bob")


def waiting(who: Any = None, **columns: Any) -> VerificationSession:
    return make_session(who, **{"status": Status.FAILED, "review": "pending", **columns})


def test_the_oldest_is_given_out_first_and_to_one_person_alone(ann: User, bob: User) -> None:
    first, second = waiting(), waiting()
    make_session(status=Status.FAILED)
    assert services.claim_next(ann) == first
    assert services.claim_next(bob) == second
    assert services.claim_next(User.objects.create_user("eve")) is None


def test_the_oldest_is_what_has_waited_longest_and_not_what_was_opened_first(ann: User) -> None:
    waiting()
    longest = waiting(result_at=clock.now() - timedelta(hours=1))
    assert services.claim_next(ann) == longest


def test_who_asks_again_gets_the_same_again(ann: User) -> None:
    first = waiting()
    waiting()
    assert services.claim_next(ann) == first
    assert services.claim_next(ann) == first


def test_nobody_is_given_their_own_session(ann: User, bob: User) -> None:
    own, other = waiting(ann), waiting()
    assert services.claim_next(ann) == other
    services.release(other, ann)
    with pytest.raises(errors.NotReviewable, match="ask a colleague"):
        services.claim(own, ann)
    assert services.claim_next(bob) == own


def test_what_is_held_is_not_to_be_had_until_it_is_released(ann: User, bob: User) -> None:
    session = waiting()
    services.claim(session, ann)
    assert holds.holder(session) == ann
    with pytest.raises(errors.NotReviewable, match="A colleague is looking at it: ann"):
        services.claim(session, bob)
    services.release(session, bob)
    assert holds.holder(session) == ann
    services.release(session, ann)
    assert holds.holder(session) is None
    services.claim(session, bob)
    assert holds.holder(session) == bob


def test_a_hold_is_given_up_after_a_quiet_time_that_claiming_again_renews(
    ann: User, bob: User
) -> None:
    session = waiting()
    services.claim(session, ann)
    advance(minutes=14)
    services.claim(session, ann)
    advance(minutes=14)
    assert services.claim_next(bob) is None
    advance(minutes=1)
    assert holds.holder(session) is None
    assert services.claim_next(bob) == session
    with pytest.raises(errors.NotReviewable):
        services.claim(session, ann)


def test_a_colleague_who_is_gone_holds_nothing(ann: User, bob: User) -> None:
    session = waiting()
    services.claim(session, ann)
    ann.delete()
    assert services.claim_next(bob) == session


@pytest.mark.parametrize("status", [Status.PENDING, Status.ISSUED, Status.EXPIRED, Status.CANCELED])
def test_what_has_no_result_cannot_be_held(ann: User, status: Status) -> None:
    with pytest.raises(errors.NotReviewable, match="final result"):
        services.claim(make_session(status=status), ann)


def test_what_is_decided_can_be_held_for_a_reversal(ann: User) -> None:
    session = make_session(status=Status.SUCCEEDED)
    services.claim(session, ann)
    assert holds.holder(session) == ann
    assert services.claim_next(ann) is None


def test_proposals_are_given_to_colleagues_after_all_that_has_not_been_looked_at(
    ann: User, bob: User
) -> None:
    two = {"flow_snapshot": {"second_review": True}}
    reversal = make_session(status=Status.SUCCEEDED, **two)
    pending = waiting(**two)
    for session in (reversal, pending):
        services.reject(session, actor=ann, reason="mistake")
    assert services.claim_next(ann) is None
    assert services.claim_next(bob) == pending
    services.reject(pending, actor=bob, reason="mistake")
    assert services.claim_next(bob) == reversal


def test_a_hold_changes_nothing_that_a_client_could_see(ann: User) -> None:
    session = waiting()
    services.claim(session, ann)
    assert session.version == 0
    assert not session.events.exists()


def count(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        act()
    return len(queries)


def test_the_next_one_costs_the_same_whatever_waits(ann: User, bob: User) -> None:
    waiting()
    few = count(partial(services.claim_next, ann))
    for _number in range(60):
        waiting()
    assert count(partial(services.claim_next, bob)) == few
