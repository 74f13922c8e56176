"""What becomes of a session after a look that brought no result."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models import F, Q, QuerySet

from .. import clock
from ..models import EventKind, SessionEvent, Source, VerificationSession
from ..models.database import write_alias
from ..tencent.types import GET_RESULT
from . import schedule
from .durable import persistently

logger = logging.getLogger("django_faceid")

# Half of a quota of 20 a second is what background work takes.
PER_SECOND = 10
# Rows that are counted at most; the rest of a longer backlog makes no difference.
MOST_COUNTED = 6000

# Why a look brought nothing, beside Tencent's own codes and the client's.
NOT_ANSWERING = "NotAnswering"
ACCOUNT_UNUSABLE = "AccountUnusable"
TOKEN_UNREADABLE = "TokenUnreadable"  # noqa: S105 (a code)


def backlog() -> timedelta:
    """How long the looks that are due already will take."""
    due = VerificationSession.objects.using(write_alias()).owed_a_pull()
    return timedelta(seconds=due[:MOST_COUNTED].count() / PER_SECOND)


def after_unfinished(session: VerificationSession, *, background: bool) -> None:
    """Schedule the next look; after the last one the token is wiped.

    Nobody is waiting for a look in the ``background``: it makes room while many are due.
    """
    ahead = backlog() if background else timedelta(0)
    later = schedule.next_pull(session, clock.now(), ahead)
    if later is None:
        wiped = {"next_pull_at": None, "sdk_token": "", "server_param_info": ""}
        _owing(session).update(version=F("version") + 1, **wiped)
        return
    if session.last_pull_at is not None:
        # An earlier one would be answered from the row.
        later = max(later, session.last_pull_at + schedule.LEAST_BETWEEN_PULLS)
    # A phone that has reported since has a look of its own coming.
    _owing(session).filter(reported_at=session.reported_at).update(next_pull_at=later)


def after_failure(
    session: VerificationSession, code: str, *, source: Source, call_pk: int | None = None
) -> None:
    """Schedule another look after one that was not answered; give up when the window has closed.

    Only an answer ends the looks before: whoever passed must not lose it to a restart.
    """
    later = schedule.after_failure(session, clock.now())
    if later is None:
        give_up(session, code, source=source, call_pk=call_pk)
    else:
        _owing(session).filter(reported_at=session.reported_at).update(next_pull_at=later)


def put_back(session: VerificationSession) -> None:
    """Let go of a claimed session that somebody else has asked about within the last 2 s.

    Its next look is when the schedule says, not when the claim's lease is over.
    """
    session.refresh_from_db(using=write_alias())
    asked = session.last_pull_at
    later = schedule.next_pull(session, asked) if asked else None
    if asked is not None and later is not None:
        moment = max(later, asked + schedule.LEAST_BETWEEN_PULLS)
        _owing(session).filter(next_pull_at__gt=moment).update(next_pull_at=moment)


def give_up(
    session: VerificationSession, code: str, *, source: Source, call_pk: int | None
) -> None:
    """End the looks without a result, wipe the token and tell the operators."""

    def write() -> bool:
        # A worker that asked later may have had the final answer sooner.
        unanswered = Q(next_pull_at__isnull=False) | ~Q(sdk_token="")
        waiting = VerificationSession.objects.filter(unanswered, pk=session.pk)
        wiped = {"next_pull_at": None, "sdk_token": "", "server_param_info": ""}
        if not waiting.update(result_error=code[:128], version=F("version") + 1, **wiped):
            return False
        SessionEvent.objects.create(
            session=session,
            kind=EventKind.RESULT_ERROR,
            source=source,
            call_pk=call_pk,
            reason=code[:128],
        )
        return True

    if persistently(write):
        logger.error("action=%s session=%s outcome=given_up code=%s", GET_RESULT, session, code)


def _owing(session: VerificationSession) -> QuerySet[VerificationSession]:
    # Only a session that still owes a result: a faster look may have brought it.
    return VerificationSession.objects.filter(pk=session.pk, next_pull_at__isnull=False)
