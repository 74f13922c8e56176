"""Made-up numbers of a busy account, as ``roll_up`` would have left them."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from django_faceid import clock
from django_faceid.models import Metric, Resolution, Rollup
from django_faceid.models.rollups import Key
from django_faceid.services.rollups import floor

TOKEN, RESULT = "GetFaceIdTokenIntl", "GetFaceIdResultIntl"
MINUTE = timedelta(minutes=1)
# Resolution, length of a row in minutes, how many rows back from now.
ROWS = (
    (Resolution.MINUTE, 1, 720),
    (Resolution.HOUR, 60, 14 * 24),
    (Resolution.DAY, 1440, 180),
)
CODES = {
    ("RequestLimitExceeded", TOKEN): 0.002,
    ("ReadTimeout", TOKEN): 0.006,
    ("FailedOperation.UnKnown", RESULT): 0.004,
    ("AuthFailure.SignatureExpire", TOKEN): 0.0008,
    ("InvalidParameterValue.BizTokenExpired", RESULT): 0.0015,
}
SDK_CODES = {"0": 0.8, "212": 0.09, "215": 0.04, "217": 0.03, "210": 0.02, "211": 0.008, "": 0.01}


def fill(*only: Resolution, per_minute: float = 4.0) -> None:
    """Half a day of minutes, two weeks of hours and half a year of days up to now."""
    chance = random.Random(1061)
    now = clock.now()
    for resolution, length, number in ROWS:
        if only and resolution not in only:
            continue
        last = floor(now, length * MINUTE)
        starts = [last - length * MINUTE * back for back in range(number)]
        rows = [
            Rollup(resolution=resolution, count=count, **key._asdict())
            for start in starts
            for key, count in _row(
                chance, start, min(length, (now - start) // MINUTE + 1), per_minute
            )
            if count
        ]
        Rollup.objects.bulk_create(rows, batch_size=2000)


def steady(shown: Resolution, per_minute: int) -> None:
    """The same number of tokens in every minute for two ranges, as ``roll_up`` would keep it."""
    now, rows = clock.now(), []
    finer = {Resolution.DAY: Resolution.HOUR, Resolution.HOUR: Resolution.MINUTE}
    for resolution, length, number in ROWS:
        if resolution not in (shown, finer.get(shown)):
            continue
        # Hours stay for a hundred days, minutes for three.
        kept = {Resolution.HOUR: 100 * 24, Resolution.MINUTE: 3 * 1440}.get(resolution, number)
        last = floor(now, length * MINUTE)
        for back in range(kept):
            start = last - length * MINUTE * back
            minutes = min(length, (now - start) // MINUTE + 1)
            for key, count in (
                (Key(start, Metric.COUNTED), minutes),
                (Key(start, Metric.MOVED, label="issued"), per_minute * minutes),
            ):
                rows.append(Rollup(resolution=resolution, count=count, **key._asdict()))
    Rollup.objects.bulk_create(rows, batch_size=2000)


def _row(
    chance: random.Random, start: datetime, minutes: int, per_minute: float
) -> Iterator[tuple[Key, int]]:
    day = 0.62 - 0.5 * math.cos(2 * math.pi * (start.hour - 3) / 24) if minutes <= 60 else 0.62
    tokens = _about(chance, per_minute * day * minutes)
    reported, results = _share(chance, tokens, 0.88), _share(chance, tokens, 0.84)
    passed = _share(chance, results, 0.9)
    spoofs = _share(chance, results - passed, 0.3)
    yield Key(start, Metric.COUNTED), minutes
    moved = {"issued": tokens, "succeeded": passed, "failed": results - passed}
    moved |= {"expired": tokens - results, "canceled": _share(chance, tokens, 0.01)}
    for status, number in moved.items():
        yield Key(start, Metric.MOVED, label=status), number
    yield Key(start, Metric.DECIDED, label="verified"), passed
    yield Key(start, Metric.DECIDED, label="rejected"), spoofs
    yield Key(start, Metric.REPORTED), reported
    for code, share in SDK_CODES.items():
        yield Key(start, Metric.PHONE, label=code), _share(chance, reported, share)
    for (code, action), share in CODES.items():
        yield Key(start, Metric.ERROR, action, code), _share(chance, tokens, share)
    for action, calls, median in ((TOKEN, tokens, 150), (RESULT, tokens + results, 110)):
        yield Key(start, Metric.OUTCOME, action, "ok"), calls
        yield Key(start, Metric.CALLS, action, "default"), calls
        peak = min(20, calls, 1 + _about(chance, 2.5 * calls / max(1, minutes) ** 0.8))
        yield Key(start, Metric.PEAK, action, "default"), peak
        for bucket, number in _latencies(chance, calls, median).items():
            yield Key(start, Metric.LATENCY, action, bucket=bucket), number


def _latencies(chance: random.Random, calls: int, median: float) -> Counter[int]:
    sample = min(calls, 60)
    buckets = Counter(
        math.floor(chance.gauss(math.log(median), 0.45) / math.log(21 / 19)) for _ in range(sample)
    )
    return Counter({bucket: number * calls // sample for bucket, number in buckets.items()})


def _about(chance: random.Random, expected: float) -> int:
    return max(0, round(chance.gauss(expected, math.sqrt(expected))))


def _share(chance: random.Random, number: int, share: float) -> int:
    return min(number, _about(chance, number * share))
