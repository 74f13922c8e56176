from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from django_faceid import clock
from django_faceid.models import Metric, Resolution, Rollup

pytestmark = pytest.mark.django_db


def row(**columns: object) -> Rollup:
    given = {"resolution": Resolution.MINUTE, "metric": Metric.MOVED, "label": "issued", "count": 3}
    return Rollup.objects.create(**{"start": clock.now(), **given, **columns})


def test_one_key_holds_one_number() -> None:
    first = row()
    with pytest.raises(IntegrityError), transaction.atomic():
        row(start=first.start, count=4)
    row(start=first.start, bucket=1)
    row(start=first.start, resolution=Resolution.HOUR)
    assert Rollup.objects.count() == 3


def test_nobody_is_given_a_permission_on_numbers() -> None:
    assert Rollup._meta.default_permissions == ()


def test_a_row_says_what_it_counts() -> None:
    assert str(row()).endswith("moved issued")


def test_the_longest_names_fit() -> None:
    longest = max(Metric.values, key=len)
    stored = row(metric=longest, action="a" * 64, label="l" * 128, bucket=-32768, count=2**40)
    stored.refresh_from_db()
    assert stored.count == 2**40
