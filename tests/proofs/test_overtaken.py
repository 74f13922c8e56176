"""A slow call that finds its session changed when its answer comes."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import pytest

from django_faceid import services
from django_faceid.models import EventKind, Status, VerificationSession
from django_faceid.sandbox.faults import Reset
from django_faceid.services.errors import ServiceError
from django_faceid.testing import advance, play

from .meddling import Moment, killed, meanwhile
from .racing import Race, issued, loaded

pytestmark = pytest.mark.django_db(transaction=True)


def test_who_is_killed_between_two_signals_of_one_event_leaves_both_to_be_sent(race: Race) -> None:
    session = issued("ann")
    play(session, "pass")
    with killed(Moment.BETWEEN_TWO_SIGNALS):
        services.fetch_result(loaded(session))
    event = session.events.get(to_status=Status.SUCCEEDED)
    assert event.delivered_at is None
    assert [name for name, pk in race.heard if pk == event.pk] == ["session_completed"]
    race.heard.clear()
    advance(seconds=15)
    services.deliver_events()
    assert {name for name, pk in race.heard} == {"session_completed", "verdict_changed"}


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
