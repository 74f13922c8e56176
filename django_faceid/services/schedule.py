"""When to look for a result that nobody brings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ..models import VerificationSession

AFTER_REPORT = (0, 2, 5, 15, 60)
WITHOUT_REPORT = (90, 240, 420)
AFTER_TOKEN_CLOCK = (60, 15 * 60, 2 * 60 * 60)
BEFORE_WINDOW_CLOSES = timedelta(minutes=10)
LEAST_PAUSE = timedelta(minutes=1)


def first_pull(issued_at: datetime) -> datetime:
    """The first look after a token was issued, when no phone reports before."""
    return issued_at + timedelta(seconds=WITHOUT_REPORT[0])


def next_pull(session: VerificationSession, now: datetime) -> datetime | None:
    """The next look at an unfinished session, or None when there is none before its window closes.

    After a phone's report at 0, 2, 5, 15 and 60 s; without one 90, 240 and 420 s after issue;
    1 min, 15 min and 2 h after the token's clock; and once before the result window closes.
    """
    return min((moment for moment in _moments(session) if moment > now), default=None)


def after_storage_failed(session: VerificationSession, now: datetime) -> datetime | None:
    """The next look at a result whose pictures could not be stored, or None after the last one.

    Each wait is at most half of the time since the token was issued: fewer than thirty looks in
    72 hours, and never long after the storage is back.
    """
    later = next_pull(session, now)
    if later is None or session.issued_at is None:
        return None
    return min(later, now + max((now - session.issued_at) / 2, LEAST_PAUSE))


def _moments(session: VerificationSession) -> Iterator[datetime]:
    if session.issued_at is None or session.token_expires_at is None:
        return
    if session.reported_at is not None:
        yield from (session.reported_at + timedelta(seconds=s) for s in AFTER_REPORT)
    else:
        yield from (session.issued_at + timedelta(seconds=s) for s in WITHOUT_REPORT)
    yield from (session.token_expires_at + timedelta(seconds=s) for s in AFTER_TOKEN_CLOCK)
    if session.result_expires_at is not None:
        yield session.result_expires_at - BEFORE_WINDOW_CLOSES
