from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from django_faceid import clock, services, signals
from django_faceid.models import EventKind, Review, Status, Verdict, VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import errors
from django_faceid.testing import faceid_sandbox, make_session, play
from tests.services.conftest import Flows

pytestmark = pytest.mark.django_db
TWO = {"second_review": True}


@pytest.fixture
def staff() -> User:
    return User.objects.create_user("staff")


@pytest.fixture
def colleague() -> User:
    return User.objects.create_user("colleague")


def test_a_rejection_takes_a_verification_back(staff: User) -> None:
    session = make_session("ann", status=Status.SUCCEEDED)
    assert services.is_verified("ann", "default")
    services.reject(session, actor=staff, reason="other_person", note="seen in the branch")
    assert (session.review, session.verdict) == (Review.REJECTED, Verdict.REJECTED)
    assert not services.is_verified("ann", "default")
    event = session.events.get()
    assert (event.kind, event.actor, event.reason) == ("review", staff, "other_person")
    assert (event.from_verdict, event.to_verdict) == ("verified", "rejected")


def test_a_decision_can_be_reversed(staff: User) -> None:
    session = make_session("ann", status=Status.SUCCEEDED)
    services.reject(session, actor=staff, reason="unclear")
    services.approve(session, actor=staff, reason="mistake")
    assert services.is_verified("ann", "default")
    assert session.events.count() == 2


def test_a_reversal_needs_a_reason_too(staff: User) -> None:
    session = make_session("ann", status=Status.SUCCEEDED)
    services.reject(session, actor=staff, reason="unclear")
    with pytest.raises(errors.Invalid):
        services.approve(session, actor=staff, reason="")
    assert session.review == Review.REJECTED


def test_a_flow_that_asks_for_review_waits_for_it(
    sandbox: SandboxState, flow: Flows, staff: User
) -> None:
    flow(REVIEW="always")
    session = services.issue_token("ann").session
    play(session, "pass")
    services.fetch_result(session)
    assert (session.review, session.verdict) == (Review.PENDING, Verdict.UNDECIDED)
    services.approve(session, actor=staff, reason="convincing")
    assert services.is_verified("ann", "default")


def test_nobody_decides_on_their_own_session(staff: User) -> None:
    session = make_session(staff, status=Status.SUCCEEDED)
    with pytest.raises(errors.NotReviewable, match="own"):
        services.reject(session, actor=staff, reason="mistake")


@pytest.mark.parametrize("reason", ["", "  ", "seen in the branch", "spoof", "convincing "])
def test_a_decision_needs_a_reason_from_its_list(staff: User, reason: str) -> None:
    session = make_session(status=Status.FAILED)
    with pytest.raises(errors.Invalid) as caught:
        services.approve(session, actor=staff, reason=reason)
    assert [error.field for error in caught.value.errors] == ["reason"]
    assert not session.events.exists()


@pytest.mark.parametrize("note", ["", " \n"])
def test_another_reason_needs_a_note_that_says_it(staff: User, note: str) -> None:
    session = make_session(status=Status.FAILED)
    with pytest.raises(errors.Invalid) as caught:
        services.reject(session, actor=staff, reason="other", note=note)
    assert [error.field for error in caught.value.errors] == ["note"]
    services.reject(session, actor=staff, reason="other", note="Found in case 7")


