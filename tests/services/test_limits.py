from __future__ import annotations

from datetime import timedelta

import pytest

from django_faceid import clock, conf
from django_faceid.models import Status, Subject, VerificationSession
from django_faceid.services import errors, limits
from django_faceid.testing import advance, make_session

pytestmark = pytest.mark.django_db
FLOW = conf.Flow(name="default")
KEY = Subject.of("ann").key


def used_up(count: int, **columns: object) -> None:
    for _issue in range(count):
        make_session("ann", status=Status.FAILED, **columns)


def test_five_tokens_in_ten_minutes_and_twenty_in_a_day_by_default() -> None:
    assert limits.attempts_left(FLOW, KEY) == 5
    used_up(5)
    assert limits.attempts_left(FLOW, KEY) == 0
    with pytest.raises(errors.TooManyAttempts) as refusal:
        limits.require_attempts_left(FLOW, KEY)
    assert 590 <= (refusal.value.retry_after or 0) <= 600


def test_the_longest_window_counts_what_the_short_one_forgot() -> None:
    earlier = clock.now() - timedelta(hours=2)
    for _issue in range(20):
        make_session(
            "ann",
            status=Status.FAILED,
            issued_at=earlier,
            token_expires_at=earlier + timedelta(minutes=10),
        )
    with pytest.raises(errors.TooManyAttempts) as refusal:
        limits.require_attempts_left(FLOW, KEY)
    assert 21 * 3600 < (refusal.value.retry_after or 0) <= 22 * 3600


def test_the_providers_troubles_use_up_nobodys_attempts() -> None:
    used_up(5, category="provider", result_code="1001")
    make_session("ann", status=Status.ERROR)
    assert limits.attempts_left(FLOW, KEY) == 5


def test_others_and_other_flows_do_not_count() -> None:
    make_session("bob", status=Status.FAILED)
    make_session("ann", status=Status.FAILED, flow="withdraw")
    assert limits.attempts_left(FLOW, KEY) == 5


def test_a_canceled_session_counts_as_the_attempt_it_was() -> None:
    make_session("ann", status=Status.CANCELED)
    assert limits.attempts_left(FLOW, KEY) == 4


def test_a_flow_may_set_no_limit() -> None:
    used_up(9)
    free = conf.Flow(name="default", max_issues={})
    assert limits.attempts_left(free, KEY) is None
    limits.require_attempts_left(free, KEY)


def test_attempts_are_numbered_from_the_last_verification() -> None:
    used_up(2)
    assert limits.next_attempt(KEY, "default").number == 3
    make_session("ann", status=Status.ERROR)
    assert limits.next_attempt(KEY, "default").number == 3
    make_session("ann", status=Status.SUCCEEDED)
    assert limits.next_attempt(KEY, "default").number == 1


def test_a_number_says_whether_an_earlier_one_verified() -> None:
    used_up(1)
    assert not limits.next_attempt(KEY, "default").was_verified
    make_session("ann", status=Status.SUCCEEDED)
    assert limits.next_attempt(KEY, "default").was_verified


def test_tries_without_a_token_use_up_no_attempt_but_have_a_ceiling() -> None:
    for _try in range(limits.MOST_FAILURES):
        limits.require_attempts_left(FLOW, KEY)
        make_session("ann", status=Status.ERROR)
        advance(seconds=1)
    assert limits.attempts_left(FLOW, KEY) == 5
    with pytest.raises(errors.TooManyAttempts) as refusal:
        limits.require_attempts_left(FLOW, KEY)
    assert 289 <= (refusal.value.retry_after or 0) <= 290
    advance(seconds=refusal.value.retry_after or 0)
    limits.require_attempts_left(FLOW, KEY)


def test_the_ceiling_is_one_for_all_flows_of_a_subject() -> None:
    for number in range(limits.MOST_FAILURES):
        make_session("ann", status=Status.ERROR, flow=f"flow {number}")
    with pytest.raises(errors.TooManyAttempts):
        limits.require_attempts_left(conf.Flow(name="default", max_issues={}), KEY)
    limits.require_attempts_left(FLOW, Subject.of("bob").key)


def test_while_a_token_is_on_its_way_its_subject_waits_in_every_flow() -> None:
    make_session("ann", status=Status.PENDING, flow="withdraw")
    with pytest.raises(errors.Busy) as refusal:
        limits.require_attempts_left(FLOW, KEY)
    assert refusal.value.retry_after == 1
    limits.require_attempts_left(FLOW, Subject.of("bob").key)
    advance(seconds=31)
    limits.require_attempts_left(FLOW, KEY)


def test_clients_have_few_sessions_of_one_subject_asked_about_at_once() -> None:
    sessions = [make_session("ann", status=Status.EXPIRED) for _session in range(6)]
    asked = [session for session in sessions if _asks(session)]
    assert asked == sessions[: limits.MOST_PULLS]
    # Its own last look is what a session's own rule is about.
    assert limits.may_pull(asked[0])
    assert limits.may_pull(make_session("bob"))
    advance(seconds=2)
    assert limits.may_pull(sessions[-1])


def _asks(session: VerificationSession) -> bool:
    allowed = limits.may_pull(session)
    if allowed:
        VerificationSession.objects.filter(pk=session.pk).update(last_pull_at=clock.now())
    return allowed
