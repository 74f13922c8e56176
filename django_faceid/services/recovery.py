"""What a killed process left behind."""

from __future__ import annotations

from datetime import timedelta

from .. import clock
from ..models import ApiCall, Outcome, SessionEvent, Source, Status, VerificationSession
from . import outbox, strays
from .bulk import forget_old_jobs
from .durable import move
from .idempotency import forget_old_keys

BATCH = 500
# Longer than any attempt can last: a read may run 10 s beyond its slot.
ATTEMPT_LEASE = timedelta(minutes=1)


def recover_interrupted() -> int:
    """End sessions and attempts whose process did not come back, and clear up after them.

    Returns how many sessions ended as ``error(Interrupted)``.
    """
    recovered = 0
    for session in VerificationSession.objects.interrupted().order_by("lease_until")[:BATCH]:
        recovered += give_up(session, Source.TASK) is not None
    ApiCall.objects.filter(
        outcome=Outcome.STARTED, started_at__lte=clock.now() - ATTEMPT_LEASE
    ).update(outcome=Outcome.INTERRUPTED)
    forget_old_keys()
    forget_old_jobs()
    # Last, since it asks the host's storage.
    strays.clear()
    return recovered


def give_up(session: VerificationSession, source: Source) -> SessionEvent | None:
    """Close a pending session whose lease ran out; its token, if any, was never handed out."""
    event = move(
        session, Status.ERROR, source=source, reason="Interrupted", error_code="Interrupted"
    )
    outbox.announce(event)
    return event
