"""Codes in sentences that staff can act on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import MediaKind
from ..tencent.codes import (
    LIVENESS_TAGS,
    RESULT_CODES,
    SDK_CODES,
    UNFINISHED,
    Category,
    error_code,
)
from . import signs

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Explained(NamedTuple):
    """A code, what it means and what to do about it."""

    code: str
    meaning: str
    advice: str = ""


CATEGORIES: Mapping[str, StrOrPromise] = {
    Category.PASSED: gettext_lazy("passed"),
    Category.SPOOF: gettext_lazy("suspected spoof"),
    Category.MISMATCH: gettext_lazy("another face"),
    Category.CAPTURE: gettext_lazy("capture trouble"),
    Category.BAD_IMAGE: gettext_lazy("unusable picture"),
    Category.PROVIDER: gettext_lazy("provider trouble"),
}

# "1" to "4" as Tencent sends them. Source: API page 1061/54557.
DEVICE_LEVELS: Mapping[str, StrOrPromise] = {
    "1": gettext_lazy("1 of 4: safe"),
    "2": gettext_lazy("2 of 4: low risk"),
    "3": gettext_lazy("3 of 4: medium risk"),
    "4": gettext_lazy("4 of 4: high risk"),
}

# Codes that we made up for what happened on our side of the wire.
_OURS: Mapping[str, tuple[StrOrPromise, StrOrPromise]] = {
    "ConnectFailed": (
        gettext_lazy("Tencent could not be reached; nothing was sent."),
        gettext_lazy("Check network, proxy and firewall, then try again."),
    ),
    "ReadTimeout": (
        gettext_lazy("No answer came in time; Tencent may have acted all the same."),
        gettext_lazy("Fetch the result again, or let the person start again."),
    ),
    "ConnectionLost": (
        gettext_lazy("The connection broke before an answer came."),
        gettext_lazy("Fetch the result again, or let the person start again."),
    ),
    "HttpStatus": (
        gettext_lazy("The answer was not Tencent's: a wrong HTTP status."),
        gettext_lazy("Look for a proxy between us and Tencent that answers in its place."),
    ),
    "NotAnEnvelope": (
        gettext_lazy("The answer was not Tencent's: a body of another form."),
        gettext_lazy("Look for a proxy between us and Tencent that answers in its place."),
    ),
    "Incomplete": (
        gettext_lazy("Tencent's answer lacked what it must hold."),
        gettext_lazy("Give Tencent's support the RequestId."),
    ),
    "TooLarge": (
        gettext_lazy("The answer was larger than any answer may be."),
        gettext_lazy("Give Tencent's support the RequestId."),
    ),
    "CutOff": (
        gettext_lazy("The answer broke off."),
        gettext_lazy("Fetch the result again, or let the person start again."),
    ),
    "CredentialsUnavailable": (
        gettext_lazy("The project's own source of credentials failed."),
        gettext_lazy("Check the CREDENTIALS callable of this account."),
    ),
    "Interrupted": (
        gettext_lazy("Our process ended before it could record an answer."),
        gettext_lazy("Let the person start again: no token was handed out."),
    ),
    "StorageFailed": (
        gettext_lazy("The storage took no pictures, so the result waits for them at Tencent."),
        gettext_lazy('Mend the storage "faceid"; then the result comes by itself.'),
    ),
    "NotAnswering": (
        gettext_lazy("Tencent did not answer until it had forgotten the result."),
        gettext_lazy("Let the person start again; look for the outage in the log."),
    ),
    "AccountUnusable": (
        gettext_lazy("The session's account was not among the settings, or could not be used."),
        gettext_lazy("Let the person start again; keep an account while results are owed by it."),
    ),
    "TokenUnreadable": (
        gettext_lazy("No key opened the SdkToken until Tencent had forgotten the result."),
        gettext_lazy("Let the person start again; keep old ENCRYPTION_KEYS for 72 hours."),
    ),
    "ExtraMismatch": (
        gettext_lazy("The result carries another session's Extra, so it was not believed."),
        gettext_lazy("Treat as an incident: give Tencent's support the RequestId."),
    ),
}

# Why a picture was not kept. Source: services.keeping.
_LOST: Mapping[str, StrOrPromise] = {
    "absent": gettext_lazy("not in Tencent's answer"),
    "too_large": gettext_lazy("larger than we keep"),
    "broken": gettext_lazy("not readable in Tencent's answer"),
    "storage": gettext_lazy("the storage failed to the last"),
}


def explain_error(code: str) -> Explained | None:
    """What an error code means and what to do about it; None without a code."""
    if not code:
        return None
    if code in _OURS:
        meaning, advice = _OURS[code]
        return Explained(code, str(meaning), str(advice))
    known = error_code(code)
    return Explained(signs.plain(code), known.meaning, known.advice)


def explain_result(code: str) -> Explained | None:
    """What Tencent's Result means; None without one."""
    if not code:
        return None
    if code == UNFINISHED:
        return Explained(code, _("The process has not ended."))
    known = RESULT_CODES.get(code)
    meaning = known.meaning if known else _("A code that is not documented.")
    return Explained(signs.plain(code), meaning)


def explain_sdk(code: int | None) -> Explained | None:
    """What the phone's SDK said; None when it said nothing."""
    if code is None:
        return None
    known = SDK_CODES.get(code)
    if known:
        return Explained(f"{code} {known.name}", known.meaning, known.advice)
    meaning = _("The phone says that it is done.") if code == 0 else _("An unknown code.")
    return Explained(str(code), meaning)


def tags(codes: object) -> str:
    """LivenessInfoTag in words; empty without tags."""
    known = codes if isinstance(codes, list) else []
    return ", ".join(
        f"{signs.plain(str(tag))} {LIVENESS_TAGS.get(str(tag), _('not documented'))}"
        for tag in known
    )


def device_level(level: str) -> str:
    """DeviceInfoLevel in words; empty without one."""
    return str(DEVICE_LEVELS.get(level, level))


def category(value: str) -> str:
    """A result's category in words; empty without one."""
    return str(CATEGORIES.get(value, value))


def sentences(parts: Iterable[str]) -> str:
    """Sentences as one paragraph."""
    return " ".join(part for part in parts if part)


def media(kinds: str) -> str:
    """The kinds of an event about pictures in words, each with what befell it if anything did."""
    told = (f"{_kind(kind)} ({why})" if why else _kind(kind) for kind, why in _each(kinds))
    return ", ".join(told)


def media_lost(kinds: str) -> dict[str, str]:
    """Why each kind that such an event names is missing, in words."""
    return dict(_each(kinds))


def _each(kinds: str) -> Iterator[tuple[str, str]]:
    for part in filter(None, kinds.split(", ")):
        kind, _space, why = part.partition(" ")
        yield kind, str(_LOST.get(why, why))


def _kind(kind: str) -> str:
    return str(dict(MediaKind.choices).get(kind, kind))
