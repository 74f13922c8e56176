from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client, override_settings

from django_faceid import clock
from django_faceid.models import ApiCall, SessionEvent, Status, VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.testing import advance, play
from tests.admin.conftest import OPERATE, REVIEW, VIEW, StaffClient, do, page, shown, text


def test_staff_fetch_a_result(staff: StaffClient, issued: VerificationSession) -> None:
    browser = staff(*OPERATE)
    play(issued, "pass")
    assert "The result is in: Passed." in do(browser, issued, "fetch-result")
    assert issued.status == Status.SUCCEEDED
    pull = SessionEvent.objects.get(kind="staff_pull")
    assert pull.source == "staff"
    assert pull.actor == LogEntry.objects.get().user
    assert str(LogEntry.objects.get().object_id) == str(issued.pk)


def test_an_unfinished_process_is_told_as_such(
    staff: StaffClient, issued: VerificationSession
) -> None:
    browser = staff(*OPERATE)
    assert "has not ended" in do(browser, issued, "fetch-result")
    a_moment_ago = clock.now() + timedelta(seconds=30)  # however slow this machine is
    VerificationSession.objects.filter(pk=issued.pk).update(last_pull_at=a_moment_ago)
    assert "a moment ago" in do(browser, issued, "fetch-result")
    assert ApiCall.objects.filter(action="GetFaceIdResultIntl").count() == 1


def test_there_is_nothing_to_fetch_without_a_token(
    staff: StaffClient, passed: VerificationSession
) -> None:
    assert "nothing to fetch" in do(staff(*OPERATE), passed, "fetch-result")


def test_fetching_works_with_atomic_requests(
    staff: StaffClient, issued: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = staff(*OPERATE)
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)
    assert "has not ended" in do(browser, issued, "fetch-result")


def test_tencents_refusal_says_what_to_do_next(
    staff: StaffClient, issued: VerificationSession, sandbox: SandboxState
) -> None:
    browser = staff(*OPERATE)
    with override_settings(FACEID=_wrong_key()):
        told = do(browser, issued, "fetch-result")
    refused = ApiCall.objects.latest("pk")
    assert refused.outcome == "refused"
    assert "refuses this account" in told
    assert "Try again in 300 seconds." in told
    assert refused.request_id in told
    html = text(browser, page(issued))
    assert "Check the key pair of this account" in html
    assert issued.status == Status.ISSUED


def _wrong_key() -> dict[str, Any]:
    given: dict[str, Any] = dict(settings.FACEID)
    wrong = {**given["ACCOUNTS"]["default"], "SECRET_KEY": "another"}
    return {**given, "ACCOUNTS": {"default": wrong}}


def test_an_account_that_is_gone_stands_in_the_way_and_says_so(
    staff: StaffClient, issued: VerificationSession
) -> None:
    VerificationSession.objects.filter(pk=issued.pk).update(account="gone")
    assert "&quot;gone&quot;" not in (told := do(staff(*OPERATE), issued, "fetch-result"))
    assert 'FACEID["ACCOUNTS"]["gone"]' in told


def test_staff_cancel_a_live_session(staff: StaffClient, issued: VerificationSession) -> None:
    browser = staff(*OPERATE)
    assert "cannot be stopped" in text(browser, page(issued, "cancel"))
    assert "Canceled" in do(browser, issued, "cancel", reason="The phone was stolen")
    assert issued.status == Status.CANCELED
    event = SessionEvent.objects.get(to_status="canceled")
    assert (event.source, event.actor) == ("staff", LogEntry.objects.get().user)
    assert event.reason == "The phone was stolen"
    assert "The phone was stolen" in LogEntry.objects.get().get_change_message()
    assert "The phone was stolen" in text(browser, page(issued))


@pytest.mark.parametrize("reason", ["", "   ", "x" * 129, "\x00"])
def test_nothing_is_canceled_without_a_reason(
    staff: StaffClient, issued: VerificationSession, reason: str
) -> None:
    answer = staff(*OPERATE).post(page(issued, "cancel"), {"reason": reason})
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    issued.refresh_from_db()
    assert issued.status == Status.ISSUED
    assert not LogEntry.objects.exists()


def test_a_session_that_is_over_cannot_be_canceled(
    staff: StaffClient, issued: VerificationSession
) -> None:
    advance(minutes=11)
    browser = staff(*OPERATE)
    assert "Nothing was canceled" in do(browser, issued, "cancel", reason="Too late")
    assert browser.get(page(issued, "cancel"))["Location"] == page(issued)
    assert issued.status == Status.ISSUED
    assert not LogEntry.objects.exists()


def test_buttons_are_shown_when_they_make_sense(
    staff: StaffClient, issued: VerificationSession
) -> None:
    operator, reviewer, onlooker = staff(*OPERATE), staff(*REVIEW), staff(*VIEW)
    assert shown(operator, issued) == ["Fetch result", "Cancel session…"]
    assert shown(reviewer, issued) == shown(onlooker, issued) == []
    advance(minutes=11)
    assert shown(operator, issued) == ["Fetch result"]
    advance(hours=73)
    assert shown(operator, issued) == []


@pytest.mark.parametrize("act", ["fetch-result", "cancel", "approve", "reject", "take", "release"])
def test_a_forged_request_does_nothing(
    sandbox: SandboxState, passed: VerificationSession, act: str
) -> None:
    root = User.objects.create_superuser("root")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(root)
    response = browser.post(page(passed, act), {"reason": "x", "version": passed.version})
    assert response.status_code == 403
    assert not SessionEvent.objects.filter(source="staff").exists()


@pytest.mark.parametrize(("act", "status"), [("fetch-result", 405), ("cancel", 200)])
def test_a_link_alone_does_nothing(
    superuser: Client, issued: VerificationSession, act: str, status: int
) -> None:
    assert superuser.get(page(issued, act), {"reason": "x"}).status_code == status
    assert ApiCall.objects.count() == 1
    issued.refresh_from_db()
    assert issued.status == Status.ISSUED
