from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_faceid import clock
from django_faceid.models import Metric, Resolution, Rollup
from django_faceid.models.rollups import Key
from django_faceid.services.figures import RANGES, figures

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = NOON + timedelta(minutes=20)
    monkeypatch.setattr(clock, "offset", lambda: shown - datetime.now(timezone.utc))


def put(
    hours_ago: float, metric: Metric, count: int, label: str = "", action: str = "", bucket: int = 0
) -> None:
    key = Key(NOON - hours_ago * HOUR, metric, action, label, bucket)
    Rollup.objects.create(resolution=Resolution.HOUR, count=count, **key._asdict())


@pytest.mark.parametrize("name", RANGES)
def test_a_range_ends_with_the_step_that_is_not_over(name: str) -> None:
    seen = figures(RANGES[name])
    assert len(seen.steps) == RANGES[name].steps
    assert seen.steps[-1] <= clock.now() < seen.until
    assert seen.until - seen.steps[-1] == RANGES[name].step


def test_sums_are_those_of_the_range_and_of_the_one_before_it() -> None:
    for ago, count in ((0, 1), (23, 10), (24, 100), (47, 1000), (48, 10_000), (-1, 100_000)):
        put(ago, Metric.MOVED, count, "issued")
        put(ago, Metric.COUNTED, 60)
    number = figures(RANGES["24h"]).number(Metric.MOVED, "issued")
    assert (number.now, number.before) == (11, 1100)


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
    ("before", "minutes_before", "now", "minutes_now", "change"),
    [
        (10, 60, 15, 60, 0.5),
        (10, 60, 5, 60, -0.5),
        (10, 60, 5, 30, 0.0),
        (10, 30, 10, 60, -0.5),
        (0, 60, 5, 60, None),
        (0, 0, 5, 60, None),
    ],
)
def test_growth_is_by_counted_minute(
    before: int, minutes_before: int, now: int, minutes_now: int, change: float | None
) -> None:
    put(30, Metric.MOVED, before, "issued")
    put(30, Metric.COUNTED, minutes_before)
    put(3, Metric.MOVED, now, "issued")
    put(3, Metric.COUNTED, minutes_now)
    number = figures(RANGES["24h"]).number(Metric.MOVED, "issued")
    assert number[:2] == (now, before)
    assert number.change == pytest.approx(change)


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
