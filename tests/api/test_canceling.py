"""Sessions that are called off over REST."""

from __future__ import annotations

import pytest

from django_faceid.sandbox.state import SandboxState
from django_faceid.testing import make_session

from .caller import Caller, body
from .journeys import issue


def test_a_canceled_session_is_canceled_once_and_stays_so(
    caller: Caller, state: SandboxState
) -> None:
    session = issue(caller)
    path = f"sessions/{session['id']}/cancel/"
    for _ in range(2):
        answer = caller.post(path)
        assert (answer.status_code, body(answer)["status"]) == (200, "canceled")
    assert body(answer)["next_action"] == "retry"
    assert body(caller.post(f"sessions/{session['id']}/result/"))["status"] == "canceled"


@pytest.mark.parametrize("status", ["pending", "expired", "succeeded", "failed", "error"])
def test_what_is_over_or_not_begun_cannot_be_canceled(
    status: str, caller: Caller, state: SandboxState
) -> None:
    session = make_session(caller.user, status=status)
    answer = caller.post(f"sessions/{session.public_id}/cancel/")
    problem = body(answer)
    assert (answer.status_code, problem["code"]) == (409, "not_cancelable")
    assert problem["session"] == str(session.public_id)
