"""Rows to be counted at noon, and the counts that came of them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from django_faceid import clock
from django_faceid.models import (
    ApiCall,
    EventKind,
    Metric,
    Outcome,
    Resolution,
    Rollup,
    SessionEvent,
    VerificationSession,
)

TOKEN, RESULT = "GetFaceIdTokenIntl", "GetFaceIdResultIntl"
NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)


def at(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clock show this moment and a few seconds, and stand still."""
    shown = moment + timedelta(seconds=20)
    monkeypatch.setattr(clock, "offset", lambda: shown - datetime.now(timezone.utc))


def call(ago: timedelta = timedelta(0), **columns: Any) -> ApiCall:
    given = {
        "action": TOKEN,
        "account": "default",
        "region": "ap-singapore",
        "outcome": Outcome.OK,
        "milliseconds": 100,
        "started_at": clock.now() - ago,
    }
    return ApiCall.objects.create(**{**given, **columns})


def event(
    session: VerificationSession, ago: timedelta = timedelta(0), **columns: Any
) -> SessionEvent:
    given = {"kind": EventKind.TRANSITION, "source": "task", "created_at": clock.now() - ago}
    return SessionEvent.objects.create(session=session, **{**given, **columns})


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def stored(resolution: Resolution = Resolution.MINUTE) -> dict[tuple[Any, ...], int]:
    rows = Rollup.objects.filter(resolution=resolution)
    columns = ("start", "metric", "action", "label", "bucket", "count")
    return {key: number for *key_, number in rows.values_list(*columns) for key in [tuple(key_)]}


def total(metric: Metric, resolution: Resolution = Resolution.MINUTE) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for row in Rollup.objects.filter(resolution=resolution, metric=metric):
        found[row.action, row.label] += row.count
    return found
