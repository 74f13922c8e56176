"""Signals, sent after commit and at least once, from events as outbox."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction

from .. import clock, signals
from ..models import EventKind, SessionEvent, Status, VerificationSession
from ..models.database import write_alias

logger = logging.getLogger("django_faceid")

BATCH = 500
# Whoever wrote an event delivers it at once; only what it left behind is picked up later.
GRACE = timedelta(seconds=15)

_BY_STATUS = {
    Status.ISSUED: signals.session_issued,
    Status.SUCCEEDED: signals.session_completed,
    Status.FAILED: signals.session_completed,
    Status.EXPIRED: signals.session_expired,
    Status.CANCELED: signals.session_canceled,
}

on_commit = transaction.on_commit


def announce(event: SessionEvent | None) -> None:
    """Send an event's signals once the surrounding transaction, if any, has committed.

    Called after the service's own transaction, so that outside any other it sends at once.
    Nothing is sent of what is no news to a host.
    """
    if event is not None and event.delivered_at is None:
        on_commit(partial(_deliver, event), using=write_alias())


def deliver_events(created_at: datetime | None = None) -> int:
    """Send the signals of events whose process died before it could; how many events.

    With ``created_at`` those of that very instant, written in bulk by a sweep. Takes what was
    there at the start, oldest first, a bounded number of rows at a time.
    """
    waiting = SessionEvent.objects.using(write_alias()).filter(delivered_at=None)
    if created_at is None:
        waiting = waiting.filter(created_at__lte=clock.now() - GRACE)
    else:
        waiting = waiting.filter(created_at=created_at)
    newest = waiting.order_by("-id").values_list("id", flat=True).first()
    delivered, last = 0, 0
    while newest is not None and last < newest:
        batch = waiting.filter(pk__gt=last, pk__lte=newest).select_related("session__user")
        events = list(batch.order_by("id")[:BATCH])
        if not events:
            break
        delivered += sum(map(_deliver, events))
        last = events[-1].pk
    return delivered


def _deliver(event: SessionEvent) -> bool:
    """Send an event's signals, and never raise: what it is about is committed already."""
    try:
        _send(event)
    except Exception as error:
        # Still undelivered, so that deliver_events() has another try.
        logger.error("action=deliver event=%s outcome=%s", event.pk, type(error).__name__)
        return False
    return True


def _send(event: SessionEvent) -> None:
    session = event.session
    news = event.from_verdict != event.to_verdict
    # Before any receiver, of which one may delete the user.
    user = _user_of(session) if news else None
    signal = _BY_STATUS.get(Status(event.to_status)) if event.to_status else None
    if event.kind == EventKind.REVIEW:
        signal = signals.session_reviewed
    if signal is not None:
        signal.send_robust(VerificationSession, session=session, event_id=event.pk)
    if news:
        signals.verdict_changed.send_robust(
            VerificationSession,
            session=session,
            user=user,
            reference=session.reference,
            flow=session.flow,
            old=event.from_verdict,
            new=event.to_verdict,
            event_id=event.pk,
        )
    # A receiver's own failure is logged by send_robust; a repeat would not mend it.
    SessionEvent.objects.filter(pk=event.pk, delivered_at=None).update(delivered_at=clock.now())


def _user_of(session: VerificationSession) -> Any:
    """The session's user; None where it has none, or where it was deleted since it was read."""
    try:
        return session.user
    except ObjectDoesNotExist:
        return None
