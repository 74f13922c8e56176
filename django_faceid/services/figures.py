"""What the dashboard shows: the numbers of a range of time, beside those of the range before it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Case, DateTimeField, F, Max, Q, Sum, Value, When

from .. import clock
from ..models import Metric, Resolution, Rollup
from .histograms import percentile
from .rollups import floor

STEPWISE = (Metric.COUNTED, Metric.MOVED, Metric.DECIDED, Metric.PEAK)
"""What is shown over time; of the rest the sum is enough."""

PERCENTILES = (0.50, 0.95, 0.99)

WHOLE = 0.9
"""The share of a range's minutes that must have been counted for a comparison to mean anything."""
FEWEST = 10
"""Of a smaller number every change is chance."""
# Rows from which the end of the range before is put together, where a step of it would be too much.
_FINER: Mapping[Resolution, Resolution] = {
    Resolution.DAY: Resolution.HOUR,
    Resolution.HOUR: Resolution.MINUTE,
}
_LENGTHS: Mapping[Resolution, timedelta] = {
    Resolution.MINUTE: timedelta(minutes=1),
    Resolution.HOUR: timedelta(hours=1),
    Resolution.DAY: timedelta(days=1),
}


class Range(NamedTuple):
    """So many steps of one length up to now, read from rows of one resolution."""

    name: str
    steps: int
    step: timedelta
    resolution: Resolution


RANGES: Mapping[str, Range] = {
    each.name: each
    for each in (
        Range("1h", 60, timedelta(minutes=1), Resolution.MINUTE),
        Range("6h", 72, timedelta(minutes=5), Resolution.MINUTE),
        Range("24h", 24, timedelta(hours=1), Resolution.HOUR),
        Range("7d", 56, timedelta(hours=3), Resolution.HOUR),
        Range("30d", 30, timedelta(days=1), Resolution.DAY),
        Range("90d", 90, timedelta(days=1), Resolution.DAY),
    )
}


class Subject(NamedTuple):
    """What a number is about, whenever it was counted."""

    metric: str
    action: str = ""
    label: str = ""


class Number(NamedTuple):
    """A count in the range, and in as much time of the one before.

    ``comparable`` says that both were counted whole. ``change`` is the growth of one to the other
    as a share (0.1 for a tenth more); None where it would say nothing.
    """

    now: int
    before: int
    comparable: bool
    change: float | None


class _Row(NamedTuple):
    """One number as the database sums it up; ``at`` is its moment where time is shown."""

    metric: str
    action: str
    label: str
    bucket: int
    at: datetime | None
    recent: int
    total: int
    most: int

    @property
    def subject(self) -> Subject:
        return Subject(self.metric, self.action, self.label)

    def onto(self, number: int) -> int:
        """A number with this one: sums add up, of peaks the largest stays."""
        return max(number, self.most) if self.metric == Metric.PEAK else number + self.total


@dataclass
class _Period:
    """Everything about one of the two ranges; ``length`` is how much of it has passed."""

    length: timedelta
    totals: Counter[Subject] = field(default_factory=Counter)
    buckets: defaultdict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    @property
    def minutes(self) -> int:
        return self.totals[Subject(Metric.COUNTED)]

    @property
    def is_whole(self) -> bool:
        return self.minutes >= WHOLE * (self.length / timedelta(minutes=1))

    def add(self, row: _Row) -> None:
        if row.metric == Metric.LATENCY:
            self.buckets[row.action][row.bucket] += row.total
        else:
            self.totals[row.subject] = row.onto(self.totals[row.subject])


@dataclass(frozen=True)
class Figures:
    """The numbers of one range; ``steps`` are the moments at which its steps begin."""

    range: Range
    steps: list[datetime]
    until: datetime
    _now: _Period
    _before: _Period
    _stepwise: Mapping[Subject, Mapping[datetime, int]]

    @property
    def counted(self) -> bool:
        """Whether anybody looked at any of it."""
        return self._now.minutes > 0

    def number(self, metric: Metric, label: str = "", action: str = "") -> Number:
        """One number, with what it was before."""
        subject = Subject(metric, action, label)
        return self._number(self._now.totals[subject], self._before.totals[subject])

    def labels(self, metric: Metric) -> list[tuple[str, str, Number]]:
        """(action, label, number) of all that was counted, the most frequent first."""
        subjects = {s for s in (*self._now.totals, *self._before.totals) if s.metric == metric}
        found = [(s.action, s.label, self.number(metric, s.label, s.action)) for s in subjects]
        return sorted(found, key=lambda row: (-row[2].now, -row[2].before, row[:2]))

    def over_time(self, metric: Metric, label: str = "", action: str = "") -> list[int | None]:
        """A number for each step; None for steps that nobody counted."""
        counted = self._stepwise.get(Subject(Metric.COUNTED), {})
        found = self._stepwise.get(Subject(metric, action, label), {})
        return [found.get(step, 0) if counted.get(step) else None for step in self.steps]

    def latencies(self) -> Iterator[tuple[str, Number, list[float], list[float | None]]]:
        """(action, calls, percentiles, percentiles before), in milliseconds, for each action."""
        for action in sorted(self._now.buckets):
            now, before = self._now.buckets[action], self._before.buckets[action]
            percentiles = [percentile(now, share) or 0.0 for share in PERCENTILES]
            earlier = [percentile(before, share) for share in PERCENTILES]
            yield action, self._number(now.total(), before.total()), percentiles, earlier

    def _number(self, now: int, before: int) -> Number:
        comparable = self._now.is_whole and self._before.is_whole
        telling = comparable and before >= FEWEST
        return Number(now, before, comparable, now / before - 1 if telling else None)


def figures(of: Range) -> Figures:
    """The numbers of a range that ends now, in one query over rows of its resolution alone."""
    last = floor(clock.now(), of.step)
    steps = [last - of.step * back for back in reversed(range(of.steps))]
    passed = clock.now() - steps[0]
    now, before = _Period(passed), _Period(passed)
    stepwise: defaultdict[Subject, Counter[datetime]] = defaultdict(Counter)
    for row in _rows(of, steps[0], passed):
        (now if row.recent else before).add(row)
        if row.at is not None:
            step, numbers = floor(row.at, of.step), stepwise[row.subject]
            numbers[step] = row.onto(numbers[step])
    return Figures(of, steps, last + of.step, now, before, stepwise)


def _rows(of: Range, since: datetime, passed: timedelta) -> Iterator[_Row]:
    before, length = since - of.step * of.steps, _LENGTHS[of.resolution]
    # As much of the range before as has passed of this one, or every number would seem to fall.
    until = before + passed
    finer = _FINER.get(of.resolution, of.resolution)
    rows = Rollup.objects.filter(
        Q(resolution=of.resolution, start__gte=since, start__lt=since + of.step * of.steps)
        | Q(resolution=of.resolution, start__gte=before, start__lt=floor(until, length))
        | Q(resolution=finer, start__gte=floor(until, length), start__lt=until)
    )
    shown = When(metric__in=STEPWISE, start__gte=since, then=F("start"))
    summed = (
        rows.order_by()
        .annotate(
            at=Case(shown, default=None, output_field=DateTimeField(null=True)),
            recent=Case(When(start__gte=since, then=Value(1)), default=Value(0)),
        )
        .values_list("metric", "action", "label", "bucket", "at", "recent")
        .annotate(total=Sum("count"), most=Max("count"))
    )
    return map(_Row._make, summed)
