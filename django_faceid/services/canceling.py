"""Stopping a session."""

from __future__ import annotations

from typing import Any

from ..models import Source, Status, VerificationSession
from . import outbox
from .durable import move
from .errors import FieldError, Invalid, NotCancelable

LONGEST_REASON = 128


def cancel(
    session: VerificationSession,
    *,
    source: Source = Source.HOST,
    actor: Any = None,
    reason: str = "",
) -> VerificationSession:
    """Close a session whose token is live; nothing can stop a phone that has started.

    A result that comes all the same is stored and never counts for the verdict. Canceling again
    changes nothing. ``reason``, at most 128 characters, is kept on its time line. Raises
    ``Invalid`` for a longer one and ``NotCancelable`` for any other session.
    """
    if len(reason) > LONGEST_REASON:
        error = FieldError("reason", "too_long", "At most 128 characters.")
        raise Invalid(errors=(error,))
    if session.effective_status == Status.ISSUED:
        outbox.announce(move(session, Status.CANCELED, source=source, actor=actor, reason=reason))
    if session.status != Status.CANCELED:
        raise NotCancelable(session=session)
    return session
