"""Stopping a session."""

from __future__ import annotations

from typing import Any

from ..models import Source, Status, VerificationSession
from . import outbox
from .durable import move
from .errors import NotCancelable


def cancel(
    session: VerificationSession, *, source: Source = Source.HOST, actor: Any = None
) -> VerificationSession:
    """Close a session whose token is live; nothing can stop a phone that has started.

    A result that comes all the same is stored and never counts for the verdict. Canceling again
    changes nothing. Raises ``NotCancelable`` for any other session.
    """
    if session.effective_status == Status.ISSUED:
        outbox.announce(move(session, Status.CANCELED, source=source, actor=actor))
    if session.status != Status.CANCELED:
        raise NotCancelable(session=session)
    return session
