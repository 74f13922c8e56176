"""Keeping what a flow's ``KEEP_MEDIA`` names of a final answer, before its token is wiped."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.views.decorators.debug import sensitive_variables

from ..models import (
    EventKind,
    KeptMedia,
    MediaKind,
    SessionEvent,
    Source,
    StrayFile,
    VerificationSession,
)
from ..tencent.types import GetFaceIdResultIntlResponse
from . import strays, vault

logger = logging.getLogger("django_faceid")

LARGEST = 20 * 1024 * 1024
"""Bytes of one picture or recording: a worker holds it in memory, in a few copies."""

ABSENT, TOO_LARGE, BROKEN, STORAGE = "absent", "too_large", "broken", "storage"


class _NotKept(Exception):
    """Tencent's answer holds nothing to keep; asking again would not change that."""


@dataclass(frozen=True)
class Upload:
    """A picture in the storage that belongs to no session yet."""

    kind: MediaKind
    file: StrayFile
    key: str = field(repr=False)
    size: int
    sha256: str


@dataclass(frozen=True)
class Haul:
    """What became of an answer's pictures: stored, or lost and why."""

    uploads: tuple[Upload, ...]
    lost: Mapping[MediaKind, str]

    @property
    def storage_failed(self) -> bool:
        return STORAGE in self.lost.values()


NOTHING = Haul((), {})


def wanted(session: VerificationSession) -> list[MediaKind]:
    """What the rule in force when the session began keeps."""
    kept = session.flow_snapshot.get("keep_media") or ()
    return [kind for kind in MediaKind if kind in kept]


@sensitive_variables()
def upload(session: VerificationSession, answer: GetFaceIdResultIntlResponse) -> Haul:
    """Encrypt and store each wanted picture; to be called outside of any transaction.

    The files are strays as yet: ``record`` makes them the session's, ``discard`` removes them.
    """
    given = {
        MediaKind.BEST_FRAME: answer.BestFrame,
        MediaKind.VIDEO: answer.Video,
        MediaKind.ACTION_VIDEO: answer.ActionVideo,
    }
    uploads, lost = [], {}
    for kind in wanted(session):
        try:
            uploads.append(_upload(kind, given[kind] or ""))
        except _NotKept as error:
            lost[kind] = str(error)
        except Exception as error:  # the storage is the host's: its text may hold anything
            lost[kind] = STORAGE
            logger.error(
                "action=keep_media session=%s kind=%s outcome=%s", session, kind, _name(error)
            )
    return Haul(tuple(uploads), lost)


@sensitive_variables()
def _upload(kind: MediaKind, text: str) -> Upload:
    content = _decoded(text)
    size, sha256 = len(content), hashlib.sha256(content).hexdigest()
    sealed = vault.seal(content)
    return Upload(kind, strays.store(sealed), sealed.key, size, sha256)


@sensitive_variables()
def _decoded(text: str) -> vault.Picture:
    if not text:
        raise _NotKept(ABSENT)
    if len(text) * 3 // 4 > LARGEST:
        raise _NotKept(TOO_LARGE)
    try:
        content = vault.Picture(base64.b64decode(text))
    except ValueError:
        content = vault.Picture()
    if not content:
        raise _NotKept(BROKEN)
    return content


def _name(error: Exception) -> str:
    return type(error).__name__


def record(
    session: VerificationSession, haul: Haul, *, source: Source, call_pk: int | None = None
) -> None:
    """Make the uploads the session's, in the transaction that stores its result."""
    kept = [each for each in haul.uploads if strays.take(each.file)]
    lost = {**haul.lost, **{each.kind: STORAGE for each in haul.uploads if each not in kept}}
    KeptMedia.objects.bulk_create(
        KeptMedia(
            session=session,
            kind=each.kind,
            name=each.file.name,
            key=each.key,
            size=each.size,
            sha256=each.sha256,
        )
        for each in kept
    )
    told = {
        EventKind.MEDIA_KEPT: ", ".join(each.kind for each in kept),
        EventKind.MEDIA_LOST: ", ".join(f"{kind} {why}" for kind, why in lost.items()),
    }
    for event, reason in told.items():
        if reason:
            SessionEvent.objects.create(
                session=session, kind=event, source=source, reason=reason, call_pk=call_pk
            )


def discard(haul: Haul) -> None:
    """Remove uploads that became nobody's; what the storage does not let go no key opens."""
    strays.remove(each.file.name for each in haul.uploads)
