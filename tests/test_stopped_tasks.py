"""A task that has stopped is a problem while there is work for it, and only then."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from django_faceid import clock, services
from django_faceid.models import Status, VerificationSession
from django_faceid.services import heartbeat, status
from django_faceid.testing import make_session
from tests.overdue import all_tasks_ran, call, overdue_session, problems, seconds, undelivered_event

pytestmark = pytest.mark.django_db


def due_for_expire_tokens() -> None:
    overdue_session(seconds(1), next_pull_at=None)


def due_for_collect_results() -> None:
    make_session(next_pull_at=clock.now() - seconds(1))


def due_for_recover_interrupted() -> None:
    make_session(status=Status.PENDING, lease_until=clock.now() - seconds(1))


def due_for_deliver_events() -> None:
    undelivered_event(seconds(30))


def due_for_roll_up() -> None:
    call()


def due_for_run_bulk_jobs() -> None:
    operator = User.objects.create_superuser("operator")
    services.start_bulk("cancel", VerificationSession.objects.all(), actor=operator)


WORK = {
    "expire_tokens": due_for_expire_tokens,
    "collect_results": due_for_collect_results,
    "recover_interrupted": due_for_recover_interrupted,
    "deliver_events": due_for_deliver_events,
    "roll_up": due_for_roll_up,
    "run_bulk_jobs": due_for_run_bulk_jobs,
}


@pytest.mark.parametrize("task", heartbeat.TASKS)
def test_a_task_that_stopped_is_a_problem_only_while_there_is_work_for_it(task: str) -> None:
    all_tasks_ran(ago=timedelta(minutes=6))
    assert problems() == []
    WORK[task]()
    [problem] = status.overview().problems
    assert problem.code == "task"
    assert problem.seen == f"{task} last ran 6 min ago and has 1 rows to do"


@pytest.mark.parametrize("task", heartbeat.TASKS)
def test_a_task_that_never_ran_is_a_problem_once_there_is_work_for_it(task: str) -> None:
    WORK[task]()
    [problem] = status.overview().problems
    assert problem.seen == f"{task} never ran and has 1 rows to do"


@pytest.mark.parametrize("task", heartbeat.TASKS)
def test_a_cron_line_that_missed_one_minute_is_no_problem(task: str) -> None:
    all_tasks_ran(ago=seconds(130))
    WORK[task]()
    assert problems() == []
