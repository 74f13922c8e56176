"""What ought to have been done by now, and the problems that it makes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django_faceid import clock
from django_faceid.models import (
    ApiCall,
    EventKind,
    Heartbeat,
    SessionEvent,
    Status,
    VerificationSession,
)
from django_faceid.services import heartbeat, status
from django_faceid.testing import make_session


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def problems() -> list[str]:
    return [problem.code for problem in status.overview().problems]


def all_tasks_ran(ago: timedelta = timedelta(0)) -> None:
    for task in heartbeat.TASKS:
        heartbeat.beat(task)
    Heartbeat.objects.update(last_run_at=clock.now() - ago)


def overdue_session(by: timedelta, **columns: Any) -> VerificationSession:
    then = clock.now() - by - timedelta(minutes=10)
    return make_session(
        issued_at=then,
        token_expires_at=then + timedelta(minutes=10),
        result_expires_at=then + timedelta(hours=72),
        **columns,
    )


def undelivered_event(age: timedelta) -> SessionEvent:
    return SessionEvent.objects.create(
        session=make_session(status=Status.EXPIRED, next_pull_at=None),
        kind=EventKind.TRANSITION,
        from_status=Status.ISSUED,
        to_status=Status.EXPIRED,
        source="task",
        created_at=clock.now() - age,
    )


def call(**columns: Any) -> None:
    given = {"account": "default", "action": "GetFaceIdTokenIntl", "region": "ap-singapore"}
    ApiCall.objects.create(**{**given, **columns})
