"""What is in the tables about a stretch of time, counted by the database through one index each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, cast

from django.db.models import (
    Count,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
)
from django.db.models.functions import TruncMinute, TruncSecond

from ..models import ApiCall, EventKind, Metric, SessionEvent
from ..models.database import write_alias
from ..models.rollups import Key
from ..tencent.codes import SDK_CODES
from . import quotas
from .histograms import bucket_of
from .pacing import BACKGROUND_PATIENCE

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

MINUTE = timedelta(minutes=1)
# No call waits longer for its slot: the ceiling of MAX_WAIT, and what background work may add.
LONGEST_WAIT = timedelta(seconds=5 + BACKGROUND_PATIENCE)
OTHER = "other"
"""The label of SDK codes that no SDK has: a phone may say anything."""

_KNOWN = {"", "0", *map(str, SDK_CODES)}


class _Milliseconds(Func):
    """A whole number as a length of time, which Django spells differently on each database."""

    template = "(%(expressions)s * 1000)"
    output_field = DurationField()

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Any]:
        template = "(%(expressions)s * interval '1 millisecond')"
        return self.as_sql(compiler, connection, template=template, **context)


def count(start: datetime, end: datetime) -> dict[Key, int]:
    """The numbers of each minute from ``start`` until ``end``, both of them whole minutes."""
    parts = (
        _minutes,
        _moves,
        _verdicts,
        _reports,
        _outcomes,
        _errors,
        _latencies,
        _departures,
    )
    return {key: number for part in parts for key, number in part(start, end)}


Counted = Iterator[tuple[Key, int]]


def _minutes(start: datetime, end: datetime) -> Counted:
    """Told apart from minutes in which nothing happened: those that nobody counted."""
    while start < end:
        yield Key(start, Metric.COUNTED), 1
        start += MINUTE


def _moves(start: datetime, end: datetime) -> Counted:
    moved = _events(start, end).filter(kind=EventKind.TRANSITION)
    for minute, status, number in _grouped(moved, "created_at", "to_status"):
        yield Key(minute, Metric.MOVED, label=status), number


def _verdicts(start: datetime, end: datetime) -> Counted:
    # The first of two decisions names the verdict that it proposes.
    decided = _events(start, end).exclude(kind=EventKind.REVIEW_PROPOSED)
    decided = decided.exclude(to_verdict=F("from_verdict"))
    for minute, verdict, number in _grouped(decided, "created_at", "to_verdict"):
        yield Key(minute, Metric.DECIDED, label=verdict), number


def _reports(start: datetime, end: datetime) -> Counted:
    reports = _events(start, end).filter(kind=EventKind.REPORTED)
    before = SessionEvent.objects.filter(
        session=OuterRef("session"), kind=EventKind.REPORTED, pk__lt=OuterRef("pk")
    )
    again = reports.alias(again=Exists(before))
    rows = _grouped(again, "created_at", "reason", first=~Q(again=True))
    by_code: Counter[Key] = Counter()
    for minute, code, number, first in rows:
        by_code[Key(minute, Metric.PHONE, label=code if code in _KNOWN else OTHER)] += number
        by_code[Key(minute, Metric.REPORTED)] += first
    yield from by_code.items()


def _outcomes(start: datetime, end: datetime) -> Counted:
    for minute, action, outcome, number in _grouped(
        _calls(start, end), "started_at", "action", "outcome"
    ):
        yield Key(minute, Metric.OUTCOME, action, outcome), number


def _errors(start: datetime, end: datetime) -> Counted:
    failed = _calls(start, end).exclude(error_code="")
    for minute, action, code, number in _grouped(failed, "started_at", "action", "error_code"):
        yield Key(minute, Metric.ERROR, action, code), number


def _latencies(start: datetime, end: datetime) -> Counted:
    timed = _calls(start, end).filter(milliseconds__isnull=False)
    timed = timed.annotate(slowness=bucket_of("milliseconds"))
    for minute, action, bucket, number in _grouped(timed, "started_at", "action", "slowness"):
        yield Key(minute, Metric.LATENCY, action, bucket=bucket), number


def _departures(start: datetime, end: datetime) -> Counted:
    """Calls by the second in which they left, after the wait for their slot.

    Accounts that share a quota are held against it together: the busiest second of each may be
    another one.
    """
    left = ExpressionWrapper(F("started_at") + _Milliseconds("waited"), DateTimeField())
    seconds = (
        _calls(start - LONGEST_WAIT, end)
        .annotate(second=TruncSecond(left, tzinfo=timezone.utc))
        .values_list("second", "account", "action")
        .order_by()
        .annotate(number=Count("pk"))
    )
    shared = quotas.by_account()
    calls, spent, peaks = Counter[Key](), Counter[Key](), dict[Key, int]()
    for second, account, action, number in seconds:
        minute = second.replace(second=0)
        if start <= minute < end:
            calls[Key(minute, Metric.CALLS, action, account)] += number
            quota = shared[account].name if account in shared else account
            spent[Key(second, Metric.PEAK, action, quota)] += number
    for key, number in spent.items():
        peak = key._replace(start=key.start.replace(second=0))
        peaks[peak] = max(number, peaks.get(peak, 0))
    yield from calls.items()
    yield from peaks.items()


def _events(start: datetime, end: datetime) -> QuerySet[SessionEvent]:
    events = SessionEvent.objects.using(write_alias())
    return events.filter(created_at__gte=start, created_at__lt=end)


def _calls(start: datetime, end: datetime) -> QuerySet[ApiCall]:
    calls = ApiCall.objects.using(write_alias())
    return calls.filter(started_at__gte=start, started_at__lt=end)


def _grouped(rows: QuerySet[Any], moment: str, *columns: str, **counts: Q) -> QuerySet[Any, Any]:
    """(minute, columns…, number of rows, number of those where each of ``counts`` holds)."""
    more = {name: Count("pk", filter=condition) for name, condition in counts.items()}
    by_minute = rows.order_by().annotate(minute=TruncMinute(moment, tzinfo=timezone.utc))
    groups = by_minute.values_list("minute", *columns).annotate(number=Count("pk"), **more)
    return cast("QuerySet[Any, Any]", groups)
