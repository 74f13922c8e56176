from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from django_faceid.sandbox.errors import PhoneRefused
from django_faceid.sandbox.outcomes import DESCRIPTIONS, Outcome, reply, result_code

from .test_tokens import token

FIELDS = [
    "Result",
    "Description",
    "BestFrame",
    "Video",
    "ActionVideo",
    "Similarity",
    "Extra",
    "DeviceInfoLevel",
    "LivenessInfoTag",
]


def ended(code: str, **parameters: Any) -> dict[str, Any]:
    process = replace(token(), **parameters).begun(1001.0, 600).ended(code, 1002.0)
    return reply(process, 1003.0)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("pass", "0"),
        ("spoof", "1002"),
        ("too_dark", "1201"),
        ("no_face", "2013"),
        ("several_faces", "2012"),
        ("mismatch", "2016"),
        ("walk_away", "-999"),
    ],
)
def test_every_outcome_leads_to_its_result_code(outcome: str, code: str) -> None:
    assert result_code(outcome, "compare") == code
    assert code in DESCRIPTIONS


def test_a_documented_result_code_is_an_outcome_as_well() -> None:
    assert result_code("1001", "liveness") == "1001"
    assert result_code(Outcome.SPOOF, "liveness") == "1002"


def test_an_unknown_outcome_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(PhoneRefused, match="pass, spoof") as refused:
        result_code("passed", "liveness")

    assert refused.value.code == "UnknownOutcome"


@pytest.mark.parametrize("outcome", ["mismatch", "2015", "2004", "2014"])
def test_a_process_without_a_picture_cannot_fail_because_of_one(outcome: str) -> None:
    with pytest.raises(PhoneRefused, match="compare") as refused:
        result_code(outcome, "liveness")

    assert refused.value.code == "OutcomeNotPossible"


def test_an_unfinished_process_says_so_and_nothing_else() -> None:
    answer = reply(token(), 1003.0)

    assert list(answer) == FIELDS
    assert answer.pop("Result") == "-999"
    assert answer.pop("Description")
    assert set(answer.values()) == {"", 0, None}


def test_a_passed_liveness_looks_like_the_vendors_sample() -> None:
    answer = ended("0", Extra=None)

    assert list(answer) == FIELDS
    assert all(answer.pop(name) for name in ("BestFrame", "Video", "ActionVideo"))
    assert answer == {
        "Result": "0",
        "Description": "Success",
        "Similarity": 0,
        "Extra": "",
        "DeviceInfoLevel": "",
        "LivenessInfoTag": None,
    }


def test_the_callers_extra_comes_back() -> None:
    assert ended("1002")["Extra"] == "session 42"


@pytest.mark.parametrize(("code", "similarity"), [("0", 98.8), ("2016", 31.2), ("1201", 0)])
def test_similarity_means_something_in_a_comparison(code: str, similarity: float) -> None:
    assert ended(code, CheckMode="compare")["Similarity"] == similarity


@pytest.mark.parametrize(
    ("version", "level", "tags"),
    [("BASIC", "", None), ("ENHANCED", "4", None), ("PRO", "", ["03"]), ("PLUS", "4", ["03"])],
)
def test_risk_fields_are_filled_by_the_editions_that_have_them(
    version: str, level: str, tags: list[str] | None
) -> None:
    answer = ended("1002", SdkVersion=version)

    assert (answer["DeviceInfoLevel"], answer["LivenessInfoTag"]) == (level, tags)


def test_a_pass_has_no_attack_tags() -> None:
    assert ended("0", SdkVersion="PLUS")["LivenessInfoTag"] is None
