from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest
from django.utils import timezone as django_timezone

from django_faceid.admin.charts import LABEL_HEIGHT, Chart, Series

NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


def chart(
    *values: list[int | None], step: timedelta = HOUR, start: datetime = NOON, limit: int = 0
) -> Chart:
    number = len(values[0])
    return Chart(
        "Something",
        [Series(f"series {n}", "issued", each) for n, each in enumerate(values)],
        [start + step * n for n in range(number)],
        start + step * number,
        limit=(limit, "allowed") if limit else None,
    )


@pytest.mark.parametrize(
    ("most", "top", "ticks"),
    [(0, 1, 2), (1, 1, 2), (5, 5, 6), (6, 6, 4), (19, 20, 5), (101, 150, 4), (9999, 10_000, 6)],
)
def test_the_axis_ends_at_a_round_number(most: int, top: int, ticks: int) -> None:
    drawn = chart([0, most])
    assert drawn.top == top
    assert len(drawn.y_ticks) == ticks
    assert drawn.y_ticks[0].label == "0"
    assert drawn.y_ticks[-1].label.replace("\u202f", "") == str(top)


def test_a_limit_is_always_on_the_axis() -> None:
    drawn = chart([3, 4], limit=20)
    assert drawn.top >= 20
    assert float(drawn.limit_y) < float(drawn.bottom)


def test_higher_numbers_are_higher_up() -> None:
    [line] = chart([0, 10]).lines
    heights = [float(y) for y in re.findall(r"[\d.]+ ([\d.]+)", line.path)]
    assert heights[0] > heights[1]


def test_a_line_breaks_where_nobody_counted() -> None:
    [line] = chart([1, 2, None, 4, None, None, 7]).lines
    assert line.path.count("M") == 3
    assert line.area.count("Z") == 3
    assert chart([None, None]).lines[0].path == ""
    assert chart([1, None]).columns[1].cells == ["-"]


def test_names_at_the_ends_of_lines_never_lie_on_each_other() -> None:
    ends = sorted(float(line.label_y) for line in chart([0], [0], [1], [100]).lines)
    assert all(b - a >= LABEL_HEIGHT - 1 for a, b in pairwise(ends))


def test_a_step_says_its_numbers_under_a_pointer() -> None:
    with django_timezone.override("Asia/Singapore"):
        first, second = chart([3, None], [4, 5]).columns
    assert first.says == "4 Mar 20:00\nseries 0: 3\nseries 1: 4"
    assert second.says.endswith("series 0: -\nseries 1: 5")


LENGTHS = [
    (timedelta(minutes=1), 60),
    (timedelta(minutes=5), 72),
    (HOUR, 24),
    (3 * HOUR, 56),
    (24 * HOUR, 30),
    (24 * HOUR, 90),
]


@pytest.mark.parametrize(("step", "number"), LENGTHS)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/New_York", "Pacific/Apia"])
def test_ticks_are_few_and_round_in_the_viewers_time_zone(
    step: timedelta, number: int, zone: str
) -> None:
    with django_timezone.override(zone):
        ticks = chart([1] * number, step=step, start=NOON - 2 * step).x_ticks
    assert 3 <= len(ticks) <= 9
    assert all(0 <= float(tick.place.rstrip("%")) <= 100 for tick in ticks)
    if step <= HOUR:
        assert all(re.fullmatch(r"\d\d:[0-5]0", tick.label) for tick in ticks)


def test_ticks_stay_round_when_the_clocks_change() -> None:
    before_the_change = datetime(2026, 3, 8, 2, tzinfo=timezone.utc)
    with django_timezone.override("America/New_York"):
        ticks = chart([1] * 24, start=before_the_change).x_ticks
    assert [tick.label for tick in ticks][:4] == ["21:00", "00:00", "03:00", "06:00"]
    places = [float(tick.place.rstrip("%")) for tick in ticks]
    assert places[2] - places[1] == pytest.approx((places[3] - places[2]) * 2 / 3, abs=0.02)


def test_nothing_but_zeros_is_empty() -> None:
    assert chart([0, None], [0, 0]).is_empty
    assert not chart([0, 1]).is_empty
