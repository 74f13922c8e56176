"""Counts that are kept: late rows, outages, retention, several runners, and the cost."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from django_faceid import clock, services
from django_faceid.models import ApiCall, Metric, Outcome, Resolution, Rollup
from django_faceid.services import rollups
from django_faceid.services.counting import count
from django_faceid.services.rollups import HOUR
from django_faceid.testing import advance, faceid_sandbox, make_session
from tests.services.counted import NOON, TOKEN, at, call, event, minutes, total

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


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
