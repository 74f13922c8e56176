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
"""A hold is given up after this time in which its holder does nothing; looking is no act."""

# So many people may ask at one instant before the last of them hears that nothing waits.
MOST_RIVALS = 50


def claim(session: VerificationSession, actor: Any) -> None:
    """Hold a finished session for a member of staff, or hold it on; it is reloaded.

    Raises ``NotReviewable``, which says what stands in the way: somebody else holds it, it has no
    result yet, or it is one's own.
    """
    theirs = VerificationSession.objects.filter(free_for(actor), status__in=DECIDED)
    held = _hold(theirs.exclude(user=actor.pk), session.pk, actor)
    session.refresh_from_db(using=write_alias())
    if not held:
        why = hindrance(session, actor)
        raise NotReviewable(why or _("A colleague has had this session until just now. Try again."))


def claim_next(actor: Any) -> VerificationSession | None:
    """Hold what has waited longest for a decision that this person may make.

    Whoever holds such a session already gets it again; None when nothing waits.
    """
    rows = VerificationSession.objects.using(write_alias()).filter(free_for(actor))
    # Nobody decides on themselves; whoever proposed waits for a colleague.
    rows = rows.exclude(user=actor.pk).exclude(review_proposed_by=str(actor.pk))
    pending, proposed = rows.pending_review(), rows.proposed_reversals().order_by("id")
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
    return session.review_held_by if held_until(session) is not None else None


def held_until(session: VerificationSession) -> datetime | None:
    """When a hold is given up unless its holder does something; None without one."""
    since = session.review_held_since
    return since + QUIET if since is not None and since > _quiet_since() else None


def hindrance(session: VerificationSession, actor: Any) -> str:
    """Why this person cannot hold this session or decide on it; empty when they can."""
    if session.status not in DECIDED:
        return _("Only a session with a final result can be decided on.")
    if session.user_id == actor.pk:
        return _("Nobody decides on their own session: ask a colleague.")
    held_by = holder(session)
    if held_by is not None and held_by.pk != actor.pk:
        return str(_("A colleague is looking at it: %s.") % held_by.get_username())
    return ""


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
