from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery, current_app
from celery.app import app_or_default
from django.utils import timezone

from django_faceid import clock, services, tasks
from django_faceid.beat import BEAT_SCHEDULE
from django_faceid.models import Heartbeat, Status, VerificationSession
from django_faceid.sandbox.faults import Html
from django_faceid.services import heartbeat
from django_faceid.testing import advance, faceid_sandbox, make_session, play
from tests.overdue import undelivered_event

pytestmark = pytest.mark.django_db(transaction=True)
PERIODIC = [entry["task"] for entry in BEAT_SCHEDULE.values()]


@pytest.fixture(autouse=True)
def eager() -> Iterator[Celery]:
    before = app_or_default()
    app = Celery("eager", set_as_current=True)
    app.conf.update(task_always_eager=True, task_eager_propagates=True)
    try:
        yield app
    finally:
        app.close()
        before.set_current()


def run(name: str, *args: Any) -> None:
    current_app.tasks[name].delay(*args)


def issued(who: str = "reference-1") -> VerificationSession:
    return services.issue_token(who).session


def test_expire_tokens_moves_the_label() -> None:
    with faceid_sandbox():
        session = issued()
        advance(minutes=11)
        run("django_faceid.expire_tokens")
    session.refresh_from_db()
    assert session.status == Status.EXPIRED


def test_a_result_that_nobody_reported_is_collected() -> None:
    with faceid_sandbox():
        session = issued()
        play(session, "pass")
        run("django_faceid.collect_results")
        session.refresh_from_db()
        assert session.status == Status.ISSUED, "its first look is not due yet"
        advance(seconds=91)
        run("django_faceid.collect_results")
    session.refresh_from_db()
    assert session.status == Status.SUCCEEDED


def test_one_task_is_sent_for_each_claimed_session(monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    due = [make_session(next_pull_at=now - timedelta(seconds=second)) for second in (1, 2)]
    make_session(next_pull_at=now + timedelta(hours=1))
    sent: list[int] = []
    with monkeypatch.context() as watched:
        watched.setattr(tasks.fetch_session_result, "delay", sent.append)
        run("django_faceid.collect_results")
        run("django_faceid.collect_results")
    assert sorted(sent) == sorted(session.pk for session in due)


def test_a_claim_comes_back_when_its_task_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    with faceid_sandbox():
        session = issued()
        play(session, "pass")
        advance(seconds=91)
        with monkeypatch.context() as lost:
            lost.setattr(tasks.fetch_session_result, "delay", lambda _pk: None)
            run("django_faceid.collect_results")
        run("django_faceid.collect_results")
        session.refresh_from_db()
        assert session.status == Status.ISSUED, "still leased to the task that was lost"
        advance(seconds=61)
        run("django_faceid.collect_results")
    session.refresh_from_db()
    assert session.status == Status.SUCCEEDED


def test_a_task_for_a_lost_claim_is_stale_when_the_session_is_claimed_anew() -> None:
    assert tasks.fetch_session_result.expires == services.collecting.CLAIM_LEASE.total_seconds()


def test_a_vendor_in_trouble_fails_no_task() -> None:
    with faceid_sandbox() as sandbox:
        session = issued()
        play(session, "pass")
        advance(seconds=91)
        sandbox.faults.add(Html(Count=None))
        run("django_faceid.collect_results")
    session.refresh_from_db()
    assert session.status == Status.ISSUED
    assert session.next_pull_at is not None


def test_recover_interrupted_closes_what_a_killed_process_left() -> None:
    session = make_session(status=Status.PENDING, lease_until=clock.now() - timedelta(seconds=1))
    run("django_faceid.recover_interrupted")
    session.refresh_from_db()
    assert (session.status, session.error_code) == (Status.ERROR, "Interrupted")


def test_deliver_events_marks_what_it_sent() -> None:
    event = undelivered_event(timedelta(minutes=1))
    run("django_faceid.deliver_events")
    event.refresh_from_db()
    assert event.delivered_at is not None


@pytest.mark.parametrize("name", PERIODIC)
def test_every_periodic_task_leaves_a_heartbeat(name: str) -> None:
    before = timezone.now()
    run(name)
    Heartbeat.objects.update(last_run_at=before - timedelta(days=1))
    run(name)
    [heart] = Heartbeat.objects.all()
    assert f"django_faceid.{heart.task}" == name
    assert heart.last_run_at
    assert heart.last_run_at >= before


def test_a_task_that_fails_leaves_no_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(services, "expire_tokens", fail)
    with pytest.raises(ZeroDivisionError):
        run("django_faceid.expire_tokens")
    assert not Heartbeat.objects.exists()


def test_tasks_that_ran_are_not_stale_for_three_minutes() -> None:
    assert heartbeat.stale_tasks() == list(heartbeat.TASKS)
    for name in PERIODIC:
        run(name)
    assert heartbeat.stale_tasks() == []
    with faceid_sandbox():
        advance(minutes=4)
        assert heartbeat.stale_tasks() == list(heartbeat.TASKS)


def test_the_schedule_names_the_tasks_that_exist_and_only_those() -> None:
    ours = {name for name in current_app.tasks if name.startswith("django_faceid.")}
    assert ours == {*PERIODIC, "django_faceid.fetch_session_result"}
    assert tasks.BEAT_SCHEDULE is BEAT_SCHEDULE


@pytest.mark.parametrize("name", [*PERIODIC, "django_faceid.fetch_session_result"])
def test_no_task_asks_for_a_result_backend(name: str) -> None:
    assert current_app.tasks[name].ignore_result


@pytest.mark.parametrize("entry", BEAT_SCHEDULE.values(), ids=BEAT_SCHEDULE)
def test_an_outage_leaves_no_pile_of_messages(entry: dict[str, Any]) -> None:
    assert entry["options"]["expires"] <= 4 * entry["schedule"]
    assert not {"countdown", "eta"} & entry["options"].keys()


def test_the_schedule_can_be_imported_by_a_settings_module() -> None:
    program = "import sys, django_faceid.beat; sys.exit('django' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


def test_no_log_line_of_a_task_names_a_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with faceid_sandbox():
        session = issued()
        token = session.sdk_token
        play(session, "pass")
        advance(seconds=91)
        run("django_faceid.collect_results")
    assert token
    assert token not in caplog.text
