"""Every act on every status, and every result with every review, as the tables have it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from django_faceid import clock, services
from django_faceid.models import (
    EventKind,
    NextAction,
    Review,
    SessionEvent,
    Status,
    Verdict,
    VerificationSession,
    decide,
)
from django_faceid.models.transitions import DECIDED, is_legal
from django_faceid.sandbox.outcomes import DESCRIPTIONS, NEEDS_A_PICTURE
from django_faceid.sandbox.state import SandboxState
from django_faceid.services.errors import NotReviewable, ServiceError
from django_faceid.tencent.codes import UNFINISHED, Category, result_category
from django_faceid.testing import advance, make_session

from .world import roomy_sandbox

pytestmark = pytest.mark.django_db
WHO = "ann"
CODES = [code for code in DESCRIPTIONS if code not in NEEDS_A_PICTURE | {UNFINISHED}]
DECISIONS = (None, Review.APPROVED, Review.REJECTED)
RULES: tuple[list[str], ...] = ([], ["on_failure"], ["risk"], ["on_failure", "risk"], ["always"])

Act = Callable[[VerificationSession, SandboxState], object]


@pytest.fixture
def sandbox() -> Iterator[SandboxState]:
    with roomy_sandbox() as state:
        yield state


@pytest.fixture
def staff() -> User:
    return User.objects.create_user("staff")


def session_in(status: Status, sandbox: SandboxState, **columns: Any) -> VerificationSession:
    """A session in this status; where it has a token, Tencent knows it."""
    columns = {"extra": "", **columns}
    session = make_session(WHO, status=status, **columns)
    if session.sdk_token:
        token = sandbox.issue({"CheckMode": "liveness"})["SdkToken"]
        VerificationSession.objects.filter(pk=session.pk).update(sdk_token=token)
        session.refresh_from_db()
    return session


def pull(session: VerificationSession, sandbox: SandboxState, code: str) -> None:
    if session.sdk_token:
        sandbox.play(session.sdk_token, code)
    services.fetch_result(session)


def tenth_minute(session: VerificationSession, sandbox: SandboxState) -> None:
    advance(minutes=10)
    services.expire_tokens()


def lease_over(session: VerificationSession, sandbox: SandboxState) -> None:
    advance(seconds=31)
    services.recover_interrupted()


ACTS: dict[str, tuple[Act, Status]] = {
    "cancel": (lambda session, _sandbox: services.cancel(session), Status.CANCELED),
    "a pass": (lambda session, sandbox: pull(session, sandbox, "0"), Status.SUCCEEDED),
    "a spoof": (lambda session, sandbox: pull(session, sandbox, "1002"), Status.FAILED),
    "unfinished": (lambda session, _sandbox: services.fetch_result(session), Status.PENDING),
    "the tenth minute": (tenth_minute, Status.EXPIRED),
    "the lease's end": (lease_over, Status.ERROR),
    "a report": (lambda session, _sandbox: services.report(session, 0), Status.PENDING),
    "a tap with other parameters": (
        lambda _session, _sandbox: services.issue_token(WHO, params={"retry_limit": 1}),
        Status.EXPIRED,
    ),
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("act", ACTS)
def test_an_act_leads_where_the_table_allows_and_nowhere_else(
    act: str, status: Status, sandbox: SandboxState
) -> None:
    session = session_in(status, sandbox)
    do, to = ACTS[act]
    with suppress(ServiceError):
        do(session, sandbox)
    stored = VerificationSession.objects.get(pk=session.pk)
    expected = to if is_legal(status, to) else status
    assert stored.status == expected
    moves = stored.events.filter(kind=EventKind.TRANSITION)
    assert [(move.from_status, move.to_status) for move in moves] == (
        [] if expected == status else [(status, expected)]
    )


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("decide_so", [services.approve, services.reject])
def test_staff_decide_on_results_alone(
    decide_so: Callable[..., None], status: Status, sandbox: SandboxState, staff: User
) -> None:
    session = session_in(status, sandbox)
    if status in DECIDED:
        decide_so(session, actor=staff, reason="mistake")
        assert session.events.get().kind == EventKind.REVIEW
    else:
        with pytest.raises(NotReviewable):
            decide_so(session, actor=staff, reason="mistake")
        assert not SessionEvent.objects.exists()
    session.refresh_from_db()
    assert session.status == status


def expected_in_review(session: VerificationSession, rules: list[str], status: Status) -> bool:
    risky = bool(session.liveness_info_tag) or session.device_info_level in ("3", "4")
    failed = status == Status.FAILED
    return "always" in rules or ("on_failure" in rules and failed) or ("risk" in rules and risky)


@pytest.mark.parametrize(
    ("code", "rules", "decision"), list(itertools.product(CODES, RULES, DECISIONS))
)
def test_a_stored_result_and_review_add_up_to_what_the_table_says(
    code: str, rules: list[str], decision: Review | None, sandbox: SandboxState, staff: User
) -> None:
    session = session_in(Status.ISSUED, sandbox, flow_snapshot={"review": rules})
    pull(session, sandbox, code)
    category = result_category(code)
    status = Status.SUCCEEDED if category is Category.PASSED else Status.FAILED
    review = Review.PENDING if expected_in_review(session, rules, status) else Review.NONE
    if decision is not None:
        review = decision
        act = services.approve if decision == Review.APPROVED else services.reject
        act(session, actor=staff, reason="mistake")
    session.refresh_from_db()
    assert (session.status, session.category, session.review) == (status, category.value, review)
    expected = decide(status, category.value, review)
    assert (session.verdict, session.next_action) == expected
    assert services.is_verified(WHO, "default") == (expected.verdict == Verdict.VERIFIED)


@pytest.mark.parametrize(
    ("status", "label"),
    [
        (Status.ISSUED, NextAction.RETRY),
        (Status.PENDING, NextAction.RETRY),
    ],
)
def test_a_clients_next_step_goes_by_the_clock_and_not_by_the_label(
    status: Status, label: NextAction, sandbox: SandboxState
) -> None:
    session = make_session(WHO, status=status, lease_until=clock.now() + timedelta(seconds=30))
    advance(minutes=11)
    assert session.status == status
    assert session.next_action == label
