"""Pages by key, with cursors that only we can make."""

from __future__ import annotations

from django.core.signing import BadSignature, Signer
from django.db.models import QuerySet

from ..models import VerificationSession
from ..services.errors import FieldError, Invalid

SIZE = 20
SALT = "django_faceid.cursor"


def page(
    sessions: QuerySet[VerificationSession], cursor: str | None
) -> tuple[list[VerificationSession], str | None]:
    """The 20 newest of ``sessions`` after ``cursor`` and the next page's cursor, if there is one.

    Raises ``Invalid`` for a cursor that is not ours or leads to none of ``sessions``.
    """
    found = sessions.filter(pk__lt=_place(sessions, cursor)) if cursor else sessions
    rows = list(found.order_by("-id")[: SIZE + 1])
    if len(rows) <= SIZE:
        return rows, None
    # The public id, because primary keys tell how many sessions there are.
    return rows[:SIZE], Signer(salt=SALT).sign(str(rows[SIZE - 1].public_id))


def _place(sessions: QuerySet[VerificationSession], cursor: str) -> int:
    try:
        public_id = Signer(salt=SALT).unsign(cursor)
    except BadSignature:
        pk = None
    else:
        pk = sessions.filter(public_id=public_id).values_list("pk", flat=True).first()
    if pk is None:
        raise Invalid(errors=(FieldError("cursor", "unknown", "This cursor is not valid."),))
    return pk
