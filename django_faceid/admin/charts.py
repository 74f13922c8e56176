"""Charts as SVG: where everything goes, as text that no locale can touch.

Horizontal places are percentages and vertical ones pixels, so that a chart takes any width and its
letters keep their size. No script and no style is needed to draw one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from django.utils import timezone
from django.utils.dateformat import format as date_format

TOP = 12
MOST_TICKS = 5
MOST_MARKS = 10
LABEL_HEIGHT = 17
NOTHING = "-"

# From the length of a range to how far apart its ticks are, and how their moments are written.
_SPACINGS = (
    (timedelta(hours=1), timedelta(minutes=10), "H:i"),
    (timedelta(hours=6), timedelta(hours=1), "H:i"),
    (timedelta(days=1), timedelta(hours=3), "H:i"),
    (timedelta(days=7), timedelta(days=1), "D j"),
    (timedelta(days=30), timedelta(days=4), "j M"),
    (timedelta.max, timedelta(days=14), "j M"),
)
# What every time zone is a whole number of hours and of these away from UTC.
_UNIT = timedelta(minutes=5)


class Series(NamedTuple):
    """One line: its name, its kind (a CSS class that gives colour, dashes and mark), its values."""

    name: str
    kind: str
    values: Sequence[int | None]


class Tick(NamedTuple):
    """A place on an axis; every second one may be left out where there is no room."""

    place: str
    label: str
    spare: bool = False
    anchor: str = "middle"


class Mark(NamedTuple):
    """A sign on a line, so that lines differ by more than colour."""

    x: str
    y: str


class Line(NamedTuple):
    """One series, drawn."""

    name: str
    kind: str
    path: str
    area: str
    marks: list[Mark]
    label_y: str


class Column(NamedTuple):
    """One step: what it says under a pointer, and in the table."""

    x: str
    width: str
    moment: str
    cells: list[str]
    says: str


@dataclass(frozen=True)
class Chart:
    """Several series over the same steps, from the start of ``steps[0]`` until ``until``.

    ``limit`` is a number that they are held against, with its label; ``bottom`` the height of the
    plot in pixels.
    """

    says: str
    series: Sequence[Series]
    steps: Sequence[datetime]
    until: datetime
    limit: tuple[int, str] | None = None

    bottom: int = 200

    @property
    def height(self) -> str:
        """Where the numbers begin: below are the moments."""
        return str(self.bottom)

    @property
    def canvas(self) -> str:
        return str(self.bottom + 28)

    @property
    def tick_end(self) -> str:
        return str(self.bottom + 5)

    @property
    def tick_y(self) -> str:
        return str(self.bottom + 20)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw but zeros."""
        return not any(value for series in self.series for value in series.values)

    @cached_property
    def top(self) -> int:
        """The number at the upper end of the axis: a round one."""
        return self._unit * max(1, math.ceil(self._most / self._unit))

    @property
    def y_ticks(self) -> list[Tick]:
        values = range(0, self.top + 1, self._unit)
        return [Tick(self._y(value), f"{value:,}".replace(",", "\u202f")) for value in values]

    @property
    def x_ticks(self) -> list[Tick]:
        return [
            Tick(self._percent(share), label, bool(number % 2), anchor(share))
            for number, (moment, label) in enumerate(_round_moments(self.steps[0], self.until))
            for share in (self._share(moment),)
        ]

    @property
    def limit_y(self) -> str:
        return "" if self.limit is None else self._y(self.limit[0])

    @cached_property
    def lines(self) -> list[Line]:
        drawn = [self._line(number, series) for number, series in enumerate(self.series)]
        ends = _apart([self._end(series) for series in self.series], self.bottom)
        return [line._replace(label_y=f"{y:.0f}") for line, y in zip(drawn, ends, strict=True)]

    @cached_property
    def columns(self) -> list[Column]:
        width = self._percent(1 / len(self.steps))
        return list(self._columns(width))

    @property
    def last(self) -> Column:
        """The step that is not over yet."""
        return self.columns[-1]

    @cached_property
    def _most(self) -> int:
        most = max((v for series in self.series for v in series.values if v), default=0)
        return max(1, most, 0 if self.limit is None else self.limit[0])

    @property
    def _unit(self) -> int:
        rough = self._most / MOST_TICKS
        power: int = 10 ** math.floor(math.log10(max(rough, 1)))
        return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)

    def _columns(self, width: str) -> Iterator[Column]:
        for number, step in enumerate(self.steps):
            cells = [
                NOTHING if series.values[number] is None else str(series.values[number])
                for series in self.series
            ]
            named = (f"{s.name}: {cell}" for s, cell in zip(self.series, cells, strict=True))
            local = timezone.localtime(step)
            says = "\n".join([date_format(local, "j M H:i"), *named])
            x = self._percent(number / len(self.steps))
            yield Column(x, width, f"{local:%Y-%m-%d %H:%M}", cells, says)

    def _line(self, number: int, series: Series) -> Line:
        points = [
            (self._middle(step), None if value is None else self._y(value))
            for step, value in enumerate(series.values)
        ]
        whole = [list(run) for known, run in groupby(points, lambda p: p[1] is not None) if known]
        path = " ".join(
            "M" + "L".join(f"{x * 1000:.1f} {y}" for x, y in run) + "h.01" for run in whole
        )
        area = " ".join(
            f"M{run[0][0] * 1000:.1f} {self.bottom}"
            + "".join(f"L{x * 1000:.1f} {y}" for x, y in run)
            + f"V{self.bottom}Z"
            for run in whole
        )
        every = math.ceil(len(points) / MOST_MARKS)
        first = (every * number) // len(self.series)
        marks = [Mark(self._percent(x), y) for x, y in points[first::every] if y is not None]
        return Line(series.name, series.kind, path, area, marks, "")

    def _end(self, series: Series) -> float:
        known = [value for value in series.values if value is not None]
        return float(self._y(known[-1] if known else 0))

    def _middle(self, step: int) -> float:
        return (step + 0.5) / len(self.steps)

    def _share(self, moment: datetime) -> float:
        return (moment - self.steps[0]) / (self.until - self.steps[0])

    def _y(self, value: int) -> str:
        return f"{self.bottom - (self.bottom - TOP) * value / self.top:.1f}"

    @staticmethod
    def _percent(share: float) -> str:
        return f"{share * 100:.2f}%"


