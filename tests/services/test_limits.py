from __future__ import annotations

from datetime import timedelta

import pytest

from django_faceid import clock, conf
from django_faceid.models import Status, Subject
from django_faceid.services import errors, limits
from django_faceid.testing import make_session

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
    assert limits.next_attempt_number(KEY, "default") == 3
    make_session("ann", status=Status.ERROR)
    assert limits.next_attempt_number(KEY, "default") == 3
    make_session("ann", status=Status.SUCCEEDED)
    assert limits.next_attempt_number(KEY, "default") == 1
