"""What a session's page says of its pictures, without showing any."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_faceid import services
from django_faceid.models import VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.testing import make_session, play
from tests.admin.conftest import LOOK, VIEW, StaffClient, page, text
from tests.admin.pictures import looks, picture

pytestmark = pytest.mark.usefixtures("kept_kinds")


def test_the_page_loads_no_picture_and_says_what_there_is(
    staff: StaffClient, kept: VerificationSession
) -> None:
    browser = staff(*LOOK)
    html = text(browser, page(kept))
    assert "Open the best frame" in html
    assert "Nobody has looked at it." in html
    assert "<img" not in html.replace('<img src="/static/', "")
    assert "<video" not in html
    assert not looks()
    browser.post(picture(kept))
    looker = LogEntry.objects.get().user.get_username()
    assert f"Last looked at by {looker}" in text(browser, page(kept))
    assert "Picture looked at" in text(browser, page(kept))


def test_those_who_may_not_look_see_that_pictures_are_kept(
    staff: StaffClient, kept: VerificationSession
) -> None:
    html = text(staff(*VIEW), page(kept))
    assert "Best frame" in html
    assert "Open the" not in html
    assert "Erase pictures" not in html


def test_a_session_that_keeps_nothing_has_no_panel(superuser: Client, customer: User) -> None:
    assert "faceid-pictures" not in text(superuser, page(make_session(customer)))


def test_what_is_missing_says_why(
    staff: StaffClient, sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = services.issue_token("ann").session
    assert "Kept when the result is" in text(staff(*LOOK), page(session))
    play(session, "pass")
    monkeypatch.setattr("django_faceid.services.keeping.LARGEST", 100)
    services.fetch_result(session)
    assert "larger than we keep" in text(staff(*LOOK), page(session))


def test_pictures_cost_one_query(staff: StaffClient, kept: VerificationSession) -> None:
    browser = staff(*LOOK)
    with CaptureQueriesContext(connection) as with_pictures:
        text(browser, page(kept))
    VerificationSession.objects.filter(pk=kept.pk).update(flow_snapshot={})
    with CaptureQueriesContext(connection) as without:
        text(browser, page(kept))
    assert len(with_pictures) == len(without) + 1