def anchor(share: float) -> str:
    """Which part of a label stands at its tick, so that none leaves the chart."""
    if share < 0.03:
        return "start"
    return "end" if share > 0.97 else "middle"


def _apart(heights: Sequence[float], bottom: float) -> list[float]:
    """The same places in the same order, far enough apart for a line of text each."""
    order = sorted(range(len(heights)), key=lambda index: -heights[index])
    placed = list(heights)
    lowest = bottom
    for index in order:
        placed[index] = lowest = min(placed[index], lowest)
        lowest -= LABEL_HEIGHT
    return placed


def _round_moments(since: datetime, until: datetime) -> Iterator[tuple[datetime, str]]:
    """Moments that are round in the viewer's time zone, each with its label."""
    spacing, form = next((s, f) for length, s, f in _SPACINGS if until - since <= length)
    moments = _hours(since, until, spacing) if form == "H:i" else _days(since, until, spacing)
    for moment in moments:
        yield moment, date_format(timezone.localtime(moment), form)


def _hours(since: datetime, until: datetime, spacing: timedelta) -> Iterator[datetime]:
    moment = since + -timedelta(seconds=since.timestamp()) % _UNIT
    while moment <= until:
        local = timezone.localtime(moment)
        if timedelta(hours=local.hour, minutes=local.minute) % spacing == timedelta(0):
            yield moment
        moment += _UNIT


def _days(since: datetime, until: datetime, spacing: timedelta) -> Iterator[datetime]:
    day = timezone.localtime(since).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    while (moment := timezone.make_aware(day)) <= until:
        if moment >= since and day.toordinal() % spacing.days == 0:
            yield moment
        day += timedelta(days=1)
