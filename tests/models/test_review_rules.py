from __future__ import annotations

import itertools
from datetime import datetime, timezone
from typing import Any

import pytest
from django.test import override_settings

from django_faceid.models import Review, Source, Status, Verdict
from django_faceid.models.review_rules import Rule, is_sampled, met, table
from django_faceid.testing import make_session

NOVEMBER = datetime(2026, 11, 3, tzinfo=timezone.utc)
WRITTEN = ("on_failure", "risk", "always")
RULES = [list(some) for n in range(4) for some in itertools.combinations(WRITTEN, n)]
LEVELS = ("", "1", "2", "3", "4")
TAGS: tuple[list[str], ...] = ([], ["01"], ["01", "04"])
PASSED, FAILED = Status.SUCCEEDED, Status.FAILED


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: "+".join(rules) or "never")
def test_every_result_meets_the_rules_that_say_so_and_no_other(rules: list[str]) -> None:
    for status, level, tags, sampled in itertools.product(
        (PASSED, FAILED), LEVELS, TAGS, (False, True)
    ):
        snapshot = {"review": rules, "sampled": sampled}
        assert set(met(snapshot, status, level, tags)) == {
            *(["always"] if "always" in rules else []),
            *(["on_failure"] if "on_failure" in rules and status == FAILED else []),
            *(["risk"] if "risk" in rules and (level in ("3", "4") or tags) else []),
            *(["sample"] if sampled and status == PASSED else []),
        }


def test_a_session_from_before_the_rules_is_nobodys_business() -> None:
    assert met({}, FAILED, "4", ["01"]) == []


def test_the_printed_table_knows_every_kind_of_result() -> None:
    assert [(status, risky) for status, risky, _rules in table()] == list(
        itertools.product((PASSED, FAILED), (False, True))
    )
    assert {rule for *_kind, rules in table() for rule in rules} == set(Rule)


@pytest.mark.parametrize(
    ("share", "expected"), [(0, 0), (0.1, 100), (0.5, 500), (1, 1000)], ids=str
)
def test_a_sample_is_about_as_large_as_its_share(share: float, expected: int) -> None:
    drawn = sum(is_sampled(share, f"subject-{n}", "default", NOVEMBER) for n in range(1000))
    assert abs(drawn - expected) <= 60
    if share in (0, 1):
        assert drawn == expected


def test_who_starts_again_draws_the_same_lot_until_the_month_is_over() -> None:
    later, december = NOVEMBER.replace(day=30), NOVEMBER.replace(month=12)
    subjects = [f"subject-{number}" for number in range(100)]

    def lots(flow: str, when: datetime) -> list[bool]:
        return [is_sampled(0.5, subject, flow, when) for subject in subjects]

    first = lots("default", NOVEMBER)
    assert lots("default", later) == first
    assert lots("default", december) != first
    assert lots("withdraw", NOVEMBER) != first


def test_nobody_draws_a_lot_without_our_key() -> None:
    subjects = [f"subject-{number}" for number in range(100)]
    before = [is_sampled(0.5, subject, "default", NOVEMBER) for subject in subjects]
    with override_settings(FACEID={"HASH_KEY": "another"}):
        after = [is_sampled(0.5, subject, "default", NOVEMBER) for subject in subjects]
    assert before != after


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("facts", "review"),
    [
        ({"device_info_level": "2"}, Review.NONE),
        ({"device_info_level": "3"}, Review.PENDING),
        ({"device_info_level": "4"}, Review.PENDING),
        ({"liveness_info_tag": ["01"]}, Review.PENDING),
    ],
)
def test_the_very_result_that_finishes_a_session_is_judged(
    facts: dict[str, Any], review: Review
) -> None:
    session = make_session(flow_snapshot={"review": ["risk"]})
    session.move(
        PASSED,
        source=Source.HOST,
        result_code="0",
        category="passed",
        result_at=session.created_at,
        **facts,
    )
    assert session.review == review
    expected = Verdict.VERIFIED if review == Review.NONE else Verdict.UNDECIDED
    assert session.verdict == expected
    assert session.rules_met == ([] if review == Review.NONE else [Rule.RISK])
