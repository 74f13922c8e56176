"""A host's reference in full: whoever sees it is on record."""

from __future__ import annotations

from typing import Any

from ..models import EventKind, SessionEvent, Source, VerificationSession
from .durable import durably


def reveal(
    session: VerificationSession, *, actor: Any = None, source: Source = Source.STAFF
) -> str:
    """The session's reference, for ``actor`` to see; the event is committed when this returns.

    Empty, and no event, where there is none. Raises ``RuntimeError`` inside a transaction.
    """
    if session.reference:
        durably(
            lambda: SessionEvent.objects.create(
                session=session,
                kind=EventKind.REVEALED,
                source=source,
                actor=actor,
                actor_pk="" if actor is None else str(actor.pk),
            )
        )
    return session.reference
