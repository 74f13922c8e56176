"""What a bulk job does to one session, once, whoever is killed in between."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta

from django.utils.translation import gettext as _

from .. import clock
from ..models import (
    ApiCall,
    BulkAct,
    BulkItem,
    BulkJob,
    EventKind,
    ItemState,
    Outcome,
    Source,
    VerificationSession,
)
from ..models.database import write_alias
from . import admin_log
from .canceling import cancel
from .durable import durably
from .errors import Busy, NotCancelable, ProviderUnavailable, ProviderUnreachable, ServiceError
from .results import fetch_result

logger = logging.getLogger("django_faceid")

# With a vendor in trouble; then the session has failed, and the job goes on with the next.
MOST_TRIES = 3
SHORTEST_REST, LONGEST_REST = timedelta(seconds=5), timedelta(seconds=60)

NOTHING_TO_FETCH = "nothing_to_fetch"
ASKED_JUST_NOW = "asked_just_now"
UNFINISHED = "unfinished"


class Again(Exception):
    """No room for the call right now: the session waits for its next turn."""


class Rest(Exception):
    """The vendor is in trouble: so does the whole job, for ``length``."""

    def __init__(self, code: str, length: timedelta) -> None:
        super().__init__(code, length)
        self.code = code
        self.length = length


def do(job: BulkJob, item: BulkItem) -> None:
    """A job's act on one session, and what stood in its way; no session's trouble is another's.

    Raises ``Again`` and ``Rest``.
    """
    try:
        _ACTS[BulkAct(job.act)](job, item)
    except Busy:
        _fresh(item).move(ItemState.WAITING)
        raise Again from None
    except (ProviderUnreachable, ProviderUnavailable) as error:
        tries = item.tries + 1
        to = ItemState.WAITING if tries < MOST_TRIES else ItemState.FAILED
        _fresh(item).move(to, error.code, tries=tries)
        length = timedelta(seconds=error.retry_after or 0)
        raise Rest(error.code, min(max(length, SHORTEST_REST), LONGEST_REST)) from None
    except ServiceError as error:
        _fresh(item).move(ItemState.FAILED, error.code)
    except VerificationSession.DoesNotExist:
        pass  # its row in the job went with it
    except Exception as error:
        # Its text may hold anything; its kind and the session lead to it.
        logger.error("job=%s item=%s outcome=%s", item.job_id, item.pk, type(error).__name__)
        _fresh(item).move(ItemState.FAILED, type(error).__name__)


def _cancel(job: BulkJob, item: BulkItem) -> None:
    """Session, event, item and log in one transaction: all of it happened, or nothing."""

    def once() -> None:
        session = _session(item)
        try:
            cancel(session, source=Source.STAFF, actor=job.actor, reason=f"bulk job {job.pk}")
        except NotCancelable as error:
            item.move(ItemState.SKIPPED, error.code)
        else:
            _done(job, item, session, session.status)

    durably(once)


def _fetch(job: BulkJob, item: BulkItem) -> None:
    """A call leaves evidence of its own, from which a killed worker's successor goes on."""
    session = _session(item)
    if item.state == ItemState.STARTED and _was_asked(job, item):
        _settle_from_evidence(job, item, session)
    elif not session.is_fetchable:
        item.move(ItemState.SKIPPED, NOTHING_TO_FETCH)
    elif item.move(ItemState.STARTED, started_at=clock.now()):
        _ask(job, _fresh(item), session)


def _ask(job: BulkJob, item: BulkItem, session: VerificationSession) -> None:
    looks = session.pulls
    session = fetch_result(session, source=Source.STAFF, actor=job.actor, background=True)
    if session.pulls == looks:
        item.move(ItemState.SKIPPED, ASKED_JUST_NOW)
    else:
        durably(lambda: _done(job, item, session, session.result_code or UNFINISHED))


def _was_asked(job: BulkJob, item: BulkItem) -> bool:
    """Whether the call was under way when the worker was killed."""
    events = _session(item).events.using(write_alias())
    asked = events.filter(kind=EventKind.STAFF_PULL, actor_pk=job.actor_pk)
    return asked.filter(created_at__gte=item.started_at).exists()


def _settle_from_evidence(job: BulkJob, item: BulkItem, session: VerificationSession) -> None:
    calls = ApiCall.objects.using(write_alias()).filter(session=session)
    last = calls.filter(started_at__gte=item.started_at).order_by("-id").first()
    if session.result_code or (last is not None and last.outcome == Outcome.OK):
        durably(lambda: _done(job, item, session, session.result_code or UNFINISHED))
    else:
        item.move(ItemState.FAILED, (last and last.error_code) or "Interrupted")


def _done(job: BulkJob, item: BulkItem, session: VerificationSession, reason: str) -> None:
    if item.move(ItemState.DONE, reason):
        told = _("%(act)s, bulk job %(job)d: %(reason)s")
        act = str(BulkAct(job.act).label).capitalize()
        admin_log.note(job.actor, session, told % {"act": act, "job": job.pk, "reason": reason})


def _fresh(item: BulkItem) -> BulkItem:
    """The item as it is stored by now."""
    return BulkItem.objects.using(write_alias()).get(pk=item.pk)


def _session(item: BulkItem) -> VerificationSession:
    return VerificationSession.objects.using(write_alias()).get(pk=item.session_id)


_ACTS: Mapping[BulkAct, Callable[[BulkJob, BulkItem], None]] = {
    BulkAct.FETCH_RESULT: _fetch,
    BulkAct.CANCEL: _cancel,
}
