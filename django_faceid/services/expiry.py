"""Moving the label of sessions whose ten minutes are over."""

from __future__ import annotations

from django.db import connections, transaction
from django.db.models import F

from .. import clock
from ..models import (
    ClosedReason,
    EventKind,
    SessionEvent,
    Source,
    Status,
    VerificationSession,
)
from . import outbox

BATCH = 1000


def expire_tokens() -> int:
    """Mark overdue ``issued`` sessions ``expired``, in bounded batches; how many.

    Expiry itself is a fact of time that every reader sees without this; the sweep makes lists,
    counts and signals right.
    """
    expired = 0
    while events := _expire_batch():
        for event in events:
            outbox.announce(event)
        expired += len(events)
    return expired


def _expire_batch() -> list[SessionEvent]:
    using = VerificationSession.objects.db
    with transaction.atomic(using=using):
        skip_locked = connections[using].features.has_select_for_update_skip_locked
        due = VerificationSession.objects.overdue().order_by("token_expires_at")
        sessions = list(due.select_for_update(skip_locked=skip_locked)[:BATCH])
        moved = VerificationSession.objects.filter(
            pk__in=[session.pk for session in sessions], status=Status.ISSUED
        ).update(
            status=Status.EXPIRED,
            closed_reason=ClosedReason.CLOCK,
            live_key=None,
            version=F("version") + 1,
        )
        if moved != len(sessions):  # a database without row locks let somebody in between
            transaction.set_rollback(True, using=using)
            return []
        now = clock.now()
        return SessionEvent.objects.bulk_create(
            SessionEvent(
                session=session,
                kind=EventKind.TRANSITION,
                from_status=Status.ISSUED,
                to_status=Status.EXPIRED,
                from_verdict=session.verdict,
                to_verdict=session.verdict,
                source=Source.TASK,
                created_at=now,
            )
            for session in sessions
        )
