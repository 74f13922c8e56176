"""The same act on many sessions: background work in small steps that outlives its worker."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from .. import clock
from ..models import BulkAct, BulkItem, BulkJob, JobState, VerificationSession
from ..models.bulk import OPEN
from ..models.database import write_alias
from . import bulk_acts
from .bulk_acts import Again, Rest
from .errors import NotAllowed

MOST = 5000
"""Sessions in one job."""
KEPT_FOR = timedelta(days=90)
"""How long a job can be looked at after its end."""
FORGOTTEN_AT_ONCE = 1000
# Longer than one session can take: a call's deadline, its slot and the storage of pictures.
LEASE = timedelta(seconds=90)
# Sessions before another job has its turn.
TURN = 20
LONGEST_PAUSE = 1.0
NOT_ALLOWED = "not_allowed"


def start_bulk(
    act: str, sessions: QuerySet[VerificationSession], *, actor: Any, capped: bool = False
) -> BulkJob:
    """Have background work do a ``BulkAct`` to the newest ``MOST`` of these sessions.

    Each is done in the name of ``actor``, who must be allowed to operate until the end.
    ``capped`` says that whoever chose these left older ones out. Raises ``NotAllowed``.
    """
    if not _may(actor):
        raise NotAllowed
    pks = list(sessions.order_by("-pk").values_list("pk", flat=True)[: MOST + 1])
    with transaction.atomic(using=write_alias()):
        job = BulkJob.objects.create(
            act=BulkAct(act),
            actor=actor,
            actor_pk=str(actor.pk),
            capped=capped or len(pks) > MOST,
        )
        items = [BulkItem(job=job, session_id=pk) for pk in pks[:MOST]]
        BulkItem.objects.bulk_create(items, batch_size=500)
    return job


def stop_bulk(job: BulkJob) -> bool:
    """Begin no further session of a job; False when it had come to its end already."""
    return job.end(JobState.STOPPED)


def run_bulk_jobs(seconds: float = 20.0) -> int:
    """Work on the jobs that nobody works on, for about ``seconds``; how many sessions.

    A job whose worker was killed is due again after ``LEASE``, at the session it was at.
    """
    deadline = time.monotonic() + seconds
    dealt_with = 0
    while time.monotonic() < deadline and (job := _claim()) is not None:
        dealt_with += _work(job, deadline)
    return dealt_with


def forget_old_jobs() -> int:
    """Delete jobs that ended 90 days ago, a bounded number of rows at a time; how many jobs.

    Each session's event and entry in the admin's log stay. A job that runs has not ended.
    """
    old = BulkJob.objects.using(write_alias()).filter(finished_at__lte=clock.now() - KEPT_FOR)
    left, forgotten = FORGOTTEN_AT_ONCE, 0
    for job in old.order_by("finished_at")[:FORGOTTEN_AT_ONCE]:
        items = BulkItem.objects.using(write_alias()).filter(job=job)
        pks = list(items.order_by("id").values_list("pk", flat=True)[:left])
        left -= items.filter(pk__in=pks).delete()[0]
        if left <= 0:
            break
        job.delete()
        forgotten, left = forgotten + 1, left - 1
    return forgotten


def _claim() -> BulkJob | None:
    due = BulkJob.objects.using(write_alias()).due().select_related("actor")
    for job in due.order_by("lease_until")[:TURN]:
        if job.hold(clock.now() + LEASE):
            return job
    return None


def _work(job: BulkJob, deadline: float) -> int:
    """One job's turn; how many sessions came to their end."""
    if not _may(job.actor):
        job.end(JobState.STOPPED, NOT_ALLOWED)
        return 0
    dealt_with = 0
    still_open = BulkItem.objects.using(write_alias()).filter(job=job, state__in=OPEN)
    for item in list(still_open.order_by("id")[:TURN]):
        if time.monotonic() > deadline or not job.hold(clock.now() + LEASE):
            break
        try:
            bulk_acts.do(job, item)
            dealt_with += 1
        except Again:
            # The quota is for people first.
            time.sleep(random.uniform(LONGEST_PAUSE / 2, LONGEST_PAUSE))  # noqa: S311 (jitter)
        except Rest as rest:
            job.hold(clock.now() + rest.length, last_error=rest.code)
            return dealt_with
    if not still_open.exists():
        job.end(JobState.DONE)
    job.hold(clock.now())
    return dealt_with


def _may(actor: Any) -> bool:
    return actor is not None and actor.has_perm("faceid.operate_verificationsession")
