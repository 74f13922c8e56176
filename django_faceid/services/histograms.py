"""Milliseconds in buckets that grow by the same ratio, so that percentiles keep a known error.

Averages of percentiles say nothing; buckets of many minutes add up, and a percentile of the sum
is off by ``ERROR`` at most. Source: DDSketch, https://arxiv.org/abs/1908.10693.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from django.db.models import F, FloatField, IntegerField, Value
from django.db.models.functions import Cast, Floor, Greatest, Ln

ERROR = 0.05
"""How far a percentile may be from the true one, as a share of it."""

_RATIO = (1 + ERROR) / (1 - ERROR)


def bucket_of(column: str) -> Cast:
    """The bucket of a column of whole milliseconds, inside the database."""
    milliseconds = Cast(Greatest(F(column), Value(1)), FloatField())
    return Cast(Floor(Ln(milliseconds) / Value(math.log(_RATIO))), IntegerField())


def percentile(buckets: Mapping[int, int], share: float) -> float | None:
    """Milliseconds that ``share`` (0 to 1) of the calls did not exceed; None without calls."""
    rank = math.ceil(share * sum(buckets.values()))
    for bucket in sorted(buckets):
        rank -= buckets[bucket]
        if rank <= 0 and buckets[bucket]:
            return float(_RATIO**bucket * 2 * _RATIO / (1 + _RATIO))
    return None
