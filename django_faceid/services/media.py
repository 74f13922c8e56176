"""Kept pictures: who looks at one is on record, and what is erased is gone for good."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.views.decorators.debug import sensitive_variables

from .. import clock
from ..models import EventKind, KeptMedia, MediaKind, SessionEvent, Source, VerificationSession
from ..models.database import write_alias
from . import outbox, strays, vault
from .durable import durably, give_back_pooled_connection
from .errors import FieldError, Invalid, NotErasable
from .vault import Unreadable

__all__ = ["Unreadable", "erase", "find", "look", "open_media", "read"]


def open_media(
    session: VerificationSession, kind: str, *, actor: Any, source: Source = Source.HOST
) -> vault.Picture | None:
    """A kept picture's bytes for ``actor`` to look at, or None when there is none.

    ``kind`` is a ``MediaKind``. The look is on record before the bytes are handed over. Raises
    ``Unreadable`` when storage or key fail, ``RuntimeError`` inside a transaction.
    """
    kept = find(session, kind)
    if kept is None:
        return None
    look(kept, actor=actor, source=source)
    return read(kept)


def find(session: VerificationSession, kind: str) -> KeptMedia | None:
    """What is kept of a session of this kind; None once it is erased."""
    # Not from a replica, where what was erased may linger.
    kept = KeptMedia.objects.using(write_alias()).filter(session=session, erased_at=None)
    return kept.filter(kind=kind).first()


def look(kept: KeptMedia, *, actor: Any, source: Source = Source.STAFF) -> SessionEvent:
    """Put on record that somebody looks; committed when this returns."""
    return durably(
        lambda: SessionEvent.objects.create(
            session_id=kept.session_id,
            kind=EventKind.MEDIA_VIEWED,
            source=source,
            actor=actor,
            actor_pk=str(actor.pk),
            reason=kept.kind,
        )
    )


@sensitive_variables()
def read(kept: KeptMedia) -> vault.Picture:
    """The picture itself, for a look that is on record; raises ``Unreadable``."""
    give_back_pooled_connection()
    return vault.load(kept.name, kept.key)


def erase(session: VerificationSession, *, actor: Any, reason: str) -> bool:
    """Destroy every kept picture of a session: its key at once, then its file.

    ``reason`` has 1 to 128 characters. False when the storage would not delete a file, which
    nobody can read any more; it is tried again each hour. Raises ``Invalid`` without a reason and
    ``NotErasable`` under a legal hold or when nothing is kept.
    """
    if not 1 <= len(reason.strip()) <= 128:
        error = FieldError("reason", "required", "Erasing needs a reason of 1 to 128 characters.")
        raise Invalid(errors=(error,))
    return strays.remove(durably(partial(_forget, session, actor, reason)))


def _forget(session: VerificationSession, actor: Any, reason: str) -> list[str]:
    """Take the keys away; the names of the files that they opened."""
    sessions = VerificationSession.objects.using(write_alias())
    # Locked, so that no hold is laid on it between the look and the act.
    if sessions.select_for_update().get(pk=session.pk).legal_hold:
        raise NotErasable("A legal hold lies on this session.")
    kept = KeptMedia.objects.using(write_alias()).filter(session=session, erased_at=None)
    found = dict(kept.values_list("name", "kind"))
    if not found:
        raise NotErasable
    kept.update(key="", erased_at=clock.now())
    strays.give_up(found)
    SessionEvent.objects.create(
        session=session,
        kind=EventKind.MEDIA_ERASED,
        source=Source.STAFF,
        actor=actor,
        actor_pk=str(actor.pk),
        reason=reason,
        note=", ".join(kind for kind in MediaKind if kind in found.values()),
    )
    return list(found)


@receiver(post_delete, sender=KeptMedia)
def _remove_file(instance: KeptMedia, using: str, **_: Any) -> None:
    """Leave no file behind when a host deletes a session; its key went with the row."""
    strays.give_up([instance.name], using=using)
    outbox.on_commit(partial(strays.remove, [instance.name]), using=using)
