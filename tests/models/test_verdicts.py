from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from django_faceid.models import NextAction, Review, Source, Status, Verdict, decide
from django_faceid.models.verdicts import table
from django_faceid.tencent.codes import Category
from django_faceid.testing import make_session

ALL = list(itertools.product(Status, Category, Review))


@pytest.mark.parametrize(("status", "category", "review"), ALL)
def test_every_combination_is_decided(status: Status, category: Category, review: Review) -> None:
    decision = decide(status, category.value, review)
    assert decision.verdict in Verdict
    assert decision.next_action in NextAction


@pytest.mark.parametrize(("status", "category", "review"), ALL)
def test_only_a_pass_or_an_approval_verifies(
    status: Status, category: Category, review: Review
) -> None:
    if decide(status, category.value, review).verdict == Verdict.VERIFIED:
        assert status in (Status.SUCCEEDED, Status.FAILED)
        assert review == Review.APPROVED or (review == Review.NONE and category is Category.PASSED)


@pytest.mark.parametrize("category", Category)
def test_vendor_evidence_rejects_only_a_spoof_or_another_face(category: Category) -> None:
    rejected = decide(Status.FAILED, category.value).verdict == Verdict.REJECTED
    assert rejected == (category in (Category.SPOOF, Category.MISMATCH))


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("review", Review)
def test_a_canceled_session_never_has_a_verdict(category: Category, review: Review) -> None:
    assert decide(Status.CANCELED, category.value, review).verdict == Verdict.UNDECIDED


def test_a_rejection_by_staff_outweighs_a_pass() -> None:
    decision = decide(Status.SUCCEEDED, Category.PASSED.value, Review.REJECTED)
    assert decision == (Verdict.REJECTED, NextAction.CONTACT_SUPPORT)


def test_the_printed_table_is_the_function() -> None:
    for status, category, review, decision in table():
        assert decide(status, category.value if category else "", review) == decision
    assert {row[0] for row in table()} == set(Status)


@pytest.mark.django_db
def test_a_pass_that_waits_for_review_verifies_nobody_yet() -> None:
    session = make_session(flow_snapshot={"review": ["always"]})
    session.move(
        Status.SUCCEEDED,
        source=Source.HOST,
        result_code="0",
        category="passed",
        result_at=session.created_at,
    )
    assert (session.review, session.verdict) == (Review.PENDING, Verdict.UNDECIDED)
    assert session.next_action == NextAction.WAIT_FOR_REVIEW


@pytest.mark.django_db
def test_a_verification_lasts_as_long_as_the_flow_says() -> None:
    session = make_session(flow_snapshot={"valid_for": 3600})
    session.move(
        Status.SUCCEEDED,
        source=Source.HOST,
        result_code="0",
        category="passed",
        result_at=session.created_at,
    )
    assert session.verified_at is not None
    assert session.verified_until == session.verified_at + timedelta(hours=1)
