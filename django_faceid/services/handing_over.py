"""What leaves the house about a session is on its record first."""

from __future__ import annotations

from typing import Any

from ..models import EventKind, SessionEvent, Source, VerificationSession
from .durable import durably


def hand_over(session: VerificationSession, *, actor: Any, source: Source = Source.STAFF) -> None:
    """Put on record that ``actor`` takes away what support needs; committed when this returns.

    Raises ``RuntimeError`` inside a transaction.
    """
    durably(
        lambda: SessionEvent.objects.create(
            session=session,
            kind=EventKind.EXPORTED,
            source=source,
            actor=actor,
            actor_pk=str(actor.pk),
        )
    )