@pytest.mark.parametrize("comment", ["x" * 501, "a\x00b", "\x1b[31mred"])
def test_what_a_user_is_told_is_short_and_plain(staff: User, comment: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        services.reject(
            make_session(status=Status.FAILED),
            actor=staff,
            reason="unclear",
            public_comment=comment,
        )
    assert [error.field for error in caught.value.errors] == ["public_comment"]


def test_a_note_that_no_database_could_keep_is_refused(staff: User) -> None:
    with pytest.raises(errors.Invalid):
        services.reject(make_session(status=Status.FAILED), actor=staff, reason="x", note="\x00")


def test_the_last_decisions_comment_is_the_one_that_counts(staff: User) -> None:
    session = make_session(status=Status.SUCCEEDED)
    services.reject(session, actor=staff, reason="unclear", public_comment="Come by, please.")
    assert session.public_comment == "Come by, please."
    services.approve(session, actor=staff, reason="seen_in_person")
    assert session.public_comment == ""
    comments = session.events.values_list("public_comment", flat=True)
    assert list(comments) == ["Come by, please.", ""]


@pytest.mark.parametrize(
    "status", [Status.PENDING, Status.ISSUED, Status.EXPIRED, Status.CANCELED, Status.ERROR]
)
def test_there_is_nothing_to_decide_before_a_result(staff: User, status: Status) -> None:
    with pytest.raises(errors.NotReviewable):
        services.approve(make_session(status=status), actor=staff, reason="mistake")


def test_of_two_colleagues_the_first_decides(staff: User) -> None:
    session = make_session(status=Status.SUCCEEDED)
    stale = loaded(session)
    services.reject(session, actor=staff, reason="unclear")
    with pytest.raises(errors.NotReviewable, match="colleague"):
        services.reject(stale, actor=staff, reason="unclear")
    assert session.events.count() == 1


def test_an_approval_gives_no_more_time_than_the_result_did(staff: User) -> None:
    long_ago = clock.now() - timedelta(days=400)
    session = make_session(
        "ann",
        status=Status.FAILED,
        result_at=long_ago,
        flow_snapshot={"valid_for": timedelta(days=30).total_seconds()},
    )
    services.approve(session, actor=staff, reason="seen_in_person")
    assert session.verified_until == long_ago + timedelta(days=30)
    assert not services.is_verified("ann", "default")


def test_what_a_colleague_holds_is_theirs_to_decide(staff: User, colleague: User) -> None:
    session = make_session(status=Status.FAILED)
    stale = loaded(session)
    services.claim(session, colleague)
    for seen in (session, stale):
        with pytest.raises(errors.NotReviewable, match="colleague"):
            services.reject(seen, actor=staff, reason="unclear")
    services.reject(session, actor=colleague, reason="unclear")
    assert (session.review_held_by, session.review_held_since) == (None, None)


# A second pair of eyes


def two_person(**columns: Any) -> VerificationSession:
    return make_session("ann", **{"status": Status.FAILED, "flow_snapshot": TWO, **columns})


def loaded(session: VerificationSession) -> VerificationSession:
    return VerificationSession.objects.get(pk=session.pk)


def kinds(session: VerificationSession) -> list[str]:
    return list(session.events.values_list("kind", flat=True))


def test_the_first_of_two_decisions_changes_nothing_yet(staff: User) -> None:
    session = two_person(review="pending")
    services.claim(session, staff)
    event = services.approve(session, actor=staff, reason="convincing", public_comment="Fine.")
    assert (session.review, session.verdict) == (Review.PENDING, Verdict.UNDECIDED)
    assert (session.review_proposed, session.public_comment) == (Review.APPROVED, "")
    assert session.review_held_by is None
    assert (event.kind, event.to_verdict, event.public_comment) == (
        EventKind.REVIEW_PROPOSED,
        Verdict.VERIFIED,
        "Fine.",
    )
    assert not services.is_verified("ann", "default")


def test_two_people_who_agree_decide(staff: User, colleague: User) -> None:
    session = two_person(review="pending")
    services.approve(session, actor=staff, reason="convincing")
    services.approve(session, actor=colleague, reason="documents", public_comment="Welcome.")
    assert (session.review, session.review_proposed, session.review_proposed_by) == (
        Review.APPROVED,
        "",
        "",
    )
    assert session.public_comment == "Welcome."
    assert services.is_verified("ann", "default")
    assert kinds(session) == [EventKind.REVIEW_PROPOSED, EventKind.REVIEW]


def test_nobody_is_their_own_second_pair_of_eyes(staff: User) -> None:
    session = two_person()
    services.approve(session, actor=staff, reason="convincing")
    with pytest.raises(errors.NotReviewable, match="colleague"):
        services.approve(session, actor=staff, reason="convincing")
    assert session.verdict == Verdict.UNDECIDED


def test_who_disagrees_makes_a_proposal_that_waits_for_another(
    staff: User, colleague: User
) -> None:
    session = two_person()
    services.approve(session, actor=staff, reason="convincing")
    services.reject(session, actor=colleague, reason="spoof")
    assert (session.review, session.review_proposed) == (Review.NONE, Review.REJECTED)
    with pytest.raises(errors.NotReviewable):
        services.reject(session, actor=colleague, reason="spoof")
    services.reject(session, actor=staff, reason="spoof")
    assert session.verdict == Verdict.REJECTED


def test_who_changes_their_mind_alone_still_waits_for_another(staff: User) -> None:
    session = two_person()
    services.approve(session, actor=staff, reason="convincing")
    services.reject(session, actor=staff, reason="spoof")
    services.approve(session, actor=staff, reason="convincing")
    assert (session.review, session.verdict) == (Review.NONE, Verdict.UNDECIDED)


def test_a_reversal_takes_two_people_as_well(staff: User, colleague: User) -> None:
    session = two_person(status=Status.SUCCEEDED)
    services.reject(session, actor=staff, reason="fraud")
    assert services.is_verified("ann", "default")
    services.reject(session, actor=colleague, reason="fraud")
    assert not services.is_verified("ann", "default")
    services.approve(session, actor=colleague, reason="mistake")
    assert session.verdict == Verdict.REJECTED
    services.approve(session, actor=staff, reason="mistake")
    assert services.is_verified("ann", "default")


def test_saying_again_what_holds_drops_the_proposal_to_reverse_it(
    staff: User, colleague: User
) -> None:
    session = two_person(
        status=Status.FAILED, review="approved", verdict="verified", verified_at=clock.now()
    )
    session.public_comment = "Welcome."
    session.save()
    services.reject(session, actor=staff, reason="fraud")
    services.approve(session, actor=colleague, reason="mistake")
    assert (session.review, session.review_proposed) == (Review.APPROVED, "")
    assert session.public_comment == "Welcome."
    with pytest.raises(errors.NotReviewable, match="already"):
        services.approve(session, actor=staff, reason="mistake")


def test_a_proposal_is_no_news_to_a_host_and_a_decision_is(staff: User, colleague: User) -> None:
    heard: list[str] = []

    def listen(**news: Any) -> None:
        heard.append(news.get("new", "reviewed"))

    signals.verdict_changed.connect(listen)
    signals.session_reviewed.connect(listen)
    try:
        with faceid_sandbox():
            session = two_person(livemode=False)
            services.approve(session, actor=staff, reason="convincing")
            services.deliver_events()
            assert heard == []
            services.approve(session, actor=colleague, reason="convincing")
    finally:
        signals.verdict_changed.disconnect(listen)
        signals.session_reviewed.disconnect(listen)
    assert heard == ["reviewed", "verified"]


def test_a_flow_without_the_rule_needs_one_person(sandbox: SandboxState, flow: Flows) -> None:
    staff = User.objects.create_user("alone")
    flow(REVIEW="always", SECOND_REVIEW=False)
    session = services.issue_token("ann").session
    play(session, "pass")
    services.approve(services.fetch_result(session), actor=staff, reason="convincing")
    assert services.is_verified("ann", "default")
