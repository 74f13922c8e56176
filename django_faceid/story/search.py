"""One search box for whatever staff have in hand: exact, by index, never a scan."""

from __future__ import annotations

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


def sessions_found(
    sessions: QuerySet[VerificationSession], term: str
) -> QuerySet[VerificationSession]:
    """The sessions that an identifier names; without any, those of the person it names."""
    term = term.strip()
    named = _named_by(term)
    return sessions.filter(pk__in=named) if named else sessions.filter(_of_person(term))


def calls_found(calls: QuerySet[ApiCall], term: str) -> QuerySet[ApiCall]:
    """The calls that an identifier names; without any, those of the sessions it finds."""
    exact = calls.filter(_call_named(term.strip()))
    if exact.order_by().exists():
        return exact
    sessions = sessions_found(VerificationSession.objects.all(), term)
    pks = sessions.order_by("-id").values_list("pk", flat=True)[:MOST_SESSIONS]
    return calls.filter(session__in=list(pks))


def session_of_token(term: str) -> int | None:
    """The primary key of the session whose SdkToken this is."""
    digest = digests.keyed("sdk_token", term.strip())
    sessions = VerificationSession.objects.filter(sdk_token_digest=digest)
    return sessions.order_by().values_list("pk", flat=True).first()


def _named_by(term: str) -> set[int]:
    spellings = _spellings(term)
    named = Q(request_id__in=spellings)
    if uuid := _as_uuid(term):
        named |= Q(public_id=uuid)
    sessions = VerificationSession.objects.order_by().filter(named)
    calls = ApiCall.objects.order_by().filter(_call_named(term), session__isnull=False)
    return {*sessions.values_list("pk", flat=True), *calls.values_list("session_id", flat=True)}


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


def _of_person(term: str) -> Q:
    person = Q(user__in=_users_named(term))
    if 1 <= len(term) <= 255:
        person |= Q(subject_key=Subject.of(term).key)
    return person


def _users_named(term: str) -> list[Any]:
    user_model = get_user_model()
    try:
        # Exactly as stored: a custom user model is only sure to have an index for this.
        users = user_model._base_manager.filter(**{user_model.USERNAME_FIELD: term})
        return list(users.values_list("pk", flat=True)[:2])
    except (TypeError, ValueError, ValidationError):
        return []  # not even of the right shape for this project's user names
