"""What is kept of a session to look at, and who looked last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from ..models import EventKind, KeptMedia, MediaKind, SessionEvent, VerificationSession
from ..models.transitions import DECIDED
from ..services import keeping
from . import words


@dataclass(frozen=True)
class Picture:
    """One kind of picture that a session's flow keeps; ``opens`` while it can be looked at."""

    kind: MediaKind
    kept: KeptMedia | None
    instead: str
    seen: SessionEvent | None

    @property
    def label(self) -> str:
        return str(self.kind.label).capitalize()

    @property
    def opens(self) -> bool:
        return self.kept is not None and self.kept.erased_at is None

    @property
    def says(self) -> str:
        """Its size, or why there is nothing to open."""
        return self.instead if self.kept is None else filesizeformat(self.kept.size)


def of(session: VerificationSession, events: Iterable[SessionEvent] | None = None) -> list[Picture]:
    """Every kind that the session's flow keeps; none, without a query, where it keeps nothing.

    ``events`` are the session's newest first, with their actors, where they are at hand.
    """
    wanted = keeping.wanted(session)
    if not wanted:
        return []
    if events is None:
        about = session.events.filter(kind__in=(EventKind.MEDIA_VIEWED, EventKind.MEDIA_LOST))
        events = about.select_related("actor").order_by("-id")
    kept = {row.kind: row for row in session.media.defer("key")}
    looks: dict[str, SessionEvent] = {}
    lost: dict[str, str] = {}
    for event in events:
        if event.kind == EventKind.MEDIA_VIEWED:
            looks.setdefault(event.reason, event)
        elif event.kind == EventKind.MEDIA_LOST:
            lost |= words.media_lost(event.reason)
    return [
        Picture(kind, kept.get(kind), lost.get(kind) or _nothing_yet(session), looks.get(kind))
        for kind in wanted
    ]


def _nothing_yet(session: VerificationSession) -> str:
    if session.status in DECIDED:
        return _("Not kept")
    return _("Kept when the result is")
