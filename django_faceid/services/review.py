"""Staff's decision about a finished session, by one person or by two."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from ..models import EventKind, Review, SessionEvent, Source, VerificationSession, decide
from ..models.database import write_alias
from . import holds, outbox, reasons
from .durable import persistently
from .errors import FieldError, Invalid, NotReviewable

LONGEST_COMMENT = 500
# All but line breaks and tabs.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def approve(
    session: VerificationSession,
    *,
    actor: Any,
    reason: str,
    note: str = "",
    public_comment: str = "",
) -> SessionEvent:
    """Let a finished session prove its subject; see ``reject`` for arguments and errors."""
    return _Decision(Review.APPROVED, actor, reason, note, public_comment).make(session)


def reject(
    session: VerificationSession,
    *,
    actor: Any,
    reason: str,
    note: str = "",
    public_comment: str = "",
) -> SessionEvent:
    """Let a finished session prove nothing, whatever Tencent said.

    ``actor`` is the member of staff, ``reason`` a code that ``reasons.offered`` knows, ``note``
    for colleagues (the reason ``other`` needs one), ``public_comment`` (at most 500 characters)
    for the user, who is told it in place of our sentence. A decision can be reversed.

    Where the flow wants a second pair of eyes, the first of two decisions is a proposal: the
    event says so by its kind, ``review_proposed`` or ``review``, and a different second one
    takes its place. Saying again what holds drops a proposal to reverse it.

    Raises ``Invalid`` for the texts, and ``NotReviewable`` for an unfinished session, one's own,
    one that somebody else holds, and the same decision again.
    """
    return _Decision(Review.REJECTED, actor, reason, note, public_comment).make(session)


def hindrance(session: VerificationSession, actor: Any, to: Review) -> str:
    """Why this person cannot decide like this; empty when nothing stands in the way."""
    if obstacle := holds.hindrance(session, actor):
        return obstacle
    if session.review_proposed == to and session.review_proposed_by == str(actor.pk):
        return _("You have decided so: it takes a colleague to decide the same.")
    if session.review == to and not session.review_proposed:
        return _("This is decided like that already.")
    return ""


@dataclass
class _Decision:
    """What one person says about one session."""

    to: Review
    actor: Any
    reason: str
    note: str
    public_comment: str

    def make(self, session: VerificationSession) -> SessionEvent:
        if errors := tuple(self._errors()):
            raise Invalid(errors=errors)
        if obstacle := hindrance(session, self.actor, self.to):
            raise NotReviewable(obstacle)
        event = persistently(lambda: self._write(session))
        outbox.announce(event)
        return event

    def _errors(self) -> Iterator[FieldError]:
        if self.reason not in reasons.offered(self.to):
            yield FieldError("reason", "unknown", "A decision needs one of the known reasons.")
        if self.reason == reasons.OTHER and not self.note.strip():
            yield FieldError("note", "required", "This reason needs a note that says it.")
        if len(self.public_comment) > LONGEST_COMMENT:
            yield FieldError("public_comment", "too_long", "At most 500 characters.")
        for name, text in (("note", self.note), ("public_comment", self.public_comment)):
            if _CONTROL.search(text):
                yield FieldError(name, "invalid", "Control characters are no text.")

    def _write(self, session: VerificationSession) -> SessionEvent:
        effective, old = self._takes_effect(session), session.verdict
        as_seen = VerificationSession.objects.filter(
            holds.free_for(self.actor),
            pk=session.pk,
            review=session.review,
            review_proposed=session.review_proposed,
            review_proposed_by=session.review_proposed_by,
        )
        columns = self._decided(session) if effective else self._proposed()
        held = {"review_held_by": None, "review_held_since": None}
        if not as_seen.update(**columns, **held, version=F("version") + 1):
            raise NotReviewable(_("A colleague has just decided, or is looking at it."))
        session.refresh_from_db(using=write_alias())
        return SessionEvent.objects.create(
            session=session,
            kind=EventKind.REVIEW if effective else EventKind.REVIEW_PROPOSED,
            from_verdict=old,
            to_verdict=decide(session.status, session.category, self.to).verdict,
            source=Source.STAFF,
            actor=self.actor,
            actor_pk=str(self.actor.pk),
            reason=self.reason,
            note=self.note,
            public_comment=self.public_comment,
        )

    def _takes_effect(self, session: VerificationSession) -> bool:
        if not session.flow_snapshot.get("second_review") or session.review == self.to:
            return True
        # Who proposed it has been sent away by now: this is somebody else.
        return session.review_proposed == self.to

    def _decided(self, session: VerificationSession) -> dict[str, Any]:
        kept = session.public_comment if session.review == self.to else ""
        verdict = session.verdict_columns(
            session.status, session.category, self.to, result_at=session.result_at
        )
        return {
            "review": self.to,
            "review_proposed": "",
            "review_proposed_by": "",
            "public_comment": self.public_comment or kept,
            **verdict,
        }

    def _proposed(self) -> dict[str, Any]:
        return {"review_proposed": self.to, "review_proposed_by": str(self.actor.pk)}
