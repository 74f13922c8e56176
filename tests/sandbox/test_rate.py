from __future__ import annotations

import pytest

from django_faceid.sandbox.errors import ApiError
from django_faceid.sandbox.rate import RateLimit

from .conftest import RESULT, TOKEN


class Clock:
    now = 100.5

    def __call__(self) -> float:
        return self.now


def admitted(limit: RateLimit, attempts: int, action: str = TOKEN) -> int:
    count = 0
    for _ in range(attempts):
        try:
            limit.admit(action)
        except ApiError:
            continue
        count += 1
    return count


def test_the_twenty_first_request_of_a_second_is_refused_in_the_vendors_words() -> None:
    limit = RateLimit(20, clock=Clock())
    assert admitted(limit, 20) == 20

    with pytest.raises(ApiError) as error:
        limit.admit(TOKEN)

    assert error.value.code == "RequestLimitExceeded"
    assert error.value.message == (
        "Your current request times equals to `21` in a second, which exceeds the frequency "
        "limit `20` for a second. Please reduce the frequency of calls."
    )


def test_each_action_has_its_own_quota() -> None:
    limit = RateLimit(20, clock=Clock())

    assert admitted(limit, 30, TOKEN) == 20
    assert admitted(limit, 30, RESULT) == 20


def test_a_sliding_window_looks_back_one_full_second() -> None:
    clock = Clock()
    limit = RateLimit(2, clock=clock)
    limit.admit(TOKEN)
    clock.now = 101.25
    limit.admit(TOKEN)

    clock.now = 101.49
    assert admitted(limit, 1) == 0
    clock.now = 101.5
    assert admitted(limit, 2) == 1


def test_a_fixed_window_opens_with_the_full_second() -> None:
    clock = Clock()
    limit = RateLimit(2, "fixed", clock)
    assert admitted(limit, 3) == 2

    clock.now = 100.99
    assert admitted(limit, 1) == 0
    clock.now = 101.0
    assert admitted(limit, 3) == 2


def test_refused_requests_are_not_counted() -> None:
    clock = Clock()
    limit = RateLimit(1, clock=clock)
    assert admitted(limit, 5) == 1

    clock.now = 101.5
    assert admitted(limit, 5) == 1


def test_a_window_of_another_kind_does_not_exist() -> None:
    with pytest.raises(ValueError, match="sliding, fixed"):
        RateLimit(20, "bucket")
