"""Text from elsewhere, without the signs that steer what shows it."""

from __future__ import annotations

import re

# Control characters but line ends and tabs, and what turns the direction of text or hides in it.
# Joiners stay: Persian and the scripts of India are not written without them.
_STEERING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def printable(value: object) -> str:
    """A value without what would steer a terminal or turn its text around."""
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in str(value))


def plain(text: str) -> str:
    """Text for pages and files: as it is, but for signs that steer what shows it."""
    if text.isprintable():
        return text
    return _STEERING.sub(lambda sign: _escaped(sign[0]), text)


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode()
