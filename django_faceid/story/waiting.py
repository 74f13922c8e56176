"""Why a session waits for staff, and what one of two people has said so far."""

from __future__ import annotations

from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from ..models import EventKind, SessionEvent, VerificationSession
from ..models.review_rules import RISKY_DEVICES, Rule
from . import words


def why(session: VerificationSession) -> list[str]:
    """The rules that sent a session to staff, in words; signs of risk by their names."""
    return [
        _("%(rule)s: %(signs)s") % {"rule": rule.label, "signs": _signs(session)}
        if rule == Rule.RISK
        else str(rule.label)
        for rule in session.rules_met
    ]


def since(session: VerificationSession) -> datetime:
    """When a finished session began to wait for a decision, a reversal when it was proposed."""
    proposed_at: datetime | None = getattr(session, "proposed_at", None)
    return proposed_at or session.result_at or session.created_at


def reversals(rows: QuerySet[VerificationSession]) -> QuerySet[VerificationSession]:
    """These decided sessions, each of which knows since when it has waited to be reversed."""
    proposals = SessionEvent.objects.filter(
        session=OuterRef("pk"), kind=EventKind.REVIEW_PROPOSED
    ).order_by("-id")
    return rows.annotate(proposed_at=Subquery(proposals.values("created_at")[:1]))


def proposal(session: VerificationSession) -> SessionEvent | None:
    """The first of two decisions, while it waits for the second."""
    if not session.review_proposed:
        return None
    proposals = session.events.filter(kind=EventKind.REVIEW_PROPOSED).select_related("actor")
    return proposals.order_by("-id").first()


def _signs(session: VerificationSession) -> str:
    level = session.device_info_level
    device = _("device %s") % words.device_level(level) if level in RISKY_DEVICES else ""
    return "; ".join(sign for sign in (device, words.tags(session.liveness_info_tag)) if sign)
