"""Fetching results that no client asks for."""

from __future__ import annotations

import logging

from .. import clock, conf
from ..models import Source, VerificationSession
from .errors import ServiceError
from .results import PULL_LEASE, fetch_result

logger = logging.getLogger("django_faceid")

# Half of a 20-per-second quota for the five seconds between two runs.
BATCH = 50
CLAIM_LEASE = 2 * PULL_LEASE


def claim_due(limit: int = BATCH) -> list[int]:
    """Primary keys of sessions whose pull is due, each claimed for this process alone.

    A claim moves ``next_pull_at`` to a lease, so that another run passes it by and a killed
    worker's session comes back.
    """
    lease = clock.now() + CLAIM_LEASE
    claimed = []
    due = VerificationSession.objects.owed_a_pull().order_by("next_pull_at")
    for pk, moment in list(due.values_list("pk", "next_pull_at")[:limit]):
        mine = VerificationSession.objects.filter(pk=pk, next_pull_at=moment)
        if mine.update(next_pull_at=lease):
            claimed.append(pk)
    return claimed


def collect(pk: int) -> str:
    """Fetch one claimed session's result; its status, or the code of what stood in the way.

    What fails here comes back with its lease.
    """
    session = VerificationSession.objects.filter(pk=pk).first()
    if session is None:
        return "gone"
    try:
        return fetch_result(session, source=Source.TASK, background=True).status
    except ServiceError as error:
        return error.code
    except conf.SettingError as error:
        logger.error("session=%s outcome=misconfigured hint=%s", session, error)
        return "misconfigured"


def collect_results() -> int:
    """Claim and fetch everything that is due, one after the other; how many sessions."""
    claimed = claim_due()
    for pk in claimed:
        collect(pk)
    return len(claimed)
