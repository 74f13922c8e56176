from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from django.test import Client

from django_faceid import clock
from django_faceid.models import chronology
from django_faceid.testing import make_session
from tests.admin.conftest import CALLS, SESSIONS, make_call, text
from tests.admin.test_filters import listed

NOON = datetime(2026, 3, 10, 12, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def _greenwich(settings: Any) -> None:
    settings.TIME_ZONE = "UTC"


@pytest.fixture
def _now_is_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def _close_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the tables were large: the bounds on the primary key bite."""
    monkeypatch.setattr(chronology, "SAMPLE", 1)


def sessions_at(*ages: timedelta) -> list[int]:
    """Sessions opened so long before noon, oldest first as their keys are."""
    return [make_session(created_at=NOON - age).pk for age in sorted(ages, reverse=True)]


AGES = [timedelta(minutes=30), timedelta(hours=20), timedelta(days=5), timedelta(days=29)]


@pytest.mark.usefixtures("_now_is_noon", "_close_bounds")
@pytest.mark.parametrize(("last", "seen"), [("1h", 1), ("24h", 2), ("7d", 3), ("30d", 4)])
def test_the_last_hour_to_the_last_month(superuser: Client, last: str, seen: int) -> None:
    keys = sessions_at(*AGES, timedelta(days=31))
    assert listed(superuser, last=last) == keys[-seen:]
    calls = [make_call(None, started_at=NOON - age).pk for age in [timedelta(days=31), *AGES[::-1]]]
    assert listed(superuser, CALLS, last=last) == calls[-seen:]


@pytest.mark.usefixtures("_close_bounds")
@pytest.mark.parametrize(
    ("span", "seen"),
    [
        ({"from": "2026-03-09"}, slice(2, None)),
        ({"to": "2026-03-09"}, slice(0, 3)),
        ({"from": "2026-03-05", "to": "2026-03-09"}, slice(1, 3)),
        ({"from": "2026-03-09T16:00", "to": "2026-03-10T11:30"}, slice(2, 3)),
        ({"from": "2026-03-09T16:00:01"}, slice(3, None)),
        ({"from": "2026-03-09T16:00:00+00:00"}, slice(2, None)),
        ({"from": "2026-03-09T17:00:00+01:00"}, slice(2, None)),
        # Further from UTC than PostgreSQL takes a time zone to be.
        ({"from": "2026-03-10T15:59:00+23:59"}, slice(2, None)),
        ({"to": "2026-03-10T15:59:00+23:59"}, slice(0, 2)),
        ({"from": "2026-04-01"}, slice(0, 0)),
        ({"to": "2026-01-01"}, slice(0, 0)),
        ({"from": "2026-03-10", "to": "2026-03-05"}, slice(0, 0)),
        ({"from": "", "to": ""}, slice(None)),
    ],
)
def test_from_one_moment_to_another(superuser: Client, span: dict[str, str], seen: slice) -> None:
    keys = sessions_at(*AGES)
    assert listed(superuser, **span) == keys[seen]


def test_days_are_those_of_the_sites_clock(superuser: Client, settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Singapore"
    eve, day = (
        make_session(created_at=datetime(2026, 3, 9, hour, tzinfo=timezone.utc)).pk
        for hour in (15, 16)
    )
    assert listed(superuser, **{"from": "2026-03-10"}) == [day]
    assert listed(superuser, to="2026-03-09") == [eve]


@pytest.mark.usefixtures("_close_bounds")
def test_keys_that_stray_from_the_order_of_time_are_found(superuser: Client) -> None:
    minutes = (5, 14, 8, 22, 16, 30, 24, 39, 33, 46, 40, 54, 58)
    strayed = [make_session(created_at=NOON + timedelta(minutes=m)).pk for m in minutes]
    span = {"from": "2026-03-10T12:20", "to": "2026-03-10T12:45"}
    assert listed(superuser, **span) == [strayed[index] for index in (3, 5, 6, 7, 8, 10)]


def test_a_few_rows_from_another_time_hide_nothing(superuser: Client) -> None:
    keys = sessions_at(*AGES)
    make_session(created_at=NOON - timedelta(days=10))
    make_session(created_at=NOON - timedelta(days=28))
    assert listed(superuser, **{"from": "2026-03-01"}) == keys[1:]


@pytest.mark.parametrize("name", ["from", "to"])
@pytest.mark.parametrize(
    "garbled",
    ["yesterday", "2026-13-45", "0001-01-01", "9999-12-31", "2026-03-10T99:99", "\0", "9" * 5000],
)
def test_what_is_no_moment_is_calm(superuser: Client, name: str, garbled: str) -> None:
    key = make_session().pk
    at_the_end_of_time = (name, garbled) in {("from", "0001-01-01"), ("to", "9999-12-31")}
    assert listed(superuser, **{name: garbled}) in ([[], [key]] if at_the_end_of_time else [[]])


def test_the_form_shows_what_was_asked_and_keeps_the_other_filters(superuser: Client) -> None:
    asked: dict[str, Any] = {"from": "2026-03-09", "to": "2026-03-09", "status": "failed"}
    html = text(superuser, SESSIONS, **asked)
    assert 'name="from" value="2026-03-09T00:00"' in html
    assert 'name="to" value="2026-03-10T00:00"' in html
    span = html.partition('class="faceid-span"')[2].partition("</form>")[0]
    assert '<input type="hidden" name="status" value="failed">' in span
    assert span.count('name="from"') == span.count('name="to"') == 1
    assert "?last=24h&amp;status=failed" in html
