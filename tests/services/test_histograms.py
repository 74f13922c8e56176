"""Percentiles from buckets."""

from __future__ import annotations

import random

import pytest

from django_faceid import services
from django_faceid.models import Metric, Resolution, Rollup
from django_faceid.services import histograms
from tests.services.counted import call, total

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


@pytest.mark.parametrize("seed", range(5))
def test_a_percentile_is_within_the_stated_error_of_the_true_one(seed: int) -> None:
    chance = random.Random(seed)
    times = sorted(round(chance.lognormvariate(5.5, 1.2)) + 1 for _ in range(200))
    for time in times:
        call(milliseconds=time)
    services.roll_up()
    rows = Rollup.objects.filter(resolution=Resolution.DAY, metric=Metric.LATENCY)
    buckets = {row.bucket: row.count for row in rows}
    for share in (0.01, 0.5, 0.95, 0.99, 1.0):
        true = times[max(0, -(-round(share * 100) * len(times) // 100) - 1)]
        estimate = histograms.percentile(buckets, share)
        assert estimate == pytest.approx(true, rel=histograms.ERROR + 1e-9)


def test_no_call_has_no_percentile() -> None:
    assert histograms.percentile({}, 0.5) is None
    assert histograms.percentile({3: 0}, 0.5) is None


def test_a_call_of_no_time_and_one_that_nobody_timed_break_nothing() -> None:
    call(milliseconds=0)
    call(milliseconds=None)
    services.roll_up()
    assert sum(total(Metric.LATENCY).values()) == 1
