from __future__ import annotations

import time

import pytest
from pytest_django import Settings

from django_faceid.services.breaker import Breaker
from django_faceid.services.errors import Busy, ProviderUnreachable


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def fail(breaker: Breaker, times: int) -> None:
    for _failure in range(times):
        breaker.unanswered()


def admitted(breaker: Breaker) -> bool:
    try:
        with breaker.admit():
            return True
    except ProviderUnreachable:
        return False


def test_four_unanswered_calls_are_bad_luck_and_five_an_outage(clock: Clock) -> None:
    breaker = Breaker()
    fail(breaker, 4)
    assert admitted(breaker)
    fail(breaker, 1)
    with pytest.raises(ProviderUnreachable) as refusal, breaker.admit():
        pass
    assert refusal.value.retry_after == 5


@pytest.mark.parametrize(("passed", "told"), [(0.0, 5), (3.6, 2), (3.9, 2), (4.5, 1)])
def test_nobody_is_told_to_come_back_before_the_next_probe(
    clock: Clock, passed: float, told: int
) -> None:
    breaker = Breaker()
    fail(breaker, 5)
    clock.now += passed
    with pytest.raises(ProviderUnreachable) as refusal, breaker.admit():
        pass
    assert refusal.value.retry_after == told


def test_a_worker_with_one_thread_sees_an_outage_too(clock: Clock) -> None:
    breaker = Breaker()
    for _failure in range(5):
        clock.now += 12
        fail(breaker, 1)
    assert not admitted(breaker)


def test_five_in_a_longer_time_are_no_outage(clock: Clock) -> None:
    breaker = Breaker()
    for _failure in range(10):
        fail(breaker, 1)
        clock.now += 16
    assert admitted(breaker)


def test_an_answer_in_between_starts_the_count_anew(clock: Clock) -> None:
    breaker = Breaker()
    fail(breaker, 4)
    breaker.answered()
    fail(breaker, 4)
    assert admitted(breaker)


def test_while_open_one_probe_is_let_through_each_five_seconds(clock: Clock) -> None:
    breaker = Breaker()
    fail(breaker, 5)
    clock.now += 5
    assert [admitted(breaker) for _call in range(3)] == [True, False, False]
    fail(breaker, 1)
    clock.now += 4.9
    assert not admitted(breaker)
    clock.now += 0.2
    assert admitted(breaker)


def test_it_stays_open_until_an_answer_comes(clock: Clock) -> None:
    breaker = Breaker()
    fail(breaker, 5)
    clock.now += 3600
    assert [admitted(breaker), admitted(breaker)] == [True, False]
    breaker.answered()
    assert [admitted(breaker), admitted(breaker)] == [True, True]


def test_calls_in_flight_have_a_ceiling(settings: Settings) -> None:
    settings.FACEID = {**settings.FACEID, "MAX_IN_FLIGHT": 2}
    breaker = Breaker()
    with breaker.admit(), breaker.admit(), pytest.raises(Busy), breaker.admit():
        pass
    assert admitted(breaker)


def test_a_call_that_raises_gives_its_place_back(settings: Settings) -> None:
    settings.FACEID = {**settings.FACEID, "MAX_IN_FLIGHT": 1}
    breaker = Breaker()
    for _call in range(3):
        with pytest.raises(RuntimeError), breaker.admit():
            raise RuntimeError
    assert admitted(breaker)
