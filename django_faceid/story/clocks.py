"""A session's two clocks, drawn: ten minutes to start, 72 hours to fetch the result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from .. import clock
from ..models import Status, VerificationSession
from ..models.transitions import DECIDED, ClosedReason
from . import spans

# The bar's width in its own units, handed to the template as text: no locale may touch it.
WIDTH = 1000


@dataclass(frozen=True)
class Mark:
    """Something that happened while a clock ran."""

    label: str
    moment: datetime
    x: str


@dataclass(frozen=True)
class Bar:
    """One clock as a bar; ``over`` says why nobody waits for its end, ``over_at`` since when."""

    label: str
    start: datetime
    end: datetime
    now: datetime
    happened: tuple[tuple[str, datetime | None], ...]
    over: str = ""
    over_at: datetime | None = None

    @property
    def running(self) -> bool:
        return not self.over and self.start <= self.now < self.end

    @property
    def x(self) -> str:
        """How far it got by *now*, from 0 to ``WIDTH``."""
        return self._place(self.over_at or self.now)

    @property
    def says(self) -> str:
        if self.over:
            return self.over
        if self.running:
            return _("%s left") % spans.words(self.end - self.now)
        return _("ended %s ago") % spans.words(self.now - self.end)

    @property
    def marks(self) -> list[Mark]:
        return [
            Mark(label, moment, self._place(moment))
            for label, moment in self.happened
            if moment is not None and self.start <= moment <= self.end
        ]

    def _place(self, moment: datetime) -> str:
        share = (moment - self.start) / (self.end - self.start)
        return str(round(WIDTH * min(1.0, max(0.0, share))))


def bars(session: VerificationSession) -> list[Bar]:
    """The clocks that run from the instant before Tencent was asked; none without a token."""
    start = session.issued_at
    happened = (
        (_("phone reported"), session.reported_at),
        (_("result stored"), session.result_at),
    )
    clocks = (
        (_("Start a process"), session.token_expires_at, _why_no_start(session)),
        (_("Fetch the result"), session.result_expires_at, _why_no_fetch(session)),
    )
    return [
        Bar(label, start, end, clock.now(), happened, *over)
        for label, end, over in clocks
        if start is not None and end is not None and end > start
    ]


def _why_no_start(session: VerificationSession) -> tuple[str, datetime | None]:
    """Why no phone can start from this session, and since when; empty but for its clock."""
    if session.status in DECIDED:
        return _("closed: the result is in"), session.result_at
    if session.status == Status.CANCELED:
        return _("closed: canceled"), None
    if session.closed_reason == ClosedReason.REPLACED:
        return _("closed: a newer token took its place"), None
    if session.effective_status == Status.ISSUED and not session.sdk_token:
        return _("closed: no token is held"), None
    return "", None


def _why_no_fetch(session: VerificationSession) -> tuple[str, datetime | None]:
    """Why nobody fetches this result any more, and since when; empty but for its clock.

    An error beside a token that is held is one of ours, and the result is asked for again.
    """
    if session.result_code:
        return _("the result is in"), session.result_at
    if session.sdk_token:
        return "", None
    if session.result_error:
        return _("closed: Tencent will not give it"), None
    return _("closed: no token is held"), None
