"""Pages by key, with cursors that only we can make."""

from __future__ import annotations

from django.core import signing
from django.db.models import QuerySet

from ..models import Subject, VerificationSession
from ..services.errors import FieldError, Invalid

SIZE = 20
SALT = "django_faceid.cursor"


def page(
    sessions: QuerySet[VerificationSession], subject: Subject, cursor: str | None
) -> tuple[list[VerificationSession], str | None]:
    """The 20 newest sessions after ``cursor`` and the cursor of the next page, if there is one.

    Raises ``Invalid`` for a cursor that is not ours or not this subject's.
    """
    if cursor:
        sessions = sessions.filter(pk__lt=_read(subject, cursor))
    found = list(sessions.select_related("user").order_by("-id")[: SIZE + 1])
    if len(found) <= SIZE:
        return found, None
    found = found[:SIZE]
    return found, signing.dumps([subject.key, found[-1].pk], salt=SALT)


def _read(subject: Subject, cursor: str) -> int:
    try:
        owner, pk = signing.loads(cursor, salt=SALT)
    except signing.BadSignature:
        owner, pk = None, 0
    if owner != subject.key:
        raise Invalid(errors=(FieldError("cursor", "unknown", "This cursor is not valid."),))
    return int(pk)
