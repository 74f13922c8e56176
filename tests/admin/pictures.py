"""Where a session's pictures are, and who has looked at them."""

from __future__ import annotations

from django_faceid.models import EventKind, SessionEvent, VerificationSession
from tests.admin.conftest import page


def picture(session: VerificationSession, kind: str = "best_frame") -> str:
    return page(session, f"media/{kind}")


def looks() -> list[tuple[str, object]]:
    events = SessionEvent.objects.filter(kind=EventKind.MEDIA_VIEWED)
    return list(events.values_list("reason", "actor"))
