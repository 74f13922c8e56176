"""Who is looking at a finished session: one member of staff at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from .. import clock
from ..models import Review, VerificationSession
from ..models.database import write_alias
from ..models.transitions import DECIDED
from .errors import NotReviewable

QUIET = timedelta(minutes=15)
"""A hold is given up after this time without a look or a decision."""

# So many people may ask at one instant before the last of them hears that nothing waits.
MOST_RIVALS = 50


def claim(session: VerificationSession, actor: Any) -> None:
    """Hold a finished session for a member of staff, or hold it on; it is reloaded.

    Raises ``NotReviewable`` while somebody else holds it, before a result, and for one's own.
    """
    theirs = VerificationSession.objects.filter(free_for(actor), status__in=DECIDED)
    held = _hold(theirs.exclude(user=actor.pk), session.pk, actor)
    session.refresh_from_db(using=write_alias())
    if not held:
        raise NotReviewable(_("A colleague is looking at this session, or nobody may."))


def claim_next(actor: Any) -> VerificationSession | None:
    """Hold what has waited longest for a decision that this person may make.

    Whoever holds such a session already gets it again; None when nothing waits.
    """
    rows = VerificationSession.objects.using(write_alias()).filter(free_for(actor))
    # Nobody decides on themselves; whoever proposed waits for a colleague.
    rows = rows.exclude(user=actor.pk).exclude(review_proposed_by=str(actor.pk)).order_by("id")
    pending, proposed = rows.pending_review(), rows.proposed_reversals()
    for waiting in (pending.filter(review_held_by=actor.pk), pending, proposed):
        for pk in waiting.values_list("pk", flat=True)[:MOST_RIVALS]:
            if _hold(waiting, pk, actor):
                return waiting.get(pk=pk)
    return None


def release(session: VerificationSession, actor: Any) -> None:
    """Give up what this person holds; what somebody else holds stays theirs."""
    held = VerificationSession.objects.filter(pk=session.pk, review_held_by=actor.pk)
    held.update(review_held_by=None, review_held_since=None)
    session.refresh_from_db(using=write_alias())


def holder(session: VerificationSession) -> Any:
    """The member of staff who holds a session now, or None."""
    since = session.review_held_since
    return session.review_held_by if since is not None and since > _quiet_since() else None


def may_take(session: VerificationSession, actor: Any) -> bool:
    """Whether a session waits for a decision that this person may make, and nobody is at it."""
    waits = session.review == Review.PENDING or session.review_proposed
    involved = session.user_id == actor.pk or session.review_proposed_by == str(actor.pk)
    return bool(waits and not involved and holder(session) is None)


def free_for(actor: Any) -> Q:
    """Sessions that nobody but this person holds."""
    quiet = Q(review_held_since__lte=_quiet_since())
    return Q(review_held_by=None) | Q(review_held_by=actor.pk) | quiet


def _hold(rows: QuerySet[VerificationSession], pk: int, actor: Any) -> bool:
    held = rows.order_by().filter(pk=pk)
    return bool(held.update(review_held_by=actor.pk, review_held_since=clock.now()))


def _quiet_since() -> datetime:
    return clock.now() - QUIET
