from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_faceid.tencent.pictures import picture_violation

JPEG = b"\xff\xd8\xff\xe0"
PNG = b"\x89PNG\r\n\x1a\n"
LIMIT = 3_000_000


def rule(image: str, max_bytes: int = LIMIT) -> str | None:
    violation = picture_violation(image, max_bytes)
    return violation.rule if violation else None


def encoded(picture: bytes) -> str:
    return base64.b64encode(picture).decode()


@given(st.sampled_from([JPEG, PNG]), st.binary(max_size=300))
def test_a_jpeg_or_png_in_standard_base64_is_accepted(magic: bytes, rest: bytes) -> None:
    assert rule(encoded(magic + rest)) is None


@given(st.binary(max_size=60), st.integers(0, 99), st.sampled_from(" \n\r\t-_=,;%\x00é\ud800"))
def test_a_foreign_character_anywhere_is_refused(rest: bytes, place: int, foreign: str) -> None:
    image = encoded(JPEG + rest)
    place %= len(image) + 1
    assert rule(image[:place] + foreign + image[place:]) == "base64"


@given(st.binary(max_size=60), st.integers(0, 99), st.sampled_from(" \n\r\t-_,;%\x00é\ud800"))
def test_foreign_characters_that_keep_the_length_are_refused(
    rest: bytes, place: int, foreign: str
) -> None:
    image = encoded(JPEG + rest)
    place %= len(image)
    assert rule(image[:place] + foreign + image[place + 1 :]) == "base64"
    assert rule(image[:place] + foreign * 4 + image[place:]) == "base64"


@pytest.mark.parametrize("picture", [JPEG, JPEG + b"1", JPEG + b"12"])
def test_missing_or_surplus_padding_is_refused(picture: bytes) -> None:
    image = encoded(picture)
    wrong = [image + "=", image + "==", image + "===", image + "====", "=" + image]
    wrong += [image.rstrip("=")] if image.endswith("=") else []
    assert [rule(each) for each in wrong] == ["base64"] * len(wrong)


@pytest.mark.parametrize("prefix", ["data:image/jpeg;base64,", "DATA:image/png;base64,", "data:,"])
def test_a_data_uri_gets_a_rule_and_a_hint_of_its_own(prefix: str) -> None:
    violation = picture_violation(prefix + encoded(JPEG), LIMIT)
    assert violation is not None
    assert violation.rule == "data_uri"
    assert "comma" in violation.message


@pytest.mark.parametrize(
    "picture", [b"GIF89a....", b"%PDF-1.7", b"\x89PNG", b"\xff\xd8", b"RIFF....WEBPVP8 "]
)
def test_other_formats_are_refused_by_their_first_bytes(picture: bytes) -> None:
    assert rule(encoded(picture)) == "image_format"


@pytest.mark.parametrize("size", range(8, 14))
def test_the_ceiling_counts_decoded_bytes(size: int) -> None:
    image = encoded(JPEG + bytes(size - len(JPEG)))
    assert rule(image, size) is None
    assert rule(image, size - 1) == "too_large"


@given(st.text(max_size=200))
def test_no_text_makes_the_check_fail_otherwise(image: str) -> None:
    assert rule(image) in {"data_uri", "base64", "image_format"} or encoded(
        base64.b64decode(image)
    ).startswith(("/9j/", "iVBORw0KGgo"))
