"""One search box for whatever staff have in hand: exact, by index, never a scan."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ..models import ApiCall, Subject, VerificationSession, digests

HELP = _(
    "A RequestId, session id or trace id; a username or a reference, exactly; or an SdkToken, "
    "which is not shown again."
)
MOST_SESSIONS = 1000
# Five groups of upper-case hexadecimal. Source: the vendor's samples of 2023 and 2026.
_TOKEN = re.compile(r"[0-9A-F]{8}-[0-9A-F]{4,5}-[0-9A-F]{4,6}-[0-9A-F]{4}-[0-9A-F]{12}")


def sessions_found(
    sessions: QuerySet[VerificationSession], term: str
) -> QuerySet[VerificationSession]:
    """The newest sessions that a term names, as an identifier or as a person; one query."""
    return sessions.filter(pk__in=_sessions_named(term.strip()))


def calls_found(calls: QuerySet[ApiCall], term: str) -> QuerySet[ApiCall]:
    """The calls that a term names; without any, those of the sessions it names; two queries."""
    term = term.strip()
    named = list(ApiCall.objects.filter(_call_named(term)).order_by().values_list("pk", flat=True))
    if named:
        return calls.filter(pk__in=named)
    return calls.filter(session__in=_sessions_named(term))


def session_of_token(term: str) -> int | None:
    """The primary key of the session whose SdkToken this is."""
    digest = digests.keyed("sdk_token", term.strip())
    calls = ApiCall.objects.filter(sdk_token_digest=digest, session__isnull=False)
    return calls.order_by().values_list("session_id", flat=True).first()


def looks_like_token(term: str) -> bool:
    """Whether a term has the shape of an SdkToken, known here or not."""
    return _TOKEN.fullmatch(term.strip()) is not None


def _sessions_named(term: str) -> list[int]:
    # A UNION, not an OR: each part is answered by its own index.
    first, *others = (part.order_by() for part in _parts(term))
    return list(first.union(*others).order_by("-pk")[:MOST_SESSIONS])


def _parts(term: str) -> list[QuerySet[Any, Any]]:
    sessions = VerificationSession.objects.values_list("pk", flat=True)
    calls = ApiCall.objects.filter(_call_named(term), session__isnull=False)
    parts: list[QuerySet[Any, Any]] = [sessions.filter(pk__in=calls.order_by().values("session"))]
    if uuid := _as_uuid(term):
        parts.append(sessions.filter(public_id=uuid))
    if 1 <= len(term) <= 255:
        parts.append(sessions.filter(subject_key=Subject.of(term).key))
    # Not even of the right shape, perhaps, for this project's user names.
    with suppress(TypeError, ValueError, ValidationError):
        # Exactly as stored: a custom user model is only sure to have an index for this.
        parts.append(sessions.filter(**{f"user__{get_user_model().USERNAME_FIELD}": term}))
    return parts


def _call_named(term: str) -> Q:
    spellings = _spellings(term)
    return Q(request_id__in=spellings) | Q(trace_id__in=spellings)


def _spellings(term: str) -> set[str]:
    """A term as it was typed, and as a UUID is stored in text."""
    uuid = _as_uuid(term)
    return {term} if uuid is None else {term, str(uuid)}


def _as_uuid(term: str) -> UUID | None:
    try:
        return UUID(term)
    except ValueError:
        return None
