"""How many tokens a subject may use up, counted from rows where they are written.

A replica that lags forgets the newest of them.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.db.models import Subquery
from django.db.models.functions import Coalesce

from .. import clock, conf
from ..models import VerificationSession
from ..models.database import write_alias
from .errors import TooManyAttempts


def attempts_left(flow: conf.Flow, subject_key: str) -> int | None:
    """How many more tokens this subject may have now; None where the flow sets no limit."""
    counts = _issue_times(flow, subject_key)
    left = [limit - len(counts[span]) for span, limit in flow.max_issues.items()]
    return max(0, min(left)) if left else None


def seconds_to_next(flow: conf.Flow, subject_key: str) -> int | None:
    """Whole seconds until this subject may have a token again; None when it may now."""
    waits = []
    for span, times in _issue_times(flow, subject_key).items():
        if len(times) >= flow.max_issues[span]:
            # The window has room again when the limit-th newest leaves it.
            frees_at = times[-flow.max_issues[span]] + span
            waits.append((frees_at - clock.now()).total_seconds())
    return max(1, math.ceil(max(waits))) if waits else None


def require_attempts_left(flow: conf.Flow, subject_key: str) -> None:
    """Raise ``TooManyAttempts``, with the time until the next one, when none are left."""
    seconds = seconds_to_next(flow, subject_key)
    if seconds is not None:
        raise TooManyAttempts(retry_after=seconds)


def next_attempt_number(subject_key: str, flow: str) -> int:
    """1 for a first try, one higher for each token issued since the subject was last verified."""
    rows = VerificationSession.objects.using(write_alias())
    sessions = rows.filter(subject_key=subject_key, flow=flow)
    verified = sessions.filter(verdict="verified").order_by("-id").values("pk")[:1]
    since = sessions.filter(issued_at__isnull=False, pk__gt=Coalesce(Subquery(verified), 0))
    return 1 + since.count()


def _issue_times(flow: conf.Flow, subject_key: str) -> dict[timedelta, list[datetime]]:
    """For each span of the flow's limits, when tokens were used up within it, oldest first."""
    if not flow.max_issues:
        return {}
    now = clock.now()
    longest = max(flow.max_issues)
    rows = VerificationSession.objects.using(write_alias())
    issues = rows.counted_issues(subject_key, flow.name, now - longest)
    # A window of the newest is enough: limits look no further back.
    newest = issues.order_by("-issued_at").values_list("issued_at", flat=True)
    times = [t for t in newest[: max(flow.max_issues.values())] if t is not None][::-1]
    return {span: [t for t in times if t > now - span] for span in flow.max_issues}
