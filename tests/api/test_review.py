"""What a person is told while staff decide, and after."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from django_faceid import services
from django_faceid.models import Review, VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.testing import play

from .caller import Caller, body
from .conftest import Flows
from .journeys import issue, pull


def test_what_awaits_review_says_so(caller: Caller, state: SandboxState, flows: Flows) -> None:
    flows({"REVIEW": "always"})
    session = issue(caller)
    play(VerificationSession.objects.get(), "pass")
    shown = pull(caller, session)
    assert (shown["verdict"], shown["next_action"]) == ("undecided", "wait_for_review")
    row = VerificationSession.objects.get()
    VerificationSession.objects.filter(pk=row.pk).update(
        review=Review.REJECTED, verdict="rejected", version=9
    )
    shown = body(caller.get(f"sessions/{session['id']}/"))
    assert (shown["verdict"], shown["reason"]) == ("rejected", "not_accepted")
    assert shown["next_action"] == "contact_support"


@pytest.mark.parametrize("decide", [services.approve, services.reject])
def test_after_a_decision_staffs_own_words_are_the_message(
    caller: Caller, state: SandboxState, flows: Flows, decide: Callable[..., object]
) -> None:
    flows({"REVIEW": "always"})
    session = issue(caller)
    play(VerificationSession.objects.get(), "pass")
    waiting = pull(caller, session)["message"]
    staff = User.objects.create_user("staff")
    words = "Please bring your <b>passport</b> to a branch."
    row = VerificationSession.objects.get()
    decide(row, actor=staff, reason="other", note="Hushed up", public_comment=words)
    answer = caller.get(f"sessions/{session['id']}/")
    assert body(answer)["message"] == words != waiting
    assert "Hushed up" not in answer.content.decode()
    decide_back = services.reject if decide is services.approve else services.approve
    row.refresh_from_db()
    decide_back(row, actor=staff, reason="mistake")
    assert body(caller.get(f"sessions/{session['id']}/"))["message"] != words


def test_a_proposals_words_are_not_told(caller: Caller, state: SandboxState, flows: Flows) -> None:
    flows({"REVIEW": "always", "SECOND_REVIEW": True})
    session = issue(caller)
    play(VerificationSession.objects.get(), "pass")
    before = pull(caller, session)
    services.reject(
        VerificationSession.objects.get(),
        actor=User.objects.create_user("staff"),
        reason="fraud",
        public_comment="We know.",
    )
    shown = body(caller.get(f"sessions/{session['id']}/"))
    assert (shown["message"], shown["verdict"]) == (before["message"], "undecided")
