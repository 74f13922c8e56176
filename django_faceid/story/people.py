"""Whom a session is about, for those who may know and for those who may not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from ..models import ApiCall, VerificationSession
from . import signs

WITHHELD = "(withheld)"
_CUT = ApiCall._meta.get_field("message").max_length or 0
# Of a name that was cut off at the end of an answer, less tells nothing.
_LEAST_CUT = 4
# What JSON escapes, and what becomes one space.
_ODD = re.compile(r"""["\\]|\s\s|^\s|\s$""")
# Of a shorter reference even its end would tell too much.
LEAST_SHOWN = 8


def may_see(user: Any) -> bool:
    """Whether a member of staff may know whom sessions are about."""
    return bool(user.has_perm("faceid.view_personal_data"))


def shown(session: VerificationSession, *, personal: bool) -> str:
    """Whose session it is, as lists, pages and exports say it.

    A pseudonym, unless the viewer may see ``personal`` data: then a user's name. A reference is
    masked for everybody; ``services.reveal`` gives it in full, on record.
    """
    known_as = pseudonym(session.subject_key)
    if session.user_id is None and not session.reference:
        return f"{_('user deleted')} ({known_as})"
    if not personal:
        return known_as
    if session.user is not None:
        return signs.plain(str(session.user.get_username()))
    return f"{masked(session.reference)} ({known_as})"


def masked(reference: str) -> str:
    """A reference by its end alone, so that whoever holds it can tell that it is this one."""
    if not reference:
        return ""
    return "••••" + (signs.plain(reference[-2:]) if len(reference) >= LEAST_SHOWN else "")


def pseudonym(subject_key: str) -> str:
    """A stand-in that is the same for all sessions of one subject, and names nobody."""
    return _("person %s") % subject_key[:12]


def words_of(call: ApiCall, *, personal: bool) -> str:
    """Tencent's words about a call, without what they repeat of the person and the host's Extra.

    With ``personal`` data a reference is taken out alone: it is masked for everybody.
    """
    session = call.session
    if session is None:
        return call.message
    if personal:
        return unnamed(call.message, [session.reference])
    username = "" if session.user is None else session.user.get_username()
    about = private(session.reference, session.extra, username, public_id=str(session.public_id))
    return unnamed(call.message, about)


def private(*texts: object, public_id: str) -> list[str]:
    """Those of the texts that may name a person: a session's own id, our Extra, does not."""
    # A user model may be named by numbers.
    return [str(text) for text in texts if text not in (None, "", public_id)]


def unnamed(message: str, about: Iterable[str]) -> str:
    """A message without any of these texts, however an answer may have spelled them."""
    if not message:
        return message
    spelled = {each for text in about if text for each in _spellings(text)}
    texts = sorted(spelled, key=len, reverse=True)
    if len(message) >= _CUT:
        message = _without_end(message, texts)
    lowered = message.lower()
    if found := [re.escape(text) for text in texts if text.lower() in lowered]:
        message = re.sub("|".join(found), WITHHELD, message, flags=re.IGNORECASE)
    return message


def _spellings(text: str) -> set[str]:
    """A text as it was sent, as answers are kept (on one line, printable), and as JSON."""
    if text.isascii() and text.isprintable() and _ODD.search(text) is None:
        return {text}
    line = "".join(filter(str.isprintable, " ".join(text.split())))
    escaped = (
        json.dumps(each, ensure_ascii=short) for each in (text, line) for short in (True, False)
    )
    return {text, line, *(each[1:-1] for each in escaped)} - {""}


def _without_end(message: str, texts: Iterable[str]) -> str:
    """A message without the beginning of a text that was cut off at its end."""
    lowered = message.lower()
    for text in texts:
        for length in range(len(text) - 1, _LEAST_CUT - 1, -1):
            if lowered.endswith(text[:length].lower()):
                return message[:-length] + WITHHELD
    return message
