"""What each panel of the dashboard shows, and where it leads."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.utils import timezone

from django_faceid import clock, services
from django_faceid.admin import panels
from django_faceid.models import Heartbeat, Metric, Resolution, SessionEvent, Status
from django_faceid.services import heartbeat
from django_faceid.services.rollups import floor
from django_faceid.testing import advance, faceid_sandbox, make_session, play
from tests import numbers
from tests.admin.conftest import VIEW, StaffClient, make_call, text
from tests.admin.dashboard import DASHBOARD, put, words

pytestmark = pytest.mark.django_db


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
    assert "account default 1 call, 1 in the busiest second of 20 allowed" in seen


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


def test_what_phones_say_leads_to_their_sessions(superuser: Client, staff: StaffClient) -> None:
    session, another = make_session("ann"), make_session("bob")
    services.report(session, 211)
    services.report(another, 0)
    services.roll_up()
    html = text(superuser, DASHBOARD, range="1h")
    [link] = re.findall(r'href="([^"]*sdk_code[^"]*)"', html)
    listed = text(superuser, unescape(link))
    assert str(session.public_id) in listed
    assert str(another.public_id) not in listed


def test_percentiles_are_those_of_the_calls(superuser: Client) -> None:
    for milliseconds in [100] * 94 + [1000] * 4 + [9000] * 2:
        make_call(None, milliseconds=milliseconds)
    services.roll_up()
    html = words(text(superuser, DASHBOARD))
    told = re.search(r"p50 (\d+) ms .*?p95 (\S+) (\S+) .*?p99 (\S+) s", html)
    assert told
    assert int(told[1]) == pytest.approx(100, rel=0.06)
    assert float(told[4]) == pytest.approx(9, rel=0.06)


@pytest.mark.parametrize(
    ("milliseconds", "ticks"),
    [
        (120, ["10 ms", "100 ms", "1 s"]),
        (10_500, ["10 ms", "100 ms", "1 s", "10 s"]),
        (99_600, ["10 ms", "100 ms", "1 s", "10 s"]),
        (400_000, ["10 ms", "100 ms", "1 s", "10 s", "100 s"]),
    ],
)
def test_the_axis_of_latencies_ends_with_the_slowest(
    superuser: Client, milliseconds: int, ticks: list[str]
) -> None:
    make_call(None, milliseconds=milliseconds)
    services.roll_up()
    [axis] = re.findall(r'<svg class="faceid-spread".*?</svg>', text(superuser, DASHBOARD), re.S)
    assert re.findall(r">([^<]+)</text>", axis) == ticks
    if milliseconds > 1000:
        assert 'x="98.00%"' in axis, "the slowest lies at the end"


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [
        (None, ""),
        (0, "0 ms"),
        (123, "120 ms"),
        (999.6, "1 s"),
        (1540, "1.5 s"),
        (10_500, "10 s"),
        (99_600, "100 s"),
        (101_000, "100 s"),
        (119_000, "2 min"),
        (150_000, "2.5 min"),
        (72_000_000, "1200 min"),
    ],
)
def test_a_length_of_time_is_never_written_as_a_power(
    milliseconds: float | None, said: str
) -> None:
    assert panels.duration(milliseconds) == said


@pytest.mark.parametrize("shared", [{"QUOTA_GROUP": "corp"}, {"SECRET_ID": "AKIDshared"}])
def test_accounts_that_share_a_quota_are_held_against_it_together(
    superuser: Client, shared: dict[str, str]
) -> None:
    accounts = {
        name: {"SECRET_ID": f"AKID{name}", "SECRET_KEY": "key", **(shared if name != "c" else {})}
        for name in ("b", "a", "c")
    }
    second = floor(clock.now(), timedelta(minutes=1)) - timedelta(minutes=1)
    with override_settings(FACEID={"ACCOUNTS": accounts}):
        for account in ("a", "b", "c"):
            for _call in range(10):
                make_call(None, account=account, started_at=second)
        # The busiest second of each alone, and another one.
        for _call in range(12):
            make_call(None, account="a", started_at=second + timedelta(seconds=5))
        services.roll_up()
        html = text(superuser, DASHBOARD, range="1h")
    seen = words(html)
    assert "accounts a, b 32 calls, 20 in the busiest second of 20 allowed." in seen
    assert "account c 10 calls, 10 in the busiest second of 20 allowed." in seen
    assert "AKID" not in html


def test_what_waits_is_counted_with_its_age(superuser: Client) -> None:
    then = clock.now() - timedelta(hours=3)
    for result_at in (then, clock.now()):
        make_session(status=Status.FAILED, review="pending", result_at=result_at)
    make_session(status=Status.EXPIRED, next_pull_at=clock.now() + timedelta(hours=1))
    reversal = make_session(status=Status.SUCCEEDED, flow_snapshot={"second_review": True})
    services.reject(reversal, actor=User.objects.create_user("ann"), reason="fraud")
    services.roll_up()
    seen = words(text(superuser, DASHBOARD))
    assert "For a decision by staff 2 the oldest for 3 h" in seen
    assert "decided, reversal proposed: 1" in seen
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
