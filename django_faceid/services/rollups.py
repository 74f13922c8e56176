"""Keeping the numbers that the dashboard shows, so that no page ever counts the tables."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from functools import partial

from django.db.models import Count, Max, Min, Sum
from django.db.models.functions import TruncHour

from .. import clock
from ..models import ApiCall, Metric, Outcome, Resolution, Rollup, SessionEvent
from ..models.database import write_alias
from ..models.rollups import Key
from . import heartbeat
from .counting import MINUTE, count
from .durable import durably

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Minutes this young are counted again: what was on its way then has been committed since.
WINDOW = timedelta(minutes=10)
# Calls this old may still be found interrupted; their hour is counted again.
SETTLED = timedelta(days=3)
# How far back the first run looks: the dashboard's longest range.
HISTORY = timedelta(days=90)
KEPT: Mapping[Resolution, timedelta] = {
    Resolution.MINUTE: timedelta(days=3),
    Resolution.HOUR: timedelta(days=100),
    Resolution.DAY: timedelta(days=1100),
}
# Of minutes, hours and days: some thousand rows.
PRUNED_AT_ONCE: Mapping[Resolution, timedelta] = {
    Resolution.MINUTE: HOUR,
    Resolution.HOUR: 3 * DAY,
    Resolution.DAY: 60 * DAY,
}


def roll_up(seconds: float = 20.0) -> int:
    """Count what happened since the last run, for about ``seconds``; how many minutes.

    The last minutes are counted again each time, and so are hours whose calls were settled late.
    After an outage it goes on where it stopped, an hour in each transaction. Runners that meet
    take turns, and whoever counts last counts the same.
    """
    deadline = time.monotonic() + seconds
    now = clock.now()
    minutes = 0
    for start, end in _spans(now):
        durably(partial(_count, start, end))
        minutes += (end - start) // MINUTE
        # Beyond what is counted again, or a slow database would never get any further.
        if time.monotonic() > deadline and minutes * MINUTE > WINDOW:
            break
    _prune(now)
    return minutes


def _spans(now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """What is to be counted, in parts that lie within an hour, the oldest first."""
    until = floor(now, MINUTE) + MINUTE
    since = _since(now)
    for hour in _settled_late(now):
        yield hour, min(hour + HOUR, until)
    while since < until:
        end = min(floor(since, HOUR) + HOUR, until)
        yield since, end
        since = end


def _since(now: datetime) -> datetime:
    minutes = Rollup.objects.using(write_alias()).filter(resolution=Resolution.MINUTE)
    newest = minutes.order_by("-start").values_list("start", flat=True).first()
    if newest is not None:
        # The newest lies ahead when the clock has been set back.
        return min(newest, floor(now, MINUTE)) + MINUTE - WINDOW
    return floor(max(_oldest(now), now - HISTORY), HOUR)


def _oldest(now: datetime) -> datetime:
    using = write_alias()
    calls = ApiCall.objects.using(using).aggregate(first=Min("started_at"))
    events = SessionEvent.objects.using(using).aggregate(first=Min("created_at"))
    return min(calls["first"] or now, events["first"] or now)


def _settled_late(now: datetime) -> list[datetime]:
    """Hours that were counted with open calls which are open no longer."""
    using, since = write_alias(), floor(now - SETTLED, HOUR)
    counted = Rollup.objects.using(using).filter(
        resolution=Resolution.HOUR,
        start__gte=since,
        metric=Metric.OUTCOME,
        label=Outcome.STARTED,
    )
    open_calls = ApiCall.objects.using(using).filter(outcome=Outcome.STARTED, started_at__gte=since)
    then = dict(counted.order_by().values_list("start").annotate(Sum("count")))
    hour = TruncHour("started_at", tzinfo=timezone.utc)
    by_hour = open_calls.order_by().annotate(hour=hour).values_list("hour")
    still = dict(by_hour.annotate(Count("pk")))
    return sorted(start for start, number in then.items() if number != still.get(start, 0))


def _count(start: datetime, end: datetime) -> None:
    heartbeat.alone("roll_up")
    _store(Resolution.MINUTE, start, end, count(start, end))
    for resolution, parts, length in (
        (Resolution.HOUR, Resolution.MINUTE, HOUR),
        (Resolution.DAY, Resolution.HOUR, DAY),
    ):
        first = floor(start, length)
        _store(resolution, first, first + length, _summed(parts, first, first + length))


def _summed(parts: Resolution, start: datetime, end: datetime) -> dict[Key, int]:
    rows = Rollup.objects.using(write_alias()).filter(
        resolution=parts, start__gte=start, start__lt=end
    )
    groups = rows.order_by().values_list("metric", "action", "label", "bucket")
    return {
        Key(start, *key): most if key[0] == Metric.PEAK else total
        for *key, total, most in groups.annotate(total=Sum("count"), most=Max("count"))
    }


def _store(
    resolution: Resolution, start: datetime, end: datetime, counted: Mapping[Key, int]
) -> None:
    """Let the rows of a stretch of time be these; those that are right already stay untouched."""
    rows = Rollup.objects.using(write_alias())
    there = rows.filter(resolution=resolution, start__gte=start, start__lt=end)
    columns = there.values_list("pk", "count", *Key._fields)
    stored = {Key(*key): (pk, number) for pk, number, *key in columns}
    wrong = [pk for key, (pk, number) in stored.items() if counted.get(key) != number]
    right = {key for key, (_pk, number) in stored.items() if counted.get(key) == number}
    rows.filter(pk__in=wrong).delete()
    rows.bulk_create(
        [
            Rollup(resolution=resolution, count=number, **key._asdict())
            for key, number in sorted(counted.items())
            if number and key not in right
        ],
        batch_size=1000,
    )


def _prune(now: datetime) -> None:
    """Forget what is old, a bounded stretch of time at a time."""
    rows = Rollup.objects.using(write_alias())
    for resolution, kept in KEPT.items():
        # Whole days, so that an hour or a day that is counted again finds all of its parts.
        end = floor(now - kept, DAY)
        old = rows.filter(resolution=resolution, start__lt=end).order_by("start")
        starts = old.values_list("start", flat=True)
        first = starts.first()
        while first is not None:
            # From where the last stretch ended: what was deleted there needs no second look.
            until = min(first + PRUNED_AT_ONCE[resolution], end)
            rows.filter(resolution=resolution, start__gte=first, start__lt=until).delete()
            first = starts.filter(start__gte=until).first()


def floor(moment: datetime, length: timedelta) -> datetime:
    """The last whole minute, hour or day of UTC before a moment."""
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    return moment - (moment - epoch) % length
