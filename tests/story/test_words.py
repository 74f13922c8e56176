from __future__ import annotations

from datetime import timedelta

import pytest

from django_faceid.story import spans, words
from django_faceid.tencent.codes import Category


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (60, "1 min"),
        (605, "10 min 5 s"),
        (3600, "1 h"),
        (72 * 3600 - 60, "2 days 23 h"),
        (-90, "1 min 30 s"),
    ],
)
def test_lengths_of_time_are_told_in_two_units(seconds: float, told: str) -> None:
    assert spans.words(timedelta(seconds=seconds)) == told


def test_every_category_has_words() -> None:
    assert set(words.CATEGORIES) == set(Category)


def test_no_code_is_no_error() -> None:
    assert words.explain_error("") is None


def test_an_unfinished_process_is_not_an_unknown_result() -> None:
    unfinished = words.explain_result("-999")
    assert unfinished is not None
    assert "not ended" in unfinished.meaning


def test_tags_and_device_levels_are_told_in_words() -> None:
    assert words.tags(["03", "99"]) == "03 Photo of a photo or screen, 99 not documented"
    assert words.device_level("4") == "4 of 4: high risk"
    assert words.device_level("") == ""
