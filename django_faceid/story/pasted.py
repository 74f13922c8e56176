"""What people paste: an identifier, and the label, quotes and invisible signs around it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

# Five groups of hexadecimal. Source: the vendor's samples of 2023 and 2026, in upper case. Without
# bounds, and in any case: what may be a part of a secret is treated as one.
_TOKEN = re.compile(
    r"[0-9A-F]{8}-[0-9A-F]{4,5}-[0-9A-F]{4,6}-[0-9A-F]{4}-[0-9A-F]{12}", re.IGNORECASE
)
_UUID = re.compile(
    r"(?<![0-9A-Z])[0-9A-F]{8}(?:-?[0-9A-F]{4}){3}-?[0-9A-F]{12}(?![0-9A-Z])", re.IGNORECASE
)
_LABELLED = re.compile(r"[a-z][\w .-]{0,40}[\"'\\\s]*[:=]+(.+)", re.IGNORECASE | re.DOTALL)
_AROUND = " \t\r\n\"'`\\,;:=.!?|*()[]{}<>«»‹›„“”‘’。，：；、"  # noqa: RUF001 (full width, too)
# Of a page of log somebody may have pasted all of it.
_LONGEST, _MOST = 5000, 20


class Reading(NamedTuple):
    """One way to take what was pasted: as identifiers, and as the names of a person."""

    identifiers: list[str]
    names: list[str]


def readings(term: str) -> Iterator[Reading]:
    """What was pasted exactly as it is; then what is inside, if that is anything else.

    In this order, since a reference may be called anything: ``"7"`` in quotes, or ``Id: 7``.
    """
    exact = term.strip()
    if exact and _is_storable(exact):
        yield Reading([exact], [exact])
    text = _visible(term)
    bare = text.strip(_AROUND)
    labelled = _LABELLED.fullmatch(bare)
    value = labelled[1].strip(_AROUND) if labelled else ""
    names = [name for name in dict.fromkeys((bare, value)) if name not in ("", exact)]
    found = dict.fromkeys((*names, *_UUID.findall(text)[:_MOST]))
    found.pop(exact, None)
    if found:
        yield Reading(list(found), names)


def token_shapes(term: str) -> list[str]:
    """Every part of a term that has the shape of an SdkToken, whether it is one or not."""
    text = _visible(term)
    # A mail may have broken the line in the middle.
    whole = "".join(text.split())
    return list(dict.fromkeys((*_TOKEN.findall(text), *_TOKEN.findall(whole))))


def spellings_of_tokens(term: str) -> set[str]:
    """All that may be an SdkToken in a term, as typed and in either case: digests are exact."""
    inside = (text for reading in readings(term) for text in reading.identifiers)
    found = [*inside, *token_shapes(term)[:_MOST]]
    return {spelled for text in found for spelled in (text, text.upper(), text.lower())}


def _visible(term: str) -> str:
    """A term without signs that nobody sees, and with one kind of dash and of digit."""
    text = unicodedata.normalize("NFKC", term[:_LONGEST])
    return "".join(map(_seen, text))


def _seen(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind == "Cc":
        return " "
    if kind in ("Cf", "Cs"):
        return ""
    return "-" if kind == "Pd" or sign == "\N{MINUS SIGN}" else sign


def _is_storable(text: str) -> bool:
    """Whether a database and a digest can take it: no NUL, no half of a character."""
    return "\0" not in text and not any(unicodedata.category(sign) == "Cs" for sign in text)
