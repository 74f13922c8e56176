"""What a killed process left behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from .. import clock
from ..models import ApiCall, Outcome, Source, Status, VerificationSession
from ..models.database import write_alias
from . import outbox, strays
from .bulk import forget_old_jobs
from .durable import move
from .idempotency import forget_old_keys

BATCH = 500
# Longer than any attempt can last: a read may run 10 s beyond its slot.
ATTEMPT_LEASE = timedelta(minutes=1)
# What is written on a pending session whose lease ran out; its token, if any, was never handed out.
INTERRUPTED: dict[str, Any] = {"reason": "Interrupted", "error_code": "Interrupted"}


def recover_interrupted() -> int:
    """End sessions and attempts whose process did not come back, and clear up after them.

    Returns how many sessions ended as ``error(Interrupted)``.
    """
    recovered = sum(map(_recover, _interrupted()))
    ApiCall.objects.filter(
        outcome=Outcome.STARTED, started_at__lte=clock.now() - ATTEMPT_LEASE
    ).update(outcome=Outcome.INTERRUPTED)
    forget_old_keys()
    forget_old_jobs()
    # Last, since it asks the host's storage.
    strays.clear()
    return recovered


def _interrupted() -> Iterator[VerificationSession]:
    """All whose lease is over, a bounded number in memory; not from a replica that lags."""
    sessions = VerificationSession.objects.using(write_alias()).interrupted()
    last = 0
    while batch := list(sessions.filter(pk__gt=last).order_by("id")[:BATCH]):
        yield from batch
        last = batch[-1].pk


def _recover(session: VerificationSession) -> bool:
    event = move(session, Status.ERROR, source=Source.TASK, **INTERRUPTED)
    outbox.announce(event)
    return event is not None
