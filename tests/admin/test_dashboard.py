from __future__ import annotations

import re
import zoneinfo
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_faceid import clock, services
from django_faceid.models import Heartbeat, Metric, Resolution, Rollup, SessionEvent, Status
from django_faceid.models.rollups import Key
from django_faceid.services import heartbeat
from django_faceid.services.figures import RANGES
from django_faceid.services.rollups import floor
from django_faceid.testing import advance, faceid_sandbox, make_session, play
from tests import numbers
from tests.admin.conftest import VIEW, StaffClient, make_call, text

pytestmark = pytest.mark.django_db

DASHBOARD = "/admin/faceid/"
SCRIPT = "<script>alert(1)</script>"
INLINE = re.compile(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+\s*=|javascript:", re.I)


def put(
    metric: Metric, count: int, ago: timedelta = timedelta(0), *, action: str = "", label: str = ""
) -> None:
    """A number of the hour that was then, and that the hour was counted."""
    start = floor(clock.now() - ago, timedelta(hours=1))
    rows = ((Key(start, Metric.COUNTED), 60), (Key(start, metric, action, label), count))
    for key, number in rows:
        Rollup.objects.update_or_create(
            resolution=Resolution.HOUR, **key._asdict(), defaults={"count": number}
        )


def words(html: str) -> str:
    """What a reader sees, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


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
    put(Metric.MOVED, 30, label="issued")
    put(Metric.MOVED, 20, timedelta(hours=24), label="issued")
    assert "Tokens issued 30 ▲ 50 % · 20 before" in words(text(superuser, DASHBOARD))


def test_a_range_that_was_half_counted_is_compared_minute_by_minute(superuser: Client) -> None:
    put(Metric.MOVED, 30, label="issued")
    put(Metric.MOVED, 30, timedelta(hours=1), label="issued")
    put(Metric.MOVED, 30, timedelta(hours=24), label="issued")
    assert "Tokens issued 60 ±0 % · 30 before" in words(text(superuser, DASHBOARD))


def test_times_are_those_of_the_viewers_time_zone(superuser: Client) -> None:
    put(Metric.MOVED, 30, label="issued")
    start = floor(clock.now(), timedelta(hours=1))
    with timezone.override("Asia/Kolkata"), override_settings(TIME_ZONE="Asia/Kolkata"):
        html = text(superuser, DASHBOARD)
    local = start.astimezone(zoneinfo.ZoneInfo("Asia/Kolkata"))
    assert f'<th scope="row">{local:%Y-%m-%d %H}:30' in html
    assert ">21:00</text>" in html, "and so are the ticks, which are round there"


# Panels


def test_an_onboarding_fills_it_from_end_to_end(superuser: Client, customer: User) -> None:
    with faceid_sandbox():
        session = services.issue_token(customer).session
        play(session, "pass")
        services.report(session, 211)
        services.fetch_result(session)
        services.roll_up()
        heartbeat.beat("roll_up")
        seen = words(text(superuser, DASHBOARD, range="1h"))
    for step in ("Token issued", "Phone reported", "Result fetched", "Verified"):
        assert f"{step} 1 100%" in seen
    assert "HY_LOCAL_REF_FAILED_ERROR" in seen
    assert "Check the license file inside the app." in seen
    assert "1 calls, 1 in the busiest second of 20 allowed" in seen


def test_error_codes_say_what_they_mean_and_lead_to_their_calls(superuser: Client) -> None:
    call = make_call(None, error_code="ReadTimeout", outcome="unreachable")
    another = make_call(None, error_code="ConnectFailed", outcome="unreachable")
    services.roll_up()
    html = text(superuser, DASHBOARD)
    assert "No answer came in time" in html
    links = re.findall(r'href="([^"]*error_code=ReadTimeout[^"]*)"', html)
    listed = text(superuser, unescape(links[0]))
    assert call.request_id in listed
    assert another.request_id not in listed


def test_percentiles_are_those_of_the_calls(superuser: Client) -> None:
    for milliseconds in [100] * 94 + [1000] * 4 + [9000] * 2:
        make_call(None, milliseconds=milliseconds)
    services.roll_up()
    html = words(text(superuser, DASHBOARD))
    told = re.search(r"p50 (\d+) ms .*?p95 (\S+) (\S+) .*?p99 (\S+) s", html)
    assert told
    assert int(told[1]) == pytest.approx(100, rel=0.06)
    assert float(told[4]) == pytest.approx(9, rel=0.06)


def test_what_waits_is_counted_with_its_age(superuser: Client) -> None:
    then = clock.now() - timedelta(hours=3)
    for result_at in (then, clock.now()):
        make_session(status=Status.FAILED, review="pending", result_at=result_at)
    make_session(status=Status.EXPIRED, next_pull_at=clock.now() + timedelta(hours=1))
    services.roll_up()
    seen = words(text(superuser, DASHBOARD))
    assert "For a decision by staff 2 the oldest for 3 h" in seen
    assert "For Tencent's result 1 the first can be fetched for 3 days more" in seen


@pytest.mark.parametrize(
    ("permissions", "leads_to"),
    [
        (VIEW, "/verificationsession/?review=pending"),
        ((*VIEW, "review_verificationsession"), "/verificationsession/queue/"),
    ],
)
def test_what_waits_for_staff_is_a_click_away(
    staff: StaffClient, permissions: tuple[str, ...], leads_to: str
) -> None:
    make_session(status=Status.FAILED, review="pending")
    services.roll_up()
    browser = staff(*permissions)
    [address] = re.findall(r'href="([^"]*)">See them', text(browser, DASHBOARD))
    assert address.endswith(leads_to)
    assert browser.get(address).status_code == 200


def test_what_is_overdue_stands_on_top_with_what_to_do(superuser: Client) -> None:
    services.roll_up()
    assert "Nothing is overdue." in text(superuser, DASHBOARD)
    SessionEvent.objects.create(
        session=make_session(next_pull_at=None),
        kind="transition",
        source="task",
        created_at=clock.now() - timedelta(minutes=9),
    )
    seen = words(text(superuser, DASHBOARD))
    assert "1 event not delivered for 9 min. What to do: run celery worker and beat" in seen
    assert "Nothing is overdue." not in seen


def test_it_says_as_of_when_and_when_counting_has_stopped(superuser: Client) -> None:
    assert "Nothing has been counted yet." in text(superuser, DASHBOARD)
    with faceid_sandbox():
        services.roll_up()
        heartbeat.beat("roll_up")
        ran = Heartbeat.objects.get(task="roll_up").last_run_at
        assert ran
        as_of = f"As of {timezone.localtime(ran):%Y-%m-%d %H:%M:%S} (America/Chicago)"
        assert as_of in words(text(superuser, DASHBOARD))
        advance(minutes=10)
        make_call(None, started_at=clock.now())
        assert "roll_up last ran 10 min ago" in text(superuser, DASHBOARD)


def test_an_empty_range_says_what_to_do(superuser: Client) -> None:
    assert "manage.py faceid_tick" in text(superuser, DASHBOARD)
    services.roll_up()
    seen = text(superuser, DASHBOARD)
    for sentence in (
        "No session moved in this range",
        "No call was answered in this range",
        "No call was made in this range",
        "No phone reported in this range",
        "No call was refused, broken or unanswered in this range",
    ):
        assert sentence in seen


def test_an_account_that_left_the_settings_is_still_shown(superuser: Client) -> None:
    put(Metric.CALLS, 9, action=numbers.TOKEN, label="old")
    assert "the account left FACEID" in text(superuser, DASHBOARD)


def test_settings_that_cannot_be_read_break_nothing(superuser: Client) -> None:
    numbers.fill(Resolution.HOUR)
    with override_settings(FACEID={"RAET": 3}):
        html = text(superuser, DASHBOARD)
    assert "RAET" in html
    assert "Tokens issued" in html


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
def test_it_takes_twelve_queries_however_much_there_is(staff: StaffClient, name: str) -> None:
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
    assert queries() == few <= 12
