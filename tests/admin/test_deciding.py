from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client, override_settings

from django_faceid import conf, services
from django_faceid.models import Review, SessionEvent, Status, VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import holds
from django_faceid.testing import make_session
from tests.admin.conftest import (
    OPERATE,
    REVIEW,
    STRAYED_STOP,
    StaffClient,
    do,
    page,
    shown,
    text,
)

TWO = {"second_review": True}


def decide(browser: Client, session: VerificationSession, act: str, **data: Any) -> str:
    given = {"reason": "mistake", "version": session.version, **data}
    return do(browser, session, act, **given)


def member(browser: Client) -> User:
    return User.objects.get(pk=browser.session["_auth_user_id"])


def test_staff_reject_with_a_reason_a_note_and_a_comment(
    staff: StaffClient, passed: VerificationSession, customer: User
) -> None:
    browser = staff(*REVIEW)
    assert services.is_verified(customer, "default")
    form = text(browser, page(passed, "reject"))
    assert "Approve" not in form
    assert "Reported as fraud, or a stolen identity" in form
    told = decide(
        browser, passed, "reject", reason="fraud", note="See case 7", public_comment="Call us."
    )
    assert "Rejected: Reported as fraud" in told
    assert not services.is_verified(customer, "default")
    event = SessionEvent.objects.get(kind="review")
    assert (event.reason, event.note, event.public_comment) == ("fraud", "See case 7", "Call us.")
    assert event.actor == member(browser)
    assert "Reported as fraud" in LogEntry.objects.get().change_message
    html = text(browser, page(passed))
    assert "verified → rejected" in html
    for said in ("Staff: rejected", "Reported as fraud", "See case 7", "Call us."):
        assert said in html


def test_the_evidence_is_on_the_page_that_asks(staff: StaffClient, customer: User) -> None:
    session = make_session(
        customer,
        status=Status.SUCCEEDED,
        review="pending",
        verdict="undecided",
        verified_at=None,
        flow_snapshot={"review": ["risk"], "sampled": True},
        device_info_level="4",
        liveness_info_tag=["01"],
    )
    html = text(staff(*REVIEW), page(session, "approve"))
    assert "What came back" in html
    why = html.partition("Why staff look at it:")[2].partition("</p>")[0]
    assert "risk signs: device 4 of 4: high risk; 01" in why
    assert "random sample" in why


def test_a_decision_can_be_reversed_once_it_is_looked_at(
    staff: StaffClient, passed: VerificationSession
) -> None:
    browser = staff(*REVIEW)
    decide(browser, passed, "reject")
    assert "this reverses it" in text(browser, page(passed, "approve"))
    decide(browser, passed, "approve")
    assert passed.review == Review.APPROVED
    assert "decided like that already" in decide(browser, passed, "approve")


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": ""},
        {"reason": "passport stolen"},
        {"reason": "seen_in_person"},
        {"reason": "other", "note": ""},
        {"reason": "fraud", "public_comment": "x" * 501},
        {"reason": "fraud", "public_comment": "\x00"},
        {"reason": "fraud", "note": "\x1b"},
        {"reason": "fraud", "version": "x"},
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    staff: StaffClient, passed: VerificationSession, wrong: dict[str, str]
) -> None:
    given = {"version": passed.version, "note": "kept, though", "public_comment": "Sorry", **wrong}
    browser = staff(*REVIEW)
    response = browser.post(page(passed, "reject"), given)
    assert response.status_code == 200
    html = response.content.decode()
    assert "errorlist" in html
    assert "kept, though" in html or "note" in wrong
    assert not SessionEvent.objects.filter(kind="review").exists()
    assert not LogEntry.objects.exists()


def test_a_hosts_own_reasons_are_offered(staff: StaffClient, passed: VerificationSession) -> None:
    browser = staff(*REVIEW)
    reasons = {"reject": {"sanctions": "On a <sanctions> list"}}
    with override_settings(FACEID=_with(REVIEW_REASONS=reasons)):
        assert "On a &lt;sanctions&gt; list" in text(browser, page(passed, "reject"))
        decide(browser, passed, "reject", reason="sanctions")
    assert SessionEvent.objects.get(kind="review").reason == "sanctions"
    assert ">sanctions<" in text(browser, page(passed))


