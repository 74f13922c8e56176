"""What is counted, each metric against a straightforward count."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_faceid import clock, services
from django_faceid.models import (
    ApiCall,
    EventKind,
    Metric,
    Outcome,
    Resolution,
    Rollup,
    SessionEvent,
)
from django_faceid.services.counting import MINUTE
from django_faceid.services.rollups import DAY, HOUR, floor
from django_faceid.testing import faceid_sandbox, make_session, play
from tests.services.counted import NOON, RESULT, TOKEN, call, event, minutes, stored, total

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


@pytest.fixture
def history(noon: None) -> None:
    """Two hours of everything, at random but always the same."""
    chance = random.Random(4)
    session = make_session("someone")
    for _row in range(150):
        ago = timedelta(seconds=chance.uniform(0, 7000))
        call(
            ago,
            action=chance.choice([TOKEN, RESULT]),
            account=chance.choice(["default", "second"]),
            outcome=chance.choice(list(Outcome)),
            error_code=chance.choice(["", "", "AuthFailure.SignatureExpire", "ReadTimeout"]),
            milliseconds=chance.choice([None, 0, 1, chance.randrange(20_000)]),
            waited=chance.choice([0, 0, 400, 1999]),
        )
        verdicts = [chance.choice(["undecided", "verified", "rejected"]) for _ in range(2)]
        event(
            session,
            ago,
            kind=chance.choice(list(EventKind)),
            to_status=chance.choice(["issued", "succeeded", "failed", "expired", "canceled"]),
            from_verdict=verdicts[0],
            to_verdict=verdicts[1],
            reason=chance.choice(["", "0", "211", "215", "31337"]),
        )


def by_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def straightforward() -> Counter[tuple[Any, ...]]:
    """What every minute holds, by reading every row."""
    found: Counter[tuple[Any, ...]] = Counter()
    seconds: Counter[tuple[Any, ...]] = Counter()
    for made in ApiCall.objects.all():
        minute = by_minute(made.started_at)
        found[minute, "outcome", made.action, made.outcome, 0] += 1
        if made.error_code:
            found[minute, "error", made.action, made.error_code, 0] += 1
        left = made.started_at + timedelta(milliseconds=made.waited)
        found[by_minute(left), "calls", made.action, made.account, 0] += 1
        seconds[left.replace(microsecond=0), made.action, made.account] += 1
    for (second, action, account), number in seconds.items():
        key = (by_minute(second), "peak", action, account, 0)
        found[key] = max(found[key], number)
    reported = set()
    for told in SessionEvent.objects.order_by("pk"):
        minute = by_minute(told.created_at)
        if told.kind == "transition":
            found[minute, "moved", "", told.to_status, 0] += 1
        proposed = told.kind == "review_proposed"
        if told.to_verdict != told.from_verdict and not proposed:
            found[minute, "decided", "", told.to_verdict, 0] += 1
        if told.kind == "reported":
            code = "other" if told.reason == "31337" else told.reason
            found[minute, "phone", "", code, 0] += 1
            found[minute, "reported", "", "", 0] += told.session_id not in reported
            reported.add(told.session_id)
    return +found


@pytest.mark.usefixtures("history")
def test_every_metric_is_what_reading_every_row_would_say() -> None:
    services.roll_up()
    counted = {key: n for key, n in stored().items() if key[1] not in ("counted", "latency")}
    until = floor(clock.now(), MINUTE) + MINUTE
    assert counted == {key: n for key, n in straightforward().items() if key[0] < until}


@pytest.mark.usefixtures("history")
def test_hours_and_days_are_sums_of_minutes_and_peaks_their_largest() -> None:
    services.roll_up()
    for resolution, length in ((Resolution.HOUR, HOUR), (Resolution.DAY, DAY)):
        summed: Counter[tuple[Any, ...]] = Counter()
        for (start, metric, *rest), number in stored().items():
            key = (floor(start, length), metric, *rest)
            summed[key] = max(summed[key], number) if metric == "peak" else summed[key] + number
        assert stored(resolution) == summed


@pytest.mark.usefixtures("history")
def test_counting_again_changes_nothing_and_writes_nothing() -> None:
    services.roll_up()
    before = list(Rollup.objects.order_by("pk").values())
    with CaptureQueriesContext(connection) as captured:
        services.roll_up()
    assert list(Rollup.objects.order_by("pk").values()) == before
    statements = [query["sql"].split(" ", 1)[0] for query in captured.captured_queries]
    assert not {"INSERT", "DELETE", "UPDATE"} & set(statements)


def test_a_person_who_reports_twice_is_one_step_further_once() -> None:
    first, second = make_session("a"), make_session("b")
    for session, ago in ((first, 3), (first, 2), (second, 2), (first, 0)):
        event(session, minutes(ago), kind=EventKind.REPORTED, reason="0")
    services.roll_up()
    assert total(Metric.REPORTED) == {("", ""): 2}
    assert total(Metric.PHONE) == {("", "0"): 4}


def test_a_second_counts_calls_by_when_they_left_and_not_by_when_they_asked() -> None:
    for waited in (0, 500, 1000, 1500, 2000):
        call(started_at=NOON - timedelta(milliseconds=100), waited=waited)
    services.roll_up()
    peaks = {key[0]: n for key, n in stored().items() if key[1] == "peak"}
    assert peaks == {NOON - MINUTE: 1, NOON: 2}


def test_an_onboarding_is_counted_at_each_of_its_steps() -> None:
    with faceid_sandbox():
        passed = services.issue_token("a").session
        play(passed, "pass")
        services.report(passed, 0)
        services.fetch_result(passed)
        services.issue_token("b")
        services.roll_up()
    moved = {label: n for (_, label), n in total(Metric.MOVED).items()}
    assert moved == {"issued": 2, "succeeded": 1}
    assert total(Metric.DECIDED) == {("", "verified"): 1}
    assert total(Metric.REPORTED) == {("", ""): 1}
    assert total(Metric.OUTCOME) == {(TOKEN, "ok"): 2, (RESULT, "ok"): 1}
    assert sum(total(Metric.LATENCY).values()) == 3
