"""States as badges: a word, a sign and a colour, so that colour never speaks alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.utils.html import format_html
from django.utils.safestring import SafeString

from ..models import ApiCall, Outcome, Review, Status, Verdict, VerificationSession

GOOD, BAD, WAITING, QUIET = "good", "bad", "waiting", "quiet"
SIGNS: Mapping[str, str] = {GOOD: "✓", BAD: "✕", WAITING: "◷", QUIET: "○"}


@dataclass(frozen=True)
class Badge:
    """A state as a short text with a tone; its ``str`` is safe markup."""

    tone: str
    text: str

    @property
    def sign(self) -> str:
        return SIGNS[self.tone]

    def __str__(self) -> SafeString:
        return _markup(self)

    __html__ = __str__


# A list shows the same few states on every row.
@lru_cache(maxsize=256)
def _markup(badge: Badge) -> SafeString:
    return format_html(
        '<span class="faceid-badge faceid-{}"><span aria-hidden="true">{}</span> {}</span>',
        badge.tone,
        badge.sign,
        badge.text,
    )


_STATUS_TONES: Mapping[Status, str] = {
    Status.PENDING: WAITING,
    Status.ISSUED: WAITING,
    Status.EXPIRED: QUIET,
    Status.SUCCEEDED: GOOD,
    Status.FAILED: BAD,
    Status.CANCELED: QUIET,
    Status.ERROR: BAD,
}
_VERDICT_TONES: Mapping[str, str] = {Verdict.VERIFIED: GOOD, Verdict.REJECTED: BAD}
_OUTCOME_TONES: Mapping[str, str] = {Outcome.OK: GOOD, Outcome.STARTED: WAITING}
_REVIEW_TONES: Mapping[str, str] = {
    Review.PENDING: WAITING,
    Review.APPROVED: GOOD,
    Review.REJECTED: BAD,
}


def of_status(session: VerificationSession) -> Badge:
    """A session's effective status."""
    status = session.effective_status
    return Badge(_STATUS_TONES[status], str(status.label))


def of_verdict(session: VerificationSession) -> Badge:
    """What a session proves."""
    tone = _VERDICT_TONES.get(session.verdict, QUIET)
    return Badge(tone, str(Verdict(session.verdict).label))


def of_review(session: VerificationSession) -> Badge:
    """What staff have said."""
    return Badge(_REVIEW_TONES.get(session.review, QUIET), str(Review(session.review).label))


def of_outcome(call: ApiCall) -> Badge:
    """How an attempt ended."""
    return Badge(_OUTCOME_TONES.get(call.outcome, BAD), str(Outcome(call.outcome).label))
