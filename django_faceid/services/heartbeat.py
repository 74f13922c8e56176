"""Proof that the background tasks run, whoever runs them."""

from __future__ import annotations

from datetime import datetime, timedelta

from .. import clock
from ..beat import BEAT_SCHEDULE
from ..models import Heartbeat
from ..models.database import write_alias

TASKS = tuple(entry["task"].partition(".")[2] for entry in BEAT_SCHEDULE.values())
# A cron line runs once a minute; two runs may fail before it matters.
STALE_AFTER = timedelta(minutes=3)


def beat(task: str) -> None:
    """Note that a task of ``TASKS`` has just run to its end."""
    now = clock.now()
    if not Heartbeat.objects.filter(task=task).update(last_run_at=now):
        Heartbeat.objects.update_or_create(task=task, defaults={"last_run_at": now})


def alone(task: str) -> None:
    """Wait until no other runner of ``task`` is in a transaction that asked for the same."""
    Heartbeat.objects.using(write_alias()).select_for_update().get_or_create(task=task)


def last_runs() -> dict[str, datetime | None]:
    """When each task of ``TASKS`` last ran to its end; None for never."""
    known = dict(Heartbeat.objects.values_list("task", "last_run_at"))
    return {task: known.get(task) for task in TASKS}


def stale_tasks() -> list[str]:
    """The tasks that have not run to their end within ``STALE_AFTER``."""
    since = clock.now() - STALE_AFTER
    return [task for task, ran in last_runs().items() if ran is None or ran < since]
