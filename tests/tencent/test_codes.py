from __future__ import annotations

import pytest

from django_faceid.tencent.codes import (
    FRAUD_TAGS,
    LIVENESS_TAGS,
    RESULT_CODES,
    SDK_CODES,
    UNFINISHED,
    Category,
    result_category,
    result_reason,
)

REASONS = {
    "",
    "lighting",
    "face_not_visible",
    "several_faces",
    "not_matched",
    "picture",
    "technical",
    "not_accepted",
}


@pytest.mark.parametrize(
    ("code", "category", "reason"),
    [
        ("0", Category.PASSED, ""),
        ("1001", Category.PROVIDER, "technical"),
        ("1002", Category.SPOOF, "not_accepted"),
        ("1004", Category.CAPTURE, "face_not_visible"),
        ("1005", Category.CAPTURE, "not_accepted"),
        ("1201", Category.CAPTURE, "lighting"),
        ("2004", Category.BAD_IMAGE, "picture"),
        ("2012", Category.CAPTURE, "several_faces"),
        ("2013", Category.CAPTURE, "face_not_visible"),
        ("2014", Category.BAD_IMAGE, "picture"),
        ("2015", Category.MISMATCH, "not_matched"),
        ("2016", Category.MISMATCH, "not_matched"),
        ("2017", Category.CAPTURE, "face_not_visible"),
        ("4711", Category.CAPTURE, "technical"),
        ("00", Category.CAPTURE, "technical"),
    ],
)
def test_a_result_has_a_category_and_a_reason(code: str, category: Category, reason: str) -> None:
    assert result_category(code) is category
    assert result_reason(code) == reason


def test_an_unfinished_process_is_never_taken_for_an_outcome() -> None:
    assert UNFINISHED == "-999"
    assert UNFINISHED not in RESULT_CODES
    with pytest.raises(ValueError, match="unfinished"):
        result_category(UNFINISHED)


@pytest.mark.parametrize("tag", sorted(LIVENESS_TAGS))
def test_a_failed_liveness_is_a_spoof_exactly_with_a_fraud_tag(tag: str) -> None:
    fraud = tag in {"03", "04", "05", "06", "07", "13"}
    assert result_category("1005", ["01", tag]) is (Category.SPOOF if fraud else Category.CAPTURE)
    assert (tag in FRAUD_TAGS) is fraud


def test_tags_do_not_turn_other_results_into_a_spoof() -> None:
    assert {code: result_category(code, FRAUD_TAGS) for code in RESULT_CODES if code != "1005"} == {
        code: row.category for code, row in RESULT_CODES.items() if code != "1005"
    }


def test_a_spoof_is_never_told_as_more_than_not_accepted() -> None:
    assert {row.reason for row in RESULT_CODES.values()} <= REASONS
    spoofs = [row for row in RESULT_CODES.values() if row.category is Category.SPOOF]
    assert {row.reason for row in spoofs} == {"not_accepted"}


def test_every_code_of_the_phone_is_explained() -> None:
    assert sorted(SDK_CODES) == list(range(210, 225))
    assert all(row.code == code for code, row in SDK_CODES.items())
    assert len({row.name for row in SDK_CODES.values()}) == len(SDK_CODES)
    assert all(row.meaning and row.advice for row in SDK_CODES.values())
