"""Whoever is deleted, customer or colleague, leaves the record whole and the queue moving."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import override_settings

from django_faceid import services
from django_faceid.models import MediaKind, Review, SessionEvent, Source, VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import holds, media
from django_faceid.testing import play
from tests.admin.conftest import REVIEW, SESSIONS, VIEW, StaffClient, page, text

FLOW = {"REVIEW": "always", "SECOND_REVIEW": True, "KEEP_MEDIA": list(MediaKind.values)}


@pytest.fixture
def colleague(db: None) -> User:
    return User.objects.create_user("colleague", is_staff=True)


@pytest.fixture
def session(
    sandbox: SandboxState, customer: User, colleague: User, settings: Any
) -> VerificationSession:
    """A check with pictures that somebody looked at, half decided on, and holds."""
    with override_settings(FACEID={**settings.FACEID, "FLOWS": {"default": FLOW}}):
        checked = services.issue_token(customer).session
        play(checked, "pass")
        services.fetch_result(checked)
    frame = media.find(checked, MediaKind.BEST_FRAME)
    assert frame
    media.look(frame, actor=colleague)
    checked.refresh_from_db()
    services.approve(checked, actor=colleague, reason="convincing")
    holds.claim(checked, colleague)
    return checked


def delete(browser: Any, user: User) -> None:
    url = f"/admin/auth/user/{user.pk}/delete/"
    assert "Are you sure" in text(browser, url)
    assert browser.post(url, {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=user.pk).exists()


@pytest.mark.parametrize("superuser", [True, False])
def test_the_record_outlives_customer_and_colleague(
    staff: StaffClient,
    session: VerificationSession,
    customer: User,
    colleague: User,
    superuser: bool,
) -> None:
    events = SessionEvent.objects.count()
    someone = User.objects.create_user("deleter", is_staff=True, is_superuser=superuser)
    browser = staff(*VIEW, "view_personal_data", "view_user", "delete_user", user=someone)
    for user in (customer, colleague):
        delete(browser, user)
    session.refresh_from_db()
    assert session.user is None
    assert SessionEvent.objects.count() == events
    assert session.media.filter(erased_at=None).count() == len(MediaKind)
    assert media.open_media(session, "best_frame", actor=someone, source=Source.STAFF)
    html = text(browser, page(session))
    assert "user deleted" in html
    assert f"user {colleague.pk}, deleted since" in html
    assert text(browser, SESSIONS)


def test_what_a_deleted_colleague_held_is_free_at_once(
    staff: StaffClient, session: VerificationSession, colleague: User
) -> None:
    someone = User.objects.create_user("someone", is_staff=True)
    reviewer = staff(*REVIEW, user=someone)
    assert holds.claim_next(someone) is None
    delete(staff("view_user", "delete_user"), colleague)
    session.refresh_from_db()
    assert holds.claim_next(someone) == session
    assert text(reviewer, f"{SESSIONS}queue/")
    services.approve(session, actor=someone, reason="convincing")
    session.refresh_from_db()
    assert session.review == Review.APPROVED
