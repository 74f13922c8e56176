"""Fetching results that no client asks for."""

from __future__ import annotations

import logging
import random
import time
from datetime import timedelta

from .. import clock, conf
from ..models import Source, VerificationSession
from ..models.database import write_alias
from .errors import Busy, ServiceError
from .looks import ACCOUNT_UNUSABLE, NOT_ANSWERING, after_failure
from .results import PULL_LEASE, fetch_result

logger = logging.getLogger("django_faceid")

# Half of a 20-per-second quota for the five seconds between two runs.
BATCH = 50
CLAIM_LEASE = 2 * PULL_LEASE
# Seconds, at most, before another try for a slot; then the session comes back after the lease.
PAUSES = (0.5, 1.0, 1.5)
BUSY_LEASE = timedelta(seconds=3)


def claim_due(limit: int = BATCH) -> list[int]:
    """Primary keys of sessions whose pull is due, each claimed for this process alone.

    A claim moves ``next_pull_at`` to a lease, so that another run passes it by and a killed
    worker's session comes back.
    """
    lease = clock.now() + CLAIM_LEASE
    claimed = []
    sessions = VerificationSession.objects.using(write_alias())
    due = sessions.owed_a_pull().order_by("next_pull_at")
    for pk, moment in list(due.values_list("pk", "next_pull_at")[:limit]):
        mine = VerificationSession.objects.filter(pk=pk, next_pull_at=moment)
        if mine.update(next_pull_at=lease):
            claimed.append(pk)
    return claimed


def collect(pk: int) -> str:
    """Fetch one claimed session's result; its status, or the code of what stood in the way.

    A full quota is waited for a moment; what fails comes back when the schedule says, so that one
    broken account or row holds up nobody else's.
    """
    session = VerificationSession.objects.using(write_alias()).filter(pk=pk).first()
    if session is None:
        return "gone"
    for pause in (0.0, *PAUSES):
        time.sleep(random.uniform(pause / 2, pause))  # noqa: S311 (jitter, no secret)
        try:
            return fetch_result(session, source=Source.TASK, background=True).status
        except Busy:
            continue
        except ServiceError as error:
            # An error of a call is filed with it; the breaker lets nobody call.
            if error.session is None:
                after_failure(session, NOT_ANSWERING, source=Source.TASK)
            return error.code
        except Exception as error:
            kind = type(error).__name__
            # Its text may hold anything; its kind and the session lead to it.
            logger.error("session=%s outcome=%s", session, kind)
            code = ACCOUNT_UNUSABLE if isinstance(error, conf.SettingError) else kind
            after_failure(session, code, source=Source.TASK)
            return kind
    due = VerificationSession.objects.filter(pk=pk, next_pull_at__isnull=False)
    due.update(next_pull_at=clock.now() + BUSY_LEASE)
    return Busy.code


def collect_results(seconds: float = 50.0) -> int:
    """Claim and fetch what is due, one after the other, for about ``seconds``; how many."""
    deadline = time.monotonic() + seconds
    collected = 0
    while time.monotonic() < deadline and (claimed := claim_due()):
        while claimed and time.monotonic() < deadline:
            collect(claimed.pop(0))
            collected += 1
        _give_back(claimed)
    return collected


def _give_back(claimed: list[int]) -> None:
    """Leave to the next run what there was no time for."""
    now = clock.now()
    ours = VerificationSession.objects.filter(pk__in=claimed, next_pull_at__gt=now)
    ours.update(next_pull_at=now)
