"""Workers that start at the same instant, on real transactions."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from pytest_django import Settings

from django_faceid import services
from django_faceid.models import EventKind, Source, Status, Verdict, VerificationSession
from django_faceid.services.errors import KeyInFlight
from django_faceid.testing import advance, play

from .racing import ROUNDS, Act, Race, issued, loaded

pytestmark = pytest.mark.django_db(transaction=True)


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


@pytest.mark.parametrize("places", [1, 1000])
def test_many_posts_with_one_key_make_one_token_and_tell_no_one_of_a_full_queue(
    race: Race, settings: Settings, places: int
) -> None:
    settings.FACEID = {**settings.FACEID, "MAX_IN_FLIGHT": places}
    for number in range(ROUNDS // 4):
        post = partial(services.issue_token, f"reference-{number}", idempotency_key="one")
        refusals = race.run(*[post] * 6)
        assert {type(error) for error in refusals} <= {KeyInFlight}
        # What is answered is nobody's work any more, whoever looks at the same time.
        assert race.run(*[post] * 6) == []
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
