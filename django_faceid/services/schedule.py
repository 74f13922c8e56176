"""When to look for a result that nobody brings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ..models import VerificationSession

AFTER_REPORT = (0, 2, 5, 15, 60)
WITHOUT_REPORT = (90, 240, 420)
AFTER_TOKEN_CLOCK = (60, 15 * 60, 2 * 60 * 60)
LEAST_BETWEEN_PULLS = timedelta(seconds=2)
# The last look comes so long before its window closes that a human can still mend what hinders it;
# a twelfth of a shorter window. No process that began in time lasts until then.
LAST_LOOK = timedelta(hours=3)
LAST_LOOK_SHARE = 12
# With less than this left a result is stored without its pictures.
WITHOUT_PICTURES = timedelta(minutes=10)
SHORTEST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=15)


def first_pull(issued_at: datetime) -> datetime:
    """The first look after a token was issued, when no phone reports before."""
    return issued_at + timedelta(seconds=WITHOUT_REPORT[0])


def before_close(window: timedelta) -> timedelta:
    """How long before a result window closes the last look at an unfinished session is due."""
    return min(LAST_LOOK, window / LAST_LOOK_SHARE)


def next_pull(
    session: VerificationSession, now: datetime, backlog: timedelta = timedelta(0)
) -> datetime | None:
    """The next look at an unfinished session, or None when the last one has been.

    After a phone's report at 0, 2, 5, 15 and 60 s; without one 90, 240 and 420 s after issue;
    1 min, 15 min and 2 h after the token's clock; and once before the result window closes. While
    it takes ``backlog`` to do what is due already, looks that would only make it longer are left
    out; never the last one.
    """
    ahead = sorted(moment for moment in _moments(session) if moment > now)
    last = ahead[-1] if ahead else None
    return next((moment for moment in ahead if moment > now + backlog), last)


def after_failure(session: VerificationSession, now: datetime) -> datetime | None:
    """The next look after one that brought no answer, or None once the window has closed.

    Each wait is at most half of the time since the token was issued, and a quarter of an hour;
    after the last look a minute.
    """
    closes = session.result_expires_at
    if session.issued_at is None or closes is None or now >= closes:
        return None
    later = next_pull(session, now)
    if later is None:
        return min(now + SHORTEST_PAUSE, closes)
    return min(later, now + min(_pause(session.issued_at, now), LONGEST_PAUSE))


def after_storage_failed(session: VerificationSession, now: datetime) -> datetime | None:
    """The next look at a result whose pictures could not be stored, or None after the last one.

    Each wait is at most half of the time since the token was issued: fewer than thirty looks in
    72 hours, and never long after the storage is back.
    """
    if session.issued_at is None or session.result_expires_at is None:
        return None
    last = session.result_expires_at - WITHOUT_PICTURES
    if now >= last:
        return None
    later = next_pull(session, now) or last
    return min(later, last, now + _pause(session.issued_at, now))


def _pause(issued_at: datetime, now: datetime) -> timedelta:
    return max((now - issued_at) / 2, SHORTEST_PAUSE)


def _moments(session: VerificationSession) -> Iterator[datetime]:
    issued, closes = session.issued_at, session.result_expires_at
    if issued is None or closes is None or session.token_expires_at is None:
        return
    last = closes - before_close(closes - issued)
    yield last
    if session.reported_at is not None:
        early = [session.reported_at + timedelta(seconds=s) for s in AFTER_REPORT]
    else:
        early = [issued + timedelta(seconds=s) for s in WITHOUT_REPORT]
    late = [session.token_expires_at + timedelta(seconds=s) for s in AFTER_TOKEN_CLOCK]
    yield from (moment for moment in early + late if moment < last)
