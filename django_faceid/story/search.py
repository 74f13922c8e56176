"""One search box for whatever staff have in hand: exact, by index, never a scan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ..models import ApiCall, Subject, VerificationSession, digests
from . import pasted
from .pasted import Reading

HELP = _(
    "A RequestId, session id or trace id; a username or a reference, exactly; or an SdkToken, "
    "which is not shown again."
)
MOST_SESSIONS = 1000
# A name is a user's and a reference at most, and under an older HASH_KEY each once more.
MOST_PEOPLE = 4


class Named(NamedTuple):
    """What a term names: ``identifiers`` that are known, or else people by their subject keys.

    Neither tells what a log of addresses must not hold.
    """

    identifiers: list[str]
    people: list[str]


NOTHING = Named([], [])


def sessions_found(
    sessions: QuerySet[VerificationSession], term: str
) -> QuerySet[VerificationSession]:
    """The newest sessions that a term names, as an identifier or as a person; one query.

    Another one when something stood around it.
    """
    for reading in pasted.readings(term):
        if named := _sessions_named(reading):
            return sessions.filter(pk__in=named)
    return sessions.none()


def calls_found(calls: QuerySet[ApiCall], term: str) -> QuerySet[ApiCall]:
    """The calls that a term names; without any, those of the sessions it names; two queries.

    Two more when something stood around it.
    """
    for reading in pasted.readings(term):
        if named := list(_calls_named(reading.identifiers).values_list("pk", flat=True)):
            return calls.filter(pk__in=named)
        if sessions := _sessions_named(reading):
            return calls.filter(session__in=sessions)
    return calls.none()


def session_of_token(term: str) -> int | None:
    """The primary key of the session whose SdkToken is, or is within, this."""
    tokens = pasted.spellings_of_tokens(term)
    known = ApiCall.objects.filter(
        sdk_token_digest__in=[digests.keyed("sdk_token", token) for token in tokens],
        session__isnull=False,
    )
    # Not first(): it would put them in an order, for which there is no index.
    return next(iter(known.order_by().values_list("session_id", flat=True)[:1]), None)


def named(term: str) -> Named:
    """What a list's address may say instead of a term that was typed."""
    for reading in pasted.readings(term):
        if identifiers := _known(reading.identifiers):
            return Named(identifiers, [])
        if people := _people_named(reading):
            return Named([], people)
    return NOTHING


def _sessions_named(reading: Reading) -> list[int]:
    parts = [*_by_identifier(reading.identifiers), *_by_name(reading.names)]
    return [pk for (pk,) in _newest(parts)]


def _people_named(reading: Reading) -> list[str]:
    found = _newest(list(_by_name(reading.names)), "subject_key")
    return list(dict.fromkeys(key for _pk, key in found))[:MOST_PEOPLE]


def _known(identifiers: list[str]) -> list[str]:
    """Those of the identifiers that a call or a session has, as it has them."""
    calls = _calls_named(identifiers).values_list("request_id", "trace_id")[:MOST_SESSIONS]
    known = {identifier for call in calls for identifier in call}
    sessions = VerificationSession.objects.filter(public_id__in=_uuids(identifiers))
    known |= {str(public_id) for public_id in sessions.values_list("public_id", flat=True)}
    # Folded, as the collation of MariaDB does it.
    asked = {spelled.casefold() for spelled in _spellings(identifiers)}
    return sorted(identifier for identifier in known if identifier.casefold() in asked)


def _newest(parts: list[QuerySet[VerificationSession]], *columns: str) -> list[Any]:
    if not parts:
        return []
    # A UNION, not an OR: each part is answered by its own index.
    first, *others = (part.order_by().values_list("pk", *columns) for part in parts)
    return list((first.union(*others) if others else first).order_by("-pk")[:MOST_SESSIONS])


def _by_identifier(identifiers: list[str]) -> Iterator[QuerySet[VerificationSession]]:
    calls = _calls_named(identifiers).filter(session__isnull=False)
    yield VerificationSession.objects.filter(pk__in=calls.values("session"))
    if uuids := _uuids(identifiers):
        yield VerificationSession.objects.filter(public_id__in=uuids)


def _by_name(names: list[str]) -> Iterator[QuerySet[VerificationSession]]:
    for name in names:
        if len(name) <= 255:
            yield VerificationSession.objects.filter(subject_key=Subject.of(name).key)
        # Not even of the right shape, perhaps, for this project's user names.
        with suppress(TypeError, ValueError, ValidationError):
            # Exactly as stored: a custom user model is only sure to have an index for this.
            exactly = {f"user__{get_user_model().USERNAME_FIELD}": name}
            yield VerificationSession.objects.filter(**exactly)


def _calls_named(identifiers: list[str]) -> QuerySet[ApiCall]:
    spellings = _spellings(identifiers)
    named = Q(request_id__in=spellings) | Q(trace_id__in=spellings)
    return ApiCall.objects.filter(named).order_by()


def _spellings(identifiers: Iterable[str]) -> set[str]:
    """Identifiers as they were typed, and as a UUID is stored in text."""
    typed = list(identifiers)
    return {*typed, *map(str, _uuids(typed))}


def _uuids(identifiers: Iterable[str]) -> list[UUID]:
    found = []
    for identifier in identifiers:
        with suppress(ValueError):
            found.append(UUID(identifier))
    return found
