from __future__ import annotations

import random
import threading
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import connection, connections
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
    VerificationSession,
)
from django_faceid.services import histograms, rollups
from django_faceid.services.counting import MINUTE, count
from django_faceid.services.rollups import DAY, HOUR, floor
from django_faceid.testing import advance, faceid_sandbox, make_session, play

pytestmark = pytest.mark.django_db

TOKEN, RESULT = "GetFaceIdTokenIntl", "GetFaceIdResultIntl"
NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    at(NOON, monkeypatch)


def at(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clock show this moment and a few seconds, and stand still."""
    shown = moment + timedelta(seconds=20)
    monkeypatch.setattr(clock, "offset", lambda: shown - datetime.now(timezone.utc))


def call(ago: timedelta = timedelta(0), **columns: Any) -> ApiCall:
    given = {
        "action": TOKEN,
        "account": "default",
        "region": "ap-singapore",
        "outcome": Outcome.OK,
        "milliseconds": 100,
        "started_at": clock.now() - ago,
    }
    return ApiCall.objects.create(**{**given, **columns})


def event(
    session: VerificationSession, ago: timedelta = timedelta(0), **columns: Any
) -> SessionEvent:
    given = {"kind": EventKind.TRANSITION, "source": "task", "created_at": clock.now() - ago}
    return SessionEvent.objects.create(session=session, **{**given, **columns})


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def stored(resolution: Resolution = Resolution.MINUTE) -> dict[tuple[Any, ...], int]:
    rows = Rollup.objects.filter(resolution=resolution)
    columns = ("start", "metric", "action", "label", "bucket", "count")
    return {key: number for *key_, number in rows.values_list(*columns) for key in [tuple(key_)]}


def total(metric: Metric, resolution: Resolution = Resolution.MINUTE) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for row in Rollup.objects.filter(resolution=resolution, metric=metric):
        found[row.action, row.label] += row.count
    return found


# Metrics, each against a straightforward count


@pytest.fixture
def history() -> None:
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


# Percentiles


@pytest.mark.parametrize("seed", range(5))
def test_a_percentile_is_within_the_stated_error_of_the_true_one(seed: int) -> None:
    chance = random.Random(seed)
    times = sorted(round(chance.lognormvariate(5.5, 1.2)) + 1 for _ in range(200))
    for time in times:
        call(milliseconds=time)
    services.roll_up()
    rows = Rollup.objects.filter(resolution=Resolution.DAY, metric=Metric.LATENCY)
    buckets = {row.bucket: row.count for row in rows}
    for share in (0.01, 0.5, 0.95, 0.99, 1.0):
        true = times[max(0, -(-round(share * 100) * len(times) // 100) - 1)]
        estimate = histograms.percentile(buckets, share)
        assert estimate == pytest.approx(true, rel=histograms.ERROR + 1e-9)


def test_no_call_has_no_percentile() -> None:
    assert histograms.percentile({}, 0.5) is None
    assert histograms.percentile({3: 0}, 0.5) is None


def test_a_call_of_no_time_and_one_that_nobody_timed_break_nothing() -> None:
    call(milliseconds=0)
    call(milliseconds=None)
    services.roll_up()
    assert sum(total(Metric.LATENCY).values()) == 1


# In the end


def test_a_call_that_is_settled_later_is_counted_as_what_it_became(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late = call(outcome=Outcome.STARTED, milliseconds=None)
    services.roll_up()
    assert total(Metric.OUTCOME) == {(TOKEN, "started"): 1}
    at(NOON + minutes(1), monkeypatch)
    ApiCall.objects.filter(pk=late.pk).update(outcome=Outcome.OK, milliseconds=11_900)
    services.roll_up()
    assert total(Metric.OUTCOME) == total(Metric.OUTCOME, Resolution.DAY) == {(TOKEN, "ok"): 1}
    assert sum(total(Metric.LATENCY, Resolution.HOUR).values()) == 1


@pytest.mark.parametrize("hours", [0.5, 1, 30, 71])
def test_a_call_found_interrupted_hours_later_is_counted_as_that(
    monkeypatch: pytest.MonkeyPatch, hours: float
) -> None:
    call(outcome=Outcome.STARTED, milliseconds=None)
    call(outcome=Outcome.OK)
    services.roll_up()
    at(NOON + timedelta(hours=hours), monkeypatch)
    services.roll_up()
    services.recover_interrupted()
    services.roll_up()
    expected = {(TOKEN, "ok"): 1, (TOKEN, "interrupted"): 1}
    for resolution in Resolution:
        assert total(Metric.OUTCOME, resolution) == expected


def test_what_is_committed_minutes_after_it_happened_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    services.roll_up()
    at(NOON + minutes(9), monkeypatch)
    services.roll_up()
    event(make_session("a"), minutes(9), to_status="expired")
    services.roll_up()
    assert total(Metric.MOVED, Resolution.HOUR) == {("", "expired"): 1}


# Outages


def test_the_first_run_counts_what_was_there_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "HISTORY", timedelta(days=3))
    call(timedelta(days=2))
    call(timedelta(days=4))
    services.roll_up()
    assert total(Metric.OUTCOME, Resolution.DAY) == {(TOKEN, "ok"): 1}


def test_it_goes_on_where_it_stopped_after_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    call()
    services.roll_up()
    for day in range(4):
        at(NOON + timedelta(days=day, hours=5), monkeypatch)
        call()
    services.roll_up()
    assert total(Metric.OUTCOME, Resolution.DAY) == {(TOKEN, "ok"): 5}
    assert total(Metric.COUNTED, Resolution.DAY)["", ""] == 9 + 77 * 60 + 1


def test_a_long_outage_is_worked_off_in_steps_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    services.roll_up()
    at(NOON + timedelta(hours=5), monkeypatch)
    call()
    runs = [services.roll_up(seconds=0) for _ in range(5)]
    assert runs == [9 + 60, 10 + 60, 10 + 60, 10 + 60, 10 + 60]
    assert services.roll_up() == 10 + 1
    assert total(Metric.OUTCOME, Resolution.HOUR) == {(TOKEN, "ok"): 1}


def test_a_step_that_fails_leaves_nothing_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    call(timedelta(hours=2))
    call()
    real = rollups._store
    starts = []

    def fail(resolution: Resolution, start: datetime, *rest: Any) -> None:
        starts.append(start)
        if resolution == Resolution.DAY and len(starts) > 5:
            raise ZeroDivisionError
        real(resolution, start, *rest)

    with monkeypatch.context() as broken:
        broken.setattr(rollups, "_store", fail)
        with pytest.raises(ZeroDivisionError):
            services.roll_up()
    assert total(Metric.OUTCOME) == total(Metric.OUTCOME, Resolution.DAY) == {(TOKEN, "ok"): 1}
    services.roll_up()
    assert total(Metric.OUTCOME) == total(Metric.OUTCOME, Resolution.DAY) == {(TOKEN, "ok"): 2}


def test_a_clock_that_is_set_back_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    at(NOON + timedelta(days=3), monkeypatch)
    services.roll_up()
    at(NOON, monkeypatch)
    call()
    services.roll_up()
    assert total(Metric.OUTCOME, Resolution.HOUR) == {(TOKEN, "ok"): 1}


# Retention


def test_minutes_hours_and_days_are_kept_for_as_long_as_each_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call()
    services.roll_up()
    for days, left in ((3, {"minute", "hour", "day"}), (4, {"hour", "day"}), (101, {"day"})):
        at(NOON + timedelta(days=days), monkeypatch)
        rollups._prune(clock.now())
        assert set(Rollup.objects.values_list("resolution", flat=True)) == left
    at(NOON + timedelta(days=1101), monkeypatch)
    rollups._prune(clock.now())
    assert not Rollup.objects.exists()


def test_an_hour_counted_after_its_minutes_were_pruned_is_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lost = call(outcome=Outcome.STARTED)
    call(minutes(15))
    call(minutes(-15))
    for later in (30, 90, 4000):
        at(NOON + minutes(later), monkeypatch)
        services.roll_up()
    ApiCall.objects.filter(pk=lost.pk).update(outcome=Outcome.INTERRUPTED)
    services.roll_up()
    expected = {(TOKEN, "ok"): 2, (TOKEN, "interrupted"): 1}
    assert total(Metric.OUTCOME, Resolution.DAY) == expected


# Several at once


@pytest.mark.django_db(transaction=True)
def test_runners_that_meet_count_the_same_as_one() -> None:
    for ago in range(0, 180, 7):
        call(minutes(ago))
    together = threading.Barrier(3)
    errors: list[BaseException] = []

    def run() -> None:
        together.wait()
        try:
            services.roll_up()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    for resolution in Resolution:
        assert total(Metric.OUTCOME, resolution) == {(TOKEN, "ok"): 26}


# Cost


def test_a_run_takes_as_many_queries_for_sixty_calls_as_for_three() -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            services.roll_up()
        return len(captured)

    services.roll_up()
    few = []
    for number in (3, 3, 60):
        for _row in range(number):
            call()
            event(make_session(), to_status="issued")
        few.append(queries())
    assert few[1] == few[2]


def test_labels_that_differ_in_case_alone_are_no_trouble() -> None:
    for code in ("Refused", "REFUSED", "refused "):
        call(error_code=code, outcome=Outcome.REFUSED)
        call(error_code=code, outcome=Outcome.BROKEN)
    services.roll_up()
    services.roll_up()
    assert sum(total(Metric.ERROR).values()) == 6


def test_counting_reads_the_tables_by_their_indexes() -> None:
    with CaptureQueriesContext(connection) as captured:
        count(NOON - HOUR, NOON)
    for query in captured.captured_queries:
        assert "started_at" in query["sql"] or "created_at" in query["sql"]


def test_the_clock_of_the_app_decides_what_now_is() -> None:
    with faceid_sandbox():
        advance(minutes=1)
        assert services.roll_up() >= 1
