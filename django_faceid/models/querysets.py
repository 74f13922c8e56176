"""Questions about many sessions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Final

from django.db import models
from django.db.models import Q

from .. import clock, conf
from .subjects import Subject
from .transitions import Status
from .verdicts import Review, Verdict

if TYPE_CHECKING:
    from .sessions import VerificationSession  # noqa: F401 (named in a string)


class AnyFlow:
    """Says out loud that a gate asks for no particular flow."""

    def __repr__(self) -> str:
        return "ANY"


ANY: Final = AnyFlow()


def effectively(status: str) -> list[Q]:
    """What makes up an effective status: no two parts share a session, and an index has each."""
    now = clock.now()
    if status == Status.ISSUED:
        return [Q(status=status, token_expires_at__gt=now)]
    if status == Status.PENDING:
        return [Q(status=status, lease_until__gt=now)]
    if status == Status.EXPIRED:
        return [Q(status=status), Q(status=Status.ISSUED, token_expires_at__lte=now)]
    if status == Status.ERROR:
        return [Q(status=status), Q(status=Status.PENDING, lease_until__lte=now)]
    return [Q(status=status)]


class SessionQuerySet(models.QuerySet["VerificationSession"]):
    """``VerificationSession.objects``."""

    def for_subject(self, who: Any) -> SessionQuerySet:
        """Sessions of a user or a reference.

        A deleted user's sessions are nobody's, even when another user gets the same key.
        """
        subject = Subject.of(who)
        found = self.filter(subject_key=subject.key)
        return found if subject.user is None else found.filter(user_id=subject.user.pk)

    def verified(self, who: Any = None, *, flow: str | AnyFlow) -> SessionQuerySet:
        """Sessions that prove their subject for a flow right now.

        ``flow`` is a flow's name or ``ANY``; ``who`` narrows to one user or reference. Sessions
        of a test endpoint count only while ``FACEID["ALLOW_TEST_ENDPOINT"]`` is on.
        """
        now = clock.now()
        found = self.filter(
            Q(verified_until=None) | Q(verified_until__gt=now),
            verdict=Verdict.VERIFIED,
            revoked_at=None,
        )
        if not conf.get().allow_test_endpoint:
            found = found.filter(livemode=True)
        if not isinstance(flow, AnyFlow):
            found = found.filter(flow=flow)
        return found if who is None else found.for_subject(who)

    def with_status(self, status: str) -> SessionQuerySet:
        """Sessions whose *effective* status is this, whatever their label says yet."""
        return self.filter(reduce(or_, effectively(status)))

    def pending_review(self) -> SessionQuerySet:
        """Sessions that wait for staff before they count; the first has waited longest."""
        return self.filter(review=Review.PENDING).order_by("result_at", "id")

    def proposed_reversals(self) -> SessionQuerySet:
        """Sessions that count, and of which one of two people says that they should not so."""
        return self.exclude(review_proposed="").exclude(review=Review.PENDING)

    def overdue(self) -> SessionQuerySet:
        """``issued`` rows whose ten minutes are over."""
        return self.filter(status=Status.ISSUED, token_expires_at__lte=clock.now())

    def interrupted(self) -> SessionQuerySet:
        """``pending`` rows whose process did not come back before its lease ran out."""
        return self.filter(status=Status.PENDING, lease_until__lte=clock.now())

    def owed_a_pull(self) -> SessionQuerySet:
        """Sessions whose next look for a result is due."""
        return self.filter(next_pull_at__lte=clock.now())

    def fetchable(self, pks: Collection[int]) -> SessionQuerySet:
        """Of these sessions those of which Tencent can still be asked how they ended."""
        found = self.filter(pk__in=pks, result_expires_at__gt=clock.now())
        return found.exclude(sdk_token="")

    def counted_issues(self, subject_key: str, flow: str, since: datetime) -> SessionQuerySet:
        """Tokens this subject used up in a flow; the provider's troubles do not count."""
        return self.filter(subject_key=subject_key, flow=flow, issued_at__gt=since).exclude(
            category="provider"
        )
