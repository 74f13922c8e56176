from __future__ import annotations

import pytest

from django_faceid.story import signs

TURNED = "code\u202egnp.exe"


def test_signs_that_turn_text_around_are_spelled_out() -> None:
    for told in (signs.plain(TURNED), signs.printable(TURNED)):
        assert told == "code\\u202egnp.exe"


@pytest.mark.parametrize(
    "sign", [*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A)), "\u200e", "\ufeff"]
)
def test_no_sign_that_nobody_sees_reaches_a_page(sign: str) -> None:
    assert sign not in signs.plain(f"a{sign}b")
    assert sign not in signs.printable(f"a{sign}b")


def test_lines_stay_on_pages_and_terminals_get_none() -> None:
    assert signs.plain("a\r\n\tb\x1b[31m\x00") == "a\r\n\tb\\x1b[31m\\x00"
    assert signs.printable("a\nb") == "a\\nb"


# Of every script: Persian, Hindi, Chinese, French and Hebrew.
NAMES = ["می\u200cخواهم", "क्\u200dष", "李\u3000小龙", "Zoë\xa0Q", "עברית"]  # noqa: RUF001


@pytest.mark.parametrize("name", NAMES)
def test_names_of_every_script_are_shown_as_they_are(name: str) -> None:
    assert signs.plain(name) == name