def test_a_broken_setting_is_told_and_breaks_no_page(
    staff: StaffClient, passed: VerificationSession
) -> None:
    browser = staff(*REVIEW)
    with override_settings(FACEID=_with(REVIEW_REASONS={"reject": {"Not a code": "x"}})):
        with pytest.raises(conf.SettingError):
            conf.get()
        assert "REVIEW_REASONS" in decide(browser, passed, "reject")
        assert text(browser, page(passed))
    assert passed.review == Review.NONE


def _with(**general: Any) -> dict[str, Any]:
    from django.conf import settings

    return {**settings.FACEID, **general}


def test_a_decision_on_what_has_changed_since_is_refused(
    staff: StaffClient, passed: VerificationSession
) -> None:
    seen = passed.version
    decide(staff(*REVIEW), passed, "reject")
    told = decide(staff(*REVIEW), passed, "approve", version=seen)
    assert "has changed since" in told
    assert passed.review == Review.REJECTED


def test_nobody_decides_on_their_own_session(staff: StaffClient, sandbox: SandboxState) -> None:
    me = User.objects.create_user("me", is_staff=True)
    browser = staff(*REVIEW, user=me)
    session = make_session(me, status=Status.FAILED)
    html = text(browser, page(session))
    assert "your own session" in html
    assert "Approve…" not in html
    assert "ask a colleague" in decide(browser, session, "approve")
    assert session.review == Review.NONE


def test_only_finished_sessions_are_decided_on(
    staff: StaffClient, issued: VerificationSession
) -> None:
    assert "final result" in decide(staff(*REVIEW), issued, "approve")
    assert issued.review == Review.NONE


def test_decisions_are_offered_on_finished_sessions(
    staff: StaffClient, passed: VerificationSession
) -> None:
    reviewer = staff(*REVIEW)
    assert shown(reviewer, passed) == ["Approve…", "Reject…"]
    decide(reviewer, passed, "reject")
    assert shown(reviewer, passed) == ["Approve…"]
    assert shown(staff(*OPERATE), passed) == []


def test_opening_the_question_takes_nothing_from_anybody(
    staff: StaffClient, passed: VerificationSession
) -> None:
    ann, bob = staff(*REVIEW), staff(*REVIEW)
    assert "a colleague may decide on it before you do" in text(ann, page(passed, "reject"))
    seen = passed.version
    decide(bob, passed, "reject")
    assert (passed.review, passed.review_held_by) == (Review.REJECTED, None)
    assert "has changed since" in decide(ann, passed, "approve", version=seen)


def test_whoever_has_taken_a_session_decides_alone(
    staff: StaffClient, passed: VerificationSession
) -> None:
    ann, bob = staff(*REVIEW), staff(*REVIEW)
    do(ann, passed, "take")
    assert holds.holder(passed) == member(ann)
    assert "before you do" not in text(ann, page(passed, "approve"))
    assert shown(bob, passed) == []
    assert f"{member(ann).username} is looking at it" in text(bob, page(passed))
    for act in ("approve", "reject"):
        assert member(ann).username in decide(bob, passed, act)
    assert passed.review == Review.NONE
    decide(ann, passed, "reject")
    assert (passed.review, passed.review_held_by) == (Review.REJECTED, None)


def test_two_people_decide_where_the_flow_wants_two(
    staff: StaffClient, customer: User, sandbox: SandboxState
) -> None:
    ann, bob = staff(*REVIEW), staff(*REVIEW)
    session = make_session(customer, status=Status.FAILED, review="pending", flow_snapshot=TWO)
    assert "This flow wants two people" in text(ann, page(session, "approve"))
    told = decide(
        ann, session, "approve", reason="documents", note="Two of them", public_comment="Welcome!"
    )
    assert "First of two decisions" in told
    assert session.review == Review.PENDING
    assert "First of two decisions" in LogEntry.objects.get().change_message
    assert "it takes a second one" in text(ann, page(session))
    assert shown(ann, session) == ["Reject…"]
    assert "it takes a colleague" in decide(ann, session, "approve")
    disagreeing = text(bob, page(session, "reject"))
    assert "yours takes its place" in disagreeing
    agreeing = text(bob, page(session, "approve"))
    for said in ("it takes effect at once", member(ann).username, "Two of them", "Welcome!"):
        assert said in agreeing
    assert not STRAYED_STOP.search(agreeing)
    decide(bob, session, "approve")
    assert session.verdict == "verified"
    html = text(bob, page(session))
    assert html.index("First of two decisions: approved") < html.index("Staff: approved")
