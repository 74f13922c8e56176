"""`faceid_tick`: all of the background work, without Celery."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from django_faceid import clock, services
from django_faceid.management.commands import faceid_tick
from django_faceid.models import Heartbeat, Status
from django_faceid.services import heartbeat
from django_faceid.testing import advance, faceid_sandbox, make_session, play
from tests.overdue import undelivered_event

pytestmark = pytest.mark.django_db(transaction=True)


def tick() -> list[str]:
    out = io.StringIO()
    call_command("faceid_tick", stdout=out)
    return out.getvalue().splitlines()


def test_a_tick_does_all_of_the_background_work() -> None:
    now = clock.now()
    pending = make_session(status=Status.PENDING, lease_until=now - timedelta(seconds=1))
    event = undelivered_event(timedelta(minutes=1))
    with faceid_sandbox():
        passed = services.issue_token("reference-1").session
        play(passed, "pass")
        walked = services.issue_token("reference-2").session
        advance(minutes=11)
        lines = tick()
    assert lines[:-1] == [
        "expire_tokens 2",
        "recover_interrupted 1",
        "deliver_events 1",
        "collect_results 2",
        "run_bulk_jobs 0",
    ]
    for row in (pending, passed, walked, event):
        row.refresh_from_db()
    assert [row.status for row in (pending, passed, walked)] == ["error", "succeeded", "expired"]
    assert event.delivered_at is not None


def test_a_tick_with_nothing_to_do_says_so_and_leaves_heartbeats() -> None:
    *steps, counted = tick()
    assert all(each.endswith(" 0") for each in steps)
    assert counted.startswith("roll_up "), "it counts minutes, and those always pass"
    assert {heart.task for heart in Heartbeat.objects.all()} == set(heartbeat.TASKS)


def test_a_step_that_fails_keeps_no_other_from_its_turn(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def recover_interrupted() -> int:
        raise ZeroDivisionError("something secret")

    steps = tuple(
        recover_interrupted if step.__name__ == "recover_interrupted" else step
        for step in faceid_tick.STEPS
    )
    monkeypatch.setattr(faceid_tick, "STEPS", steps)
    out = io.StringIO()
    with pytest.raises(CommandError, match=r"Failed: recover_interrupted\."):
        call_command("faceid_tick", stdout=out)
    assert out.getvalue().splitlines()[:-1] == [
        "expire_tokens 0",
        "recover_interrupted failed: ZeroDivisionError",
        "deliver_events 0",
        "collect_results 0",
        "run_bulk_jobs 0",
    ]
    assert "outcome=failed" in caplog.text
    assert "recover_interrupted" not in {heart.task for heart in Heartbeat.objects.all()}
