from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_faceid import clock
from django_faceid.models import Metric, Resolution, Rollup
from django_faceid.models.rollups import Key
from django_faceid.services.figures import RANGES, figures
from tests import numbers
from tests.services.counted import NOON, at

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    at(NOON + timedelta(minutes=20), monkeypatch)


def put(
    hours_ago: float, metric: Metric, count: int, label: str = "", action: str = "", bucket: int = 0
) -> None:
    """A number of an hour, or of the minute at a part of one."""
    resolution = Resolution.HOUR if hours_ago == int(hours_ago) else Resolution.MINUTE
    key = Key(NOON - hours_ago * HOUR, metric, action, label, bucket)
    Rollup.objects.create(resolution=resolution, count=count, **key._asdict())


def counted(*but: int) -> None:
    """Two days were counted, but for these hours ago."""
    for ago in set(range(24)) - set(but):
        put(ago, Metric.COUNTED, 60 if ago else 20)
    # What is as long as this range until 12:20, of which 20 minutes are no whole hour.
    for ago in set(range(25, 48)) - set(but):
        put(ago, Metric.COUNTED, 60)
    for minute in range(60):
        put(24 - minute / 60 if minute else 24, Metric.COUNTED, 1 if minute else 60)


@pytest.mark.parametrize("name", RANGES)
def test_a_range_ends_with_the_step_that_is_not_over(name: str) -> None:
    seen = figures(RANGES[name])
    assert len(seen.steps) == RANGES[name].steps
    assert seen.steps[-1] <= clock.now() < seen.until
    assert seen.until - seen.steps[-1] == RANGES[name].step


def test_sums_are_those_of_the_range_and_of_as_much_of_the_one_before_it() -> None:
    minutes = ((23.9, 1_000_000), (23.7, 2_000_000))  # six minutes past noon, and 18
    hours = ((0, 1), (23, 10), (24, 100), (47, 1000), (48, 10_000), (-1, 100_000))
    # Half past noon has not come today.
    for ago, count in (*hours, *minutes, (23.5, 4_000_000)):
        put(ago, Metric.MOVED, count, "issued")
    number = figures(RANGES["24h"]).number(Metric.MOVED, "issued")
    assert (number.now, number.before) == (11, 3_001_000)


@pytest.mark.parametrize("name", RANGES)
def test_steady_numbers_show_no_change_however_young_the_last_step_is(name: str) -> None:
    numbers.steady(RANGES[name].resolution, per_minute=3)
    number = figures(RANGES[name]).number(Metric.MOVED, "issued")
    assert number.comparable
    assert number.change == pytest.approx(0, abs=0.01)


def test_peaks_are_the_largest_and_never_added_up() -> None:
    for ago, peak in ((0, 3), (1, 7), (29, 4), (30, 9)):
        put(ago, Metric.PEAK, peak, "default", "act")
        put(ago, Metric.COUNTED, 60)
    seen = figures(RANGES["24h"])
    assert seen.number(Metric.PEAK, "default", "act")[:2] == (7, 9)
    assert seen.over_time(Metric.PEAK, "default", "act")[-2:] == [7, 3]
    week = figures(RANGES["7d"]).over_time(Metric.PEAK, "default", "act")
    assert [peak for peak in week if peak] == [9, 7, 3], "three hours to a step"


def test_a_step_that_nobody_counted_is_no_zero() -> None:
    put(0, Metric.COUNTED, 20)
    put(1, Metric.COUNTED, 60)
    put(1, Metric.MOVED, 5, "issued")
    values = figures(RANGES["24h"]).over_time(Metric.MOVED, "issued")
    assert values == [None] * 22 + [5, 0]


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        (10, 15, 0.5),
        (10, 5, -0.5),
        (17, 17, 0.0),
        (9, 893, None),
        (0, 893, None),
        (3, 2, None),
    ],
)
def test_growth_is_that_of_the_numbers_that_are_shown_unless_they_are_too_small(
    before: int, now: int, change: float | None
) -> None:
    counted()
    put(30, Metric.MOVED, before, "issued")
    put(3, Metric.MOVED, now, "issued")
    number = figures(RANGES["24h"]).number(Metric.MOVED, "issued")
    assert number[:3] == (now, before, True)
    assert number.change == (change if change is None else pytest.approx(change))


@pytest.mark.parametrize(
    ("lost", "comparable"),
    [([], True), ([30, 31], True), ([2, 30], True), (range(28, 33), False), (range(2, 7), False)],
)
def test_what_was_not_counted_whole_is_compared_with_nothing(
    lost: list[int], comparable: bool
) -> None:
    counted(*lost)
    put(40, Metric.MOVED, 900, "issued")
    put(9, Metric.MOVED, 893, "issued")
    number = figures(RANGES["24h"]).number(Metric.MOVED, "issued")
    assert number.comparable == comparable
    assert (number.change is not None) == comparable


def test_labels_come_with_the_most_frequent_first_and_lost_ones_last() -> None:
    for label, ago, count in (("rare", 1, 2), ("often", 2, 9), ("gone", 30, 50)):
        put(ago, Metric.ERROR, count, label, "act")
    found = figures(RANGES["24h"]).labels(Metric.ERROR)
    assert [(action, label) for action, label, _number in found] == [
        ("act", "often"),
        ("act", "rare"),
        ("act", "gone"),
    ]


def test_percentiles_are_of_all_minutes_together_and_no_average() -> None:
    put(0, Metric.LATENCY, 98, action="act", bucket=20)
    put(1, Metric.LATENCY, 2, action="act", bucket=80)
    put(30, Metric.LATENCY, 1, action="act", bucket=40)
    [(action, calls, now, before)] = figures(RANGES["24h"]).latencies()
    assert (action, calls.now, calls.before) == ("act", 100, 1)
    assert now[0] == now[1] < before[0] < now[2]  # type: ignore[operator]


def test_nothing_counted_is_said() -> None:
    assert not figures(RANGES["24h"]).counted
    put(3, Metric.COUNTED, 60)
    assert figures(RANGES["24h"]).counted


@pytest.mark.parametrize("name", RANGES)
def test_a_range_is_one_query(name: str) -> None:
    with CaptureQueriesContext(connection) as captured:
        figures(RANGES[name])
    assert len(captured) == 1
