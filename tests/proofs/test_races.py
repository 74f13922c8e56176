"""Workers that start at the same instant, on real transactions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from django_faceid import services
from django_faceid.models import (
    EventKind,
    SessionEvent,
    Source,
    Status,
    Verdict,
    VerificationSession,
)
from django_faceid.sandbox.faults import Reset
from django_faceid.sandbox.state import SandboxState
from django_faceid.services.errors import KeyInFlight, NotReviewable, ServiceError
from django_faceid.testing import advance, make_session, play

from . import invariants
from .meddling import meanwhile
from .world import listening, roomy_sandbox

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 20
Act = Callable[[], Any]


class Race:
    """A sandbox, an ear on every signal, and a starting gun."""

    def __init__(self, sandbox: SandboxState) -> None:
        self.sandbox = sandbox
        self.heard: invariants.Heard = set()

    def run(self, *acts: Act) -> list[BaseException]:
        """Run each act in a thread of its own from the same instant; what they could not do."""
        start = threading.Barrier(len(acts))
        refusals: list[BaseException] = []

        def run(act: Act) -> None:
            try:
                start.wait(timeout=10)
                act()
            except BaseException as error:
                refusals.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert not any(thread.is_alive() for thread in threads)
        surprises = [error for error in refusals if not isinstance(error, ServiceError)]
        assert surprises == []
        return refusals

    def leaves_order(self) -> None:
        """What always holds, holds; what is open has an end."""
        self.holds()
        advance(seconds=61)
        services.recover_interrupted()
        advance(seconds=15)
        services.deliver_events()
        services.expire_tokens()
        assert list(invariants.left_behind()) == []
        self.holds()

    def holds(self) -> None:
        sessions = list(VerificationSession.objects.all())
        events = list(SessionEvent.objects.all())
        broken = [
            *invariants.two_live(sessions),
            *invariants.illegal_stories(sessions, events),
            *invariants.wrong_verdicts(sessions),
            *invariants.shown_tokens(sessions),
            *invariants.pulls_without_a_token(sessions),
            *invariants.unfiled_answers(sessions),
            *invariants.lost_tokens(self.sandbox.tokens.values(), sessions),
            *invariants.unheard(events, self.heard),
        ]
        assert broken == []


@pytest.fixture
def race() -> Iterator[Race]:
    with roomy_sandbox() as sandbox:
        found = Race(sandbox)
        with listening(lambda name, pk: found.heard.add((name, pk))):
            yield found


def issued(who: str) -> VerificationSession:
    return services.issue_token(who).session


def loaded(session: VerificationSession) -> VerificationSession:
    return VerificationSession.objects.get(pk=session.pk)


def tapping(who: str, params: dict[str, Any] | None = None) -> Act:
    return partial(services.issue_token, who, params=params)


def pulling(session: VerificationSession) -> Act:
    return lambda: services.fetch_result(loaded(session))


def ended(session: VerificationSession) -> list[str]:
    moves = session.events.filter(kind=EventKind.TRANSITION)
    return list(moves.values_list("to_status", flat=True))


def test_a_replacing_tap_a_late_pass_and_a_sweep_at_once(race: Race) -> None:
    for number in range(ROUNDS):
        who = f"reference-{number}"
        session = issued(who)
        play(session, "pass")
        # The tenth minute strikes: the tap sees a live token or none, as the sweep does.
        advance(minutes=10 if number % 2 else 1)
        race.run(
            tapping(who, {"retry_limit": 1}),
            pulling(session),
            services.expire_tokens,
        )
        session.refresh_from_db()
        assert session.status == Status.SUCCEEDED
        assert ended(session).count(Status.SUCCEEDED) == 1
        assert services.is_verified(who, "default")
        race.leaves_order()


def test_two_workers_that_pull_at_once_write_one_result(race: Race) -> None:
    for number in range(ROUNDS):
        session = issued(f"reference-{number}")
        play(session, "pass")
        race.run(*[pulling(session)] * 2)
        session.refresh_from_db()
        assert ended(session) == [Status.ISSUED, Status.SUCCEEDED]
        assert session.pulls == 1
    race.leaves_order()


def test_two_collectors_ask_about_each_session_once(race: Race) -> None:
    sessions = [issued(f"reference-{number}") for number in range(ROUNDS)]
    for session in sessions:
        play(session, "pass")
    advance(seconds=95)
    race.run(services.collect_results, services.collect_results)
    for session in sessions:
        session.refresh_from_db()
        assert (session.status, session.pulls) == (Status.SUCCEEDED, 1)
    race.leaves_order()


def test_a_tap_and_a_sweep_end_an_overdue_session_once(race: Race) -> None:
    for number in range(ROUNDS):
        who = f"reference-{number}"
        session = issued(who)
        advance(minutes=10)
        race.run(tapping(who), services.expire_tokens)
        assert ended(session) == [Status.ISSUED, Status.EXPIRED]
        live = VerificationSession.objects.filter(reference=who, status=Status.ISSUED)
        assert live.count() == 1
    race.leaves_order()


def test_many_taps_at_once_make_one_token(race: Race) -> None:
    for number in range(ROUNDS // 4):
        who = f"reference-{number}"
        race.run(*[tapping(who)] * 6)
        assert VerificationSession.objects.filter(reference=who).count() == 1
    assert len(race.sandbox.tokens) == ROUNDS // 4
    race.leaves_order()


def test_many_posts_with_one_key_make_one_token_and_tell_no_one_of_a_full_queue(
    race: Race,
) -> None:
    for number in range(ROUNDS // 4):
        post = partial(services.issue_token, f"reference-{number}", idempotency_key="one")
        refusals = race.run(*[post] * 6)
        assert {type(error) for error in refusals} <= {KeyInFlight}
    assert len(race.sandbox.tokens) == ROUNDS // 4
    race.leaves_order()


def test_a_cancel_and_a_result_at_once_leave_one_of_the_two(race: Race) -> None:
    for number in range(ROUNDS):
        session = issued(f"reference-{number}")
        play(session, "pass")
        race.run(
            partial(services.cancel, loaded(session), source=Source.API),
            pulling(session),
        )
        session.refresh_from_db()
        assert ended(session) in (
            [Status.ISSUED, Status.CANCELED],
            [Status.ISSUED, Status.SUCCEEDED],
        )
        expected = Verdict.VERIFIED if session.status == Status.SUCCEEDED else Verdict.UNDECIDED
        assert session.verdict == expected
    race.leaves_order()


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


def test_an_unfinished_answer_that_comes_after_the_final_one_schedules_nothing(race: Race) -> None:
    session = issued("ann")

    def somebody_faster() -> None:
        play(session, "pass")
        advance(seconds=2)
        services.fetch_result(loaded(session))

    with meanwhile(somebody_faster):
        services.fetch_result(loaded(session))
    session.refresh_from_db()
    assert (session.status, session.next_pull_at) == (Status.SUCCEEDED, None)
    advance(hours=80)
    assert services.collect_results() == 0


def test_a_token_that_outlived_its_lease_is_dropped_and_said_so(race: Race) -> None:
    def recovery() -> None:
        advance(seconds=31)
        services.recover_interrupted()

    with meanwhile(recovery), suppress(ServiceError):
        services.issue_token("ann")
    session = VerificationSession.objects.get()
    assert (session.status, session.sdk_token, session.error_code) == ("error", "", "Interrupted")
    assert session.events.filter(kind=EventKind.LATE_TOKEN).count() == 1
    race.leaves_order()


def test_a_call_that_outlived_its_lease_leaves_its_key_to_whoever_took_it(race: Race) -> None:
    post = partial(services.issue_token, "ann", idempotency_key="one")
    taken: list[VerificationSession] = []

    def the_clients_repeat() -> None:
        advance(seconds=31)
        taken.append(post().session)

    race.sandbox.faults.add(Reset(When="after"))
    with meanwhile(the_clients_repeat), pytest.raises(ServiceError):
        post()
    assert post() == (taken[0], False)
    race.leaves_order()


def test_of_two_late_results_of_a_canceled_session_the_first_stays(race: Race) -> None:
    session = issued("ann")
    play(session, "pass")
    services.cancel(session)
    first: list[object] = []

    def somebody_faster() -> None:
        advance(seconds=2)
        first.append(services.fetch_result(loaded(session)).result_at)

    with meanwhile(somebody_faster):
        services.fetch_result(loaded(session))
    assert [loaded(session).result_at] == first
    assert session.events.filter(kind=EventKind.LATE_RESULT).count() == 1
    race.leaves_order()
