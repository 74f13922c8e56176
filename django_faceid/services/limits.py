"""How often a subject may ask, counted from rows where they are written.

A replica that lags forgets the newest of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Max, Q, Subquery
from django.db.models.functions import Coalesce

from .. import clock, conf
from ..models import Status, Verdict, VerificationSession
from ..models.database import write_alias
from .breaker import CREDENTIALS_UNAVAILABLE
from .errors import Busy, TooManyAttempts

# Tries that reached Tencent and brought no token use up nobody's attempts, but a script's quota:
# in all of a subject's flows together, and many more than a person makes with a bad picture.
MOST_FAILURES = 10
FAILURES_SPAN = timedelta(minutes=5)
# What ended them before Tencent was asked: the network's fault, or that of the host's vault.
NEVER_SENT = ("ConnectFailed", CREDENTIALS_UNAVAILABLE)
# Of one subject's sessions so many are asked about in this time because clients want it.
MOST_PULLS = 3
PULLS_SPAN = timedelta(seconds=2)


class NextAttempt(NamedTuple):
    """The number of a subject's next try, and whether an earlier one ever verified it."""

    number: int
    was_verified: bool


def attempts_left(flow: conf.Flow, subject_key: str) -> int | None:
    """How many more tokens this subject may have now; None where the flow sets no limit."""
    now, times = clock.now(), _issue_times(flow, subject_key)
    limits = flow.max_issues.items()
    left = [limit - sum(time > now - span for time in times) for span, limit in limits]
    return max(0, min(left)) if left else None


def seconds_to_next(flow: conf.Flow, subject_key: str) -> int | None:
    """Whole seconds until this subject may have a token again; None when it may now."""
    return _longest(_waits(_issue_times(flow, subject_key), flow.max_issues))


def require_attempts_left(flow: conf.Flow, subject_key: str) -> None:
    """Raise ``TooManyAttempts``, with the time until the next one, when none are left.

    Raises ``Busy`` while a token is on its way to this subject in any flow.
    """
    rows = VerificationSession.objects.using(write_alias())
    now = clock.now()
    longest = max(flow.max_issues, default=timedelta(0))
    lately = Q(status=Status.ERROR, created_at__gt=now - FAILURES_SPAN)
    lately &= ~Q(error_code__in=NEVER_SENT)
    on_its_way = Q(status=Status.PENDING, lease_until__gt=now)
    issued = rows.counted_issues(subject_key, flow.name, now - longest)
    # One question for all three, since every tap asks it.
    found = (issued | rows.filter(lately | on_its_way)).filter(subject_key=subject_key)
    asked = list(found.order_by("id").values_list("status", "issued_at", "created_at"))
    used = [issued_at for _status, issued_at, _created in asked if issued_at is not None]
    failed = [created for status, _issued, created in asked if status == Status.ERROR]
    waits = [*_waits(used, flow.max_issues), *_waits(failed, {FAILURES_SPAN: MOST_FAILURES})]
    if (seconds := _longest(waits)) is not None:
        raise TooManyAttempts(retry_after=seconds)
    if any(status == Status.PENDING for status, _issued, _created in asked):
        raise one_at_a_time()


def one_at_a_time() -> Busy:
    """What a subject is told that asks while a token is on its way to it."""
    return Busy("A token is being issued for you right now.", retry_after=1)


def next_attempt(subject_key: str, flow: str) -> NextAttempt:
    """1 for a first try, one higher for each token issued since the subject was last verified."""
    rows = VerificationSession.objects.using(write_alias())
    sessions = rows.filter(subject_key=subject_key, flow=flow)
    verified = sessions.filter(verdict=Verdict.VERIFIED).order_by("-id").values("pk")[:1]
    since = Q(issued_at__isnull=False, pk__gt=Coalesce(Subquery(verified), 0))
    counted = sessions.aggregate(
        issued=Count("pk", filter=since), verified=Max("pk", filter=Q(verdict=Verdict.VERIFIED))
    )
    return NextAttempt(1 + counted["issued"], counted["verified"] is not None)


def may_pull(session: VerificationSession) -> bool:
    """Whether a client's wish is enough to ask Tencent about one more session of its subject."""
    asked = VerificationSession.objects.using(write_alias()).filter(
        subject_key=session.subject_key, last_pull_at__gt=clock.now() - PULLS_SPAN
    )
    return asked.exclude(pk=session.pk).count() < MOST_PULLS


def _issue_times(flow: conf.Flow, subject_key: str) -> list[datetime]:
    """When tokens were used up within the longest span of the flow's limits, oldest first."""
    if not flow.max_issues:
        return []
    rows = VerificationSession.objects.using(write_alias())
    issues = rows.counted_issues(subject_key, flow.name, clock.now() - max(flow.max_issues))
    # A window of the newest is enough: limits look no further back.
    newest = issues.order_by("-issued_at").values_list("issued_at", flat=True)
    return [time for time in newest[: max(flow.max_issues.values())] if time is not None][::-1]


def _waits(times: list[datetime], limits: Mapping[timedelta, int]) -> Iterator[float]:
    """For each limit that is used up, the seconds until it has room again."""
    now = clock.now()
    for span, limit in limits.items():
        within = [time for time in times if time > now - span]
        if len(within) >= limit:
            # There is room when the limit-th newest leaves the span.
            yield (within[-limit] + span - now).total_seconds()


def _longest(waits: Iterable[float]) -> int | None:
    found = list(waits)
    return max(1, math.ceil(max(found))) if found else None
