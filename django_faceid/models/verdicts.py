"""What a session's status, the vendor's category and staff's review add up to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from ..tencent.codes import Category
from .transitions import Status


class Verdict(models.TextChoices):
    """Whether this session proves its subject."""

    UNDECIDED = "undecided", _("undecided")
    VERIFIED = "verified", _("verified")
    REJECTED = "rejected", _("rejected")


class Review(models.TextChoices):
    """What staff have said: none → pending → approved ⇄ rejected."""

    NONE = "none", _("none")
    PENDING = "pending", _("waiting for review")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")


class NextAction(models.TextChoices):
    """What a client does next."""

    START_SDK = "start_sdk"
    WAIT = "wait"
    RETRY = "retry"
    WAIT_FOR_REVIEW = "wait_for_review"
    FIX_INPUT = "fix_input"
    SIGN_IN = "sign_in"
    CONTACT_SUPPORT = "contact_support"
    NONE = "none"


class Decision(NamedTuple):
    """A verdict and what follows from it for the client."""

    verdict: Verdict
    next_action: NextAction


REVIEWED: Mapping[Review, Decision] = {
    Review.PENDING: Decision(Verdict.UNDECIDED, NextAction.WAIT_FOR_REVIEW),
    Review.APPROVED: Decision(Verdict.VERIFIED, NextAction.NONE),
    Review.REJECTED: Decision(Verdict.REJECTED, NextAction.CONTACT_SUPPORT),
}

# Vendor evidence rejects only for a spoof or another person's face: a dark room is no rejection.
BY_CATEGORY: Mapping[Category, Decision] = {
    Category.PASSED: Decision(Verdict.VERIFIED, NextAction.NONE),
    Category.SPOOF: Decision(Verdict.REJECTED, NextAction.RETRY),
    Category.MISMATCH: Decision(Verdict.REJECTED, NextAction.RETRY),
    Category.CAPTURE: Decision(Verdict.UNDECIDED, NextAction.RETRY),
    Category.BAD_IMAGE: Decision(Verdict.UNDECIDED, NextAction.FIX_INPUT),
    Category.PROVIDER: Decision(Verdict.UNDECIDED, NextAction.RETRY),
}

BY_STATUS: Mapping[Status, Decision] = {
    Status.PENDING: Decision(Verdict.UNDECIDED, NextAction.WAIT),
    Status.ISSUED: Decision(Verdict.UNDECIDED, NextAction.START_SDK),
    Status.EXPIRED: Decision(Verdict.UNDECIDED, NextAction.RETRY),
    Status.CANCELED: Decision(Verdict.UNDECIDED, NextAction.RETRY),
    Status.ERROR: Decision(Verdict.UNDECIDED, NextAction.RETRY),
}


def decide(status: str, category: str = "", review: str = Review.NONE) -> Decision:
    """The verdict of a session and what its client does next.

    ``status`` is a ``Status``, ``category`` a result ``Category`` or empty, ``review`` a
    ``Review``. Review counts only where a result does: in ``succeeded`` and ``failed``.
    """
    if status in BY_STATUS:
        decision = BY_STATUS[Status(status)]
        if status == Status.ERROR and category == Category.BAD_IMAGE:
            return decision._replace(next_action=NextAction.FIX_INPUT)
        return decision
    if review != Review.NONE:
        return REVIEWED[Review(review)]
    return BY_CATEGORY[Category(category)]


def table() -> Iterator[tuple[Status, Category | None, Review, Decision]]:
    """Every row of the function, for documentation and tests."""
    for status in BY_STATUS:
        yield status, None, Review.NONE, decide(status)
    yield Status.ERROR, Category.BAD_IMAGE, Review.NONE, decide(Status.ERROR, Category.BAD_IMAGE)
    for category in Category:
        status = Status.SUCCEEDED if category is Category.PASSED else Status.FAILED
        for review in Review:
            yield status, category, review, decide(status, category, review)
