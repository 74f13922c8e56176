from __future__ import annotations

from typing import Any

import pytest

from django_faceid import services
from django_faceid.models import Review
from django_faceid.sandbox.state import SandboxState
from django_faceid.testing import play
from tests.services.conftest import Flows

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("at_issue", "by_now", "review"),
    [
        ({"REVIEW": ["risk", "always"]}, {}, Review.PENDING),
        ({}, {"REVIEW": "always"}, Review.NONE),
        ({"REVIEW_SAMPLE": 1}, {"REVIEW_SAMPLE": 0}, Review.PENDING),
        ({"REVIEW_SAMPLE": 0}, {"REVIEW_SAMPLE": 1.0}, Review.NONE),
    ],
)
def test_what_the_flow_said_at_issue_holds(
    sandbox: SandboxState,
    flow: Flows,
    at_issue: dict[str, Any],
    by_now: dict[str, Any],
    review: Review,
) -> None:
    flow(**at_issue)
    session = services.issue_token("ann").session
    flow(**by_now)
    play(session, "pass")
    assert services.fetch_result(session).review == review


def test_a_second_pair_of_eyes_is_kept_too(sandbox: SandboxState, flow: Flows) -> None:
    flow(SECOND_REVIEW=True)
    assert services.issue_token("ann").session.flow_snapshot["second_review"] is True
