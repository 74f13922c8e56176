"""A session's two clocks, drawn: ten minutes to start, 72 hours to fetch the result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from .. import clock
from ..models import VerificationSession
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
    """One clock as a bar."""

    label: str
    start: datetime
    end: datetime
    now: datetime
    happened: tuple[tuple[str, datetime | None], ...]

    @property
    def running(self) -> bool:
        return self.start <= self.now < self.end

    @property
    def x(self) -> str:
        """Where *now* is, from 0 to ``WIDTH``."""
        return self._place(self.now)

    @property
    def says(self) -> str:
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
    start, ends = session.issued_at, (session.token_expires_at, session.result_expires_at)
    labels = (_("Start a process"), _("Fetch the result"))
    happened = (
        (_("phone reported"), session.reported_at),
        (_("result stored"), session.result_at),
    )
    return [
        Bar(label, start, end, clock.now(), happened)
        for label, end in zip(labels, ends, strict=True)
        if start is not None and end is not None and end > start
    ]
