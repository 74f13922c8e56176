"""Who sees the dashboard, of which range, in what markup and at what cost."""

from __future__ import annotations

import re
import zoneinfo
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_faceid import clock
from django_faceid.models import Metric, Resolution, Rollup, Status
from django_faceid.services import heartbeat
from django_faceid.services.figures import RANGES
from django_faceid.services.rollups import floor
from django_faceid.testing import make_session
from tests import numbers
from tests.admin.conftest import VIEW, StaffClient, make_call, text
from tests.admin.dashboard import DASHBOARD, put, words

pytestmark = pytest.mark.django_db


SCRIPT = "<script>alert(1)</script>"
INLINE = re.compile(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+\s*=|javascript:", re.I)


# Who may


def test_nobody_sees_it_without_logging_in(client: Client) -> None:
    assert client.get(DASHBOARD).status_code == 302


def test_it_needs_the_permission_to_see_sessions(staff: StaffClient) -> None:
    put(Metric.MOVED, 7, label="issued")
    html = text(staff("view_apicall"), DASHBOARD)
    assert "faceid-dashboard" not in html
    assert "/admin/faceid/apicall/" in html, "the list of what they may see is still there"
    assert "faceid-dashboard" in text(staff("view_verificationsession"), DASHBOARD)


def test_it_leads_only_where_the_viewer_may_go(staff: StaffClient) -> None:
    put(Metric.ERROR, 7, action=numbers.TOKEN, label="ReadTimeout")
    seen = text(staff("view_verificationsession"), DASHBOARD)
    assert "ReadTimeout" in seen
    assert "/apicall/" not in seen
    assert "/apicall/?error_code=ReadTimeout" in text(staff(*VIEW), DASHBOARD)


@override_settings(ROOT_URLCONF="tests.admin.second_site")
def test_every_admin_site_has_it_and_stays_within_its_own_pages(superuser: Client) -> None:
    put(Metric.ERROR, 7, action=numbers.TOKEN, label="ReadTimeout")
    html = text(superuser, "/backoffice/faceid/")
    assert "faceid-dashboard" in html
    assert "/backoffice/faceid/verificationsession/" in html
    assert '="/admin/' not in html
    assert "/apicall/" not in html, "the second site has no pages of calls"


# Ranges


@pytest.mark.parametrize("name", RANGES)
def test_each_range_shows_its_own_numbers(superuser: Client, name: str) -> None:
    numbers.fill(RANGES[name].resolution, per_minute=2)
    html = text(superuser, DASHBOARD, range=name)
    # Django marks a breadcrumb of its own like this.
    assert re.findall(r'<a href="\?range=(\w+)" aria-current="page">', html) == [name]
    steps = RANGES[name].steps
    assert html.count('class="faceid-column"') == 3 * steps
    rows = Rollup.objects.filter(
        resolution=RANGES[name].resolution,
        metric=Metric.MOVED,
        label="issued",
        start__gte=floor(clock.now(), RANGES[name].step) - RANGES[name].step * (steps - 1),
    )
    assert f'"faceid-big">{sum(row.count for row in rows)}<' in html


@pytest.mark.parametrize("given", ["", "8h", "-1", "24H", SCRIPT, "\0", "٢٤h", "1h" * 5000])
def test_a_garbled_range_is_the_usual_one(superuser: Client, given: str) -> None:
    html = text(superuser, DASHBOARD, range=given)
    assert '<a href="?range=24h" aria-current="page">' in html
    assert SCRIPT not in html


def test_numbers_are_held_against_those_of_the_range_before(superuser: Client) -> None:
    numbers.steady(Resolution.HOUR, per_minute=0)
    put(Metric.MOVED, 30, timedelta(hours=2), label="issued")
    put(Metric.MOVED, 20, timedelta(hours=26), label="issued")
    assert "Tokens issued 30 ▲ 50 % · 20 before" in words(text(superuser, DASHBOARD))


def test_a_range_that_was_not_counted_whole_is_compared_with_nothing(superuser: Client) -> None:
    put(Metric.MOVED, 893, label="issued")
    put(Metric.MOVED, 900, timedelta(hours=26), label="issued")
    seen = words(text(superuser, DASHBOARD))
    assert "Tokens issued 893 before: not counted whole Verified" in seen
    assert "%" not in seen.partition("Tokens issued")[2].partition("Sessions over time")[0]


def test_codes_that_have_no_row_are_told_by_their_number(staff: StaffClient) -> None:
    for number in range(15):
        put(Metric.ERROR, 100 - number, action=numbers.TOKEN, label=f"Code{number:02}")
        put(Metric.PHONE, 100 - number, label=str(300 + number))
    html = text(staff(*VIEW), DASHBOARD)
    assert "Code11" in html
    assert "Code12" not in html
    assert "3 more codes, 261 calls. All calls of this range" in words(html)
    assert "3 more codes, 261 reports." in words(html)
    [address] = re.findall(r'href="([^"]*)">All calls of this range', html)
    assert staff(*VIEW).get(unescape(address)).status_code == 200
    assert "All calls" not in text(staff("view_verificationsession"), DASHBOARD)


def test_times_are_those_of_the_viewers_time_zone(superuser: Client) -> None:
    put(Metric.MOVED, 30, label="issued")
    start = floor(clock.now(), timedelta(hours=1))
    with timezone.override("Asia/Kolkata"), override_settings(TIME_ZONE="Asia/Kolkata"):
        html = text(superuser, DASHBOARD)
    local = start.astimezone(zoneinfo.ZoneInfo("Asia/Kolkata"))
    assert f'<th scope="row">{local:%Y-%m-%d %H}:30' in html
    assert ">21:00</text>" in html, "and so are the ticks, which are round there"


# Markup


@pytest.fixture
def pages(superuser: Client) -> str:
    numbers.fill()
    return "".join(text(superuser, DASHBOARD, range=name) for name in RANGES)


def test_there_is_neither_style_nor_script_in_it(pages: str) -> None:
    assert INLINE.search(pages) is None


def test_every_chart_has_its_numbers_as_a_table(pages: str) -> None:
    figures = re.findall(r"<figure.*?</figure>", pages, re.S)
    assert len(figures) == 3 * len(RANGES)
    for figure in figures:
        _moment, *series = re.findall(r'<th scope="col">', figure)
        steps = figure.count('class="faceid-column"')
        assert len(re.findall(r"<td>.+?</td>", figure)) == steps * len(series)
        assert 'role="img" aria-label=' in figure
        assert "<caption" in figure


def test_every_id_is_there_once(superuser: Client) -> None:
    numbers.fill(Resolution.HOUR)
    ids = re.findall(r'\sid="([^"]+)"', text(superuser, DASHBOARD))
    assert sorted(ids) == sorted(set(ids))


def test_what_foreigners_sent_is_escaped(superuser: Client) -> None:
    put(Metric.ERROR, 7, action=SCRIPT, label=SCRIPT)
    put(Metric.CALLS, 7, action=SCRIPT, label=SCRIPT)
    put(Metric.LATENCY, 7, action=SCRIPT)
    html = text(superuser, DASHBOARD)
    assert SCRIPT not in html
    assert "&lt;script&gt;" in html


@override_settings(USE_THOUSAND_SEPARATOR=True, LANGUAGE_CODE="de")
def test_no_locale_moves_a_line(superuser: Client) -> None:
    put(Metric.MOVED, 12345, label="issued")
    html = text(superuser, DASHBOARD)
    places = re.findall(r'\s(?:x|y|x1|x2|y1|y2|width|height|d)="([^"]*)"', html)
    assert places
    assert [place for place in places if "," in place or "\xa0" in place] == []


# Cost


@pytest.mark.parametrize("name", RANGES)
def test_it_takes_thirteen_queries_however_much_there_is(staff: StaffClient, name: str) -> None:
    browser = staff(*VIEW)
    for task in heartbeat.TASKS:
        heartbeat.beat(task)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            text(browser, DASHBOARD, range=name)
        return len(captured)

    few = queries()
    numbers.fill(RANGES[name].resolution)
    for _row in range(20):
        make_session(status=Status.FAILED, review="pending")
        make_session()
        make_call(None)
    assert queries() == few <= 13
