"""Staff's decision about a finished session."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F

from ..models import EventKind, Review, SessionEvent, Source, VerificationSession
from ..models.database import write_alias
from ..models.transitions import DECIDED
from . import outbox
from .errors import FieldError, Invalid, NotReviewable


def approve(session: VerificationSession, *, actor: Any, reason: str, note: str = "") -> None:
    """Let a finished session prove its subject; see ``reject`` for arguments and errors."""
    _review(session, Review.APPROVED, actor, reason, note)


def reject(session: VerificationSession, *, actor: Any, reason: str, note: str = "") -> None:
    """Let a finished session prove nothing, whatever Tencent said.

    ``actor`` is the member of staff, ``reason`` 1 to 128 characters, ``note`` for colleagues. A
    decision can be reversed. Raises ``Invalid`` without a reason, and ``NotReviewable`` for an
    unfinished session, the same decision again, or one's own session.
    """
    _review(session, Review.REJECTED, actor, reason, note)


def _review(session: VerificationSession, to: Review, actor: Any, reason: str, note: str) -> None:
    if not 1 <= len(reason.strip()) <= 128:
        error = FieldError(
            "reason", "required", "A decision needs a reason of 1 to 128 characters."
        )
        raise Invalid(errors=(error,))
    if actor.pk == session.user_id:
        raise NotReviewable("Nobody decides on their own session.")
    if session.status not in DECIDED or session.review == to:
        raise NotReviewable
    with transaction.atomic(using=write_alias()):
        event = _decide(session, to, actor, reason, note)
    outbox.announce(event)


def _decide(
    session: VerificationSession, to: Review, actor: Any, reason: str, note: str
) -> SessionEvent:
    old = session.verdict
    changes = session.verdict_columns(
        session.status, session.category, to, result_at=session.result_at
    )
    undecided_still = VerificationSession.objects.filter(pk=session.pk, review=session.review)
    if not undecided_still.update(
        review=to, review_held_by=None, version=F("version") + 1, **changes
    ):
        raise NotReviewable("A colleague has just decided.")
    session.refresh_from_db(using=write_alias())
    return SessionEvent.objects.create(
        session=session,
        kind=EventKind.REVIEW,
        from_verdict=old,
        to_verdict=session.verdict,
        source=Source.STAFF,
        actor=actor,
        actor_pk=str(actor.pk),
        reason=reason,
        note=note,
    )
