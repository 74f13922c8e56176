"""Staff who take and decide at the same instant."""

from __future__ import annotations

from functools import partial

import pytest
from django.contrib.auth.models import User

from django_faceid import services
from django_faceid.models import EventKind, Status, Verdict, VerificationSession
from django_faceid.services.errors import NotReviewable
from django_faceid.testing import make_session, play

from .racing import ROUNDS, Act, Race, loaded

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_an_approval_and_a_rejection_at_once_the_row_and_the_last_event_agree(
    race: Race,
) -> None:
    staff = User.objects.create_user("staff")
    for number in range(ROUNDS):
        session = services.issue_token(f"reference-{number}", "withdraw").session
        play(session, "too_dark")
        services.fetch_result(session)
        refusals = race.run(
            partial(services.approve, loaded(session), actor=staff, reason="mistake"),
            partial(services.reject, loaded(session), actor=staff, reason="mistake"),
        )
        assert [type(error) for error in refusals] == [NotReviewable]
        decision = session.events.get(kind=EventKind.REVIEW)
        session.refresh_from_db()
        assert (decision.from_verdict, decision.to_verdict) == ("undecided", session.verdict)
        assert session.verdict != Verdict.UNDECIDED
    race.leaves_order()


def waiting(number: int) -> VerificationSession:
    columns = {"status": Status.FAILED, "review": "pending", "flow": "withdraw"}
    two = {"second_review": True}
    return make_session(f"reference-{number}", **columns, flow_snapshot=two, request_id="")


def test_reviewers_who_press_the_button_at_once_get_a_session_each(race: Race) -> None:
    people = [User.objects.create_user(f"staff-{number}") for number in range(6)]
    for _round in range(ROUNDS // 4):
        oldest = [waiting(number) for number in range(len(people) + 1)]
        given: list[VerificationSession | None] = []
        race.run(*[partial(_take_next, person, given) for person in people])
        assert {session.pk for session in given if session} == {s.pk for s in oldest[:-1]}
        held = VerificationSession.objects.exclude(review_held_by=None)
        assert len(set(held.values_list("review_held_by", flat=True))) == len(people)
        VerificationSession.objects.all().delete()


def _take_next(person: User, given: list[VerificationSession | None]) -> None:
    given.append(services.claim_next(person))


def test_of_all_who_claim_one_session_at_once_one_holds_it(race: Race) -> None:
    people = [User.objects.create_user(f"staff-{number}") for number in range(4)]
    for number in range(ROUNDS):
        session = waiting(number)
        refusals = race.run(*[partial(services.claim, loaded(session), p) for p in people])
        assert [type(error) for error in refusals] == [NotReviewable] * 3
        session.refresh_from_db()
        assert session.review_held_by in people


def test_of_many_who_decide_alike_at_once_two_make_the_decision(race: Race) -> None:
    people = [User.objects.create_user(f"staff-{number}") for number in range(4)]
    for number in range(ROUNDS):
        session = waiting(number)
        race.run(*[_rejecting(session, person) for person in people])
        race.run(*[_rejecting(session, person) for person in people])
        kinds = list(session.events.order_by("id").values_list("kind", flat=True))
        assert kinds == [EventKind.REVIEW_PROPOSED, EventKind.REVIEW]
        first, second = session.events.order_by("id")
        assert first.actor != second.actor
        session.refresh_from_db()
        assert (session.verdict, session.review_proposed) == (Verdict.REJECTED, "")


def test_a_claim_and_a_decision_at_once_leave_no_hold_on_what_is_decided(race: Race) -> None:
    ann, bob = (User.objects.create_user(name) for name in ("ann", "bob"))
    for number in range(ROUNDS):
        session = waiting(number)
        VerificationSession.objects.filter(pk=session.pk).update(flow_snapshot={})
        race.run(partial(services.claim_next, ann), _rejecting(session, bob))
        session.refresh_from_db()
        decided = session.verdict == Verdict.REJECTED
        # Whoever was first: a claim keeps the other from deciding, a decision from claiming.
        assert (session.review_held_by is None) == decided
        services.release(session, ann)
        VerificationSession.objects.filter(pk=session.pk).update(review="none", verdict="undecided")


def _rejecting(session: VerificationSession, person: User) -> Act:
    return lambda: services.reject(loaded(session), actor=person, reason="fraud")
