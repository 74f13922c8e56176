"""How far a bulk job is, and what stood in its way, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import BulkAct, BulkItem, BulkJob, ItemState, JobState
from ..models.bulk import OPEN
from ..services import bulk, bulk_acts, errors
from . import badges, words

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

_TONES: Mapping[str, str] = {
    JobState.RUNNING: badges.WAITING,
    JobState.DONE: badges.GOOD,
    JobState.STOPPED: badges.QUIET,
}
_REASONS: Mapping[str, StrOrPromise] = {
    bulk.NOT_ALLOWED: gettext_lazy("Whoever started it may not do this any more."),
    bulk_acts.NOTHING_TO_FETCH: gettext_lazy(
        "There is nothing to fetch: no token is held, or Tencent has forgotten it."
    ),
    bulk_acts.ASKED_JUST_NOW: gettext_lazy("Tencent was asked a moment ago."),
    errors.NotCancelable.code: gettext_lazy("Only a session with a live token can be canceled."),
    errors.ProviderUnreachable.code: gettext_lazy("Tencent could not be reached."),
    errors.ProviderUnavailable.code: gettext_lazy("Tencent refuses this account."),
}


class Standing(NamedTuple):
    """A job in a line."""

    title: str
    badge: badges.Badge
    who: str
    since: datetime
    until: datetime | None
    trouble: str
    capped: bool


class Progress(NamedTuple):
    """A job in numbers; ``waiting`` are also those that a stopped job left alone."""

    state: str
    total: int
    dealt_with: int
    done: int
    skipped: int
    failed: int
    waiting: int
    says: str


class Trouble(NamedTuple):
    """A session that a job did nothing to."""

    session_pk: int
    session: str
    badge: badges.Badge
    why: str


def title(job: BulkJob) -> str:
    """What a job does."""
    return str(BulkAct(job.act).label).capitalize()


def standing(job: BulkJob) -> Standing:
    """Who started a job, and what became of it."""
    gone = _("user %s, deleted since") % job.actor_pk
    return Standing(
        title(job),
        badges.Badge(_TONES[job.state], job.get_state_display()),
        gone if job.actor is None else job.actor.get_username(),
        job.created_at,
        job.finished_at,
        why(job.last_error),
        job.capped,
    )


def progress(job: BulkJob) -> Progress:
    """How many sessions of a job stand where, from one query."""
    counts = job.counts()
    waiting = sum(counts[state] for state in OPEN)
    total = counts.total()
    numbers = {"done": total - waiting, "total": total}
    return Progress(
        job.state,
        total,
        total - waiting,
        counts[ItemState.DONE],
        counts[ItemState.SKIPPED],
        counts[ItemState.FAILED],
        waiting,
        _("%(done)d of %(total)d sessions are dealt with.") % numbers,
    )


def troubled(job: BulkJob, most: int) -> list[Trouble]:
    """The first sessions that were skipped or failed, from one query."""
    left = BulkItem.objects.filter(job=job, state__in=(ItemState.SKIPPED, ItemState.FAILED))
    columns = ("session_id", "session__public_id", "state", "reason")
    return [
        Trouble(pk, str(public_id), _badge(state), why(reason))
        for pk, public_id, state, reason in left.order_by("id").values_list(*columns)[:most]
    ]


def _badge(state: str) -> badges.Badge:
    tone = badges.BAD if state == ItemState.FAILED else badges.QUIET
    return badges.Badge(tone, str(ItemState(state).label))


def why(code: str) -> str:
    """A reason in a sentence."""
    if code in _REASONS or not code:
        return str(_REASONS.get(code, ""))
    if explained := words.explain_error(code) if code == "Interrupted" else None:
        return explained.meaning
    return _("It failed: %s. The log says more.") % code
