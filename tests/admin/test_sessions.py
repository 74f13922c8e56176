from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from django_faceid import clock, services
from django_faceid.models import SessionEvent, Source, Status, VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.testing import advance, make_session, play
from tests.admin.conftest import (
    CALLS,
    REVIEW,
    SESSIONS,
    VIEW,
    StaffClient,
    call_page,
    make_call,
    page,
    text,
)

SCRIPT = "<script>alert(1)</script>"


def queries(browser: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        text(browser, url)
    return len(captured)


def test_a_page_tells_the_whole_story(
    superuser: Client, sandbox: SandboxState, customer: User
) -> None:
    first = services.issue_token(customer).session
    services.report(first, 222)
    advance(minutes=11)
    services.expire_tokens()
    session = services.issue_token(customer).session
    play(session, "spoof")
    services.fetch_result(session, source=Source.API)
    html = text(superuser, page(session))
    for told in (
        "amelia@example.com",
        "A recording or mask is suspected.",
        "suspected spoof",
        "Asked Tencent for a token",
        "Asked Tencent for the result",
        "issued → failed",
        "undecided → rejected",
        "All sessions of this person",
        str(session.public_id),
        *session.calls.values_list("request_id", flat=True),
    ):
        assert told in html, told
    assert "HY_VERIFY_LOCAL_TIME_OUT" in text(superuser, page(first))


def test_both_clocks_are_drawn_with_now_marked(
    superuser: Client, sandbox: SandboxState, customer: User
) -> None:
    session = make_session(customer)
    advance(minutes=5)
    html = text(superuser, page(session))
    assert html.count("<svg viewBox") == 2
    assert html.count('class="faceid-now"') == 2
    assert "Start a process: 5 min" in html or "Start a process: 4 min" in html
    advance(minutes=6)
    html = text(superuser, page(session))
    assert html.count('class="faceid-now"') == 1
    assert "ended" in html


@override_settings(USE_THOUSAND_SEPARATOR=True, LANGUAGE_CODE="de")
def test_drawings_and_addresses_survive_a_locale(superuser: Client, customer: User) -> None:
    long_ago = clock.now() - timedelta(days=4)
    session = make_session(
        customer,
        status=Status.FAILED,
        pk=12345,
        issued_at=long_ago,
        token_expires_at=long_ago + timedelta(minutes=10),
        result_expires_at=long_ago + timedelta(hours=72),
    )
    call = make_call(session, pk=54321)
    html = text(superuser, page(session))
    assert html.count('class="faceid-elapsed" x="0" y="8" width="1000"') == 2
    assert 'id="call-54321"' in html
    assert page(session, "approve") in html
    assert call_page(call) in html


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_a_page(superuser: Client, customer: User, status: Status) -> None:
    session = make_session(customer, status=status)
    html = text(superuser, page(session))
    assert str(session.effective_status.label) in html
    assert text(superuser, SESSIONS)


STRANGE: dict[str, dict[str, Any]] = {
    "account and flow are gone": {"account": "gone", "flow": "gone"},
    "codes nobody knows": {
        "status": Status.FAILED,
        "result_code": "9999",
        "result_at": clock.now(),
        "category": "astral",
        "error_code": "Weird.Code",
        "result_error": "Odd",
        "sdk_code": 999,
        "device_info_level": "9",
        "liveness_info_tag": ["99", 7],
        "similarity": 12.5,
        "assurance": "compare",
    },
    "tags of another shape": {"liveness_info_tag": {"a": 1}},
    "clocks of no length": {"status": Status.ERROR, "issued_at": clock.now()},
}


@pytest.mark.parametrize("columns", STRANGE.values(), ids=STRANGE)
def test_what_nobody_expected_breaks_no_page(superuser: Client, columns: dict[str, Any]) -> None:
    with_account = {key: value for key, value in columns.items() if key != "account"}
    session = make_session("a", **with_account)
    VerificationSession.objects.filter(pk=session.pk).update(**columns)
    assert text(superuser, page(session))
    assert text(superuser, SESSIONS)


def test_a_token_whose_key_is_gone_reads_as_wiped(superuser: Client) -> None:
    with override_settings(SECRET_KEY="the old one"):
        session = make_session("a")
    html = text(superuser, page(session))
    assert "its key is gone" in html
    assert "Fetch result" not in html


def test_events_nobody_expected_break_no_page(superuser: Client) -> None:
    session = make_session("a")
    for kind, reason in (
        ("reported", "999"),
        ("reported", "x"),
        ("late_result", "0"),
        ("late_token", "req-1"),
        ("result_error", "ExtraMismatch"),
        ("review", "because"),
        ("transition", ""),
    ):
        SessionEvent.objects.create(
            session=session, kind=kind, source="task", reason=reason, to_status="", actor_pk="77"
        )
    make_call(session, action="SomethingNew", outcome="started", milliseconds=None, request_id="")
    html = text(superuser, page(session))
    assert "user 77, deleted since" in html
    assert "another session&#x27;s Extra" in html


def test_secrets_are_in_no_page_for_anybody(
    superuser: Client, staff: StaffClient, sandbox: SandboxState, customer: User
) -> None:
    session = services.issue_token(customer).session
    VerificationSession.objects.filter(pk=session.pk).update(server_param_info="params-secret")
    session.refresh_from_db()
    with connection.cursor() as cursor:
        cursor.execute("SELECT sdk_token FROM faceid_verificationsession")
        ciphertext = cursor.fetchone()[0]
    call = session.calls.get()
    urls = [SESSIONS, CALLS, page(session), page(session, "history"), call_page(call)]
    for browser in (superuser, staff(*VIEW), staff(*REVIEW)):
        for url in urls:
            html = text(browser, url)
            for secret in (
                session.sdk_token,
                ciphertext,
                call.sdk_token_digest,
                "params-secret",
            ):
                assert secret
                assert secret not in html, (url, secret)
    assert "Held, encrypted" in text(superuser, page(session))


def test_foreign_text_is_escaped_everywhere(superuser: Client) -> None:
    user = User.objects.create_user(SCRIPT)
    session = make_session(user, status=Status.FAILED, extra=SCRIPT, flow=SCRIPT, account="default")
    make_call(
        session,
        outcome="refused",
        message=SCRIPT,
        error_code=SCRIPT,
        request_id=SCRIPT,
        action=SCRIPT,
        region=SCRIPT,
        trace_id=SCRIPT,
    )
    SessionEvent.objects.create(
        session=session, kind="review", source="staff", reason=SCRIPT, note=SCRIPT, actor=user
    )
    make_session("r" + SCRIPT)
    call = session.calls.get()
    urls = [SESSIONS, CALLS, page(session), page(session, "approve"), call_page(call)]
    for url in [*urls, f"{CALLS}?error_code={SCRIPT}", f"{SESSIONS}?flow={SCRIPT}&q={SCRIPT}"]:
        html = text(superuser, url)
        assert SCRIPT not in html, url
        assert "&lt;script&gt;" in html, url


def _history(session: VerificationSession, length: int) -> None:
    actor = User.objects.create_user(f"actor-{length}")
    for _ in range(length):
        make_call(session)
        SessionEvent.objects.create(
            session=session, kind="staff_pull", source="staff", actor=actor, actor_pk=actor.pk
        )
        make_session(session.user, status=Status.EXPIRED)


@pytest.mark.parametrize("permissions", [VIEW, REVIEW])
def test_a_page_takes_eight_queries_however_long_its_story(
    staff: StaffClient, customer: User, permissions: tuple[str, ...]
) -> None:
    browser = staff(*permissions)
    session = make_session(customer, status=Status.FAILED)
    _history(session, 3)
    few = queries(browser, page(session))
    _history(session, 57)
    assert queries(browser, page(session)) == few <= 8


def test_a_list_takes_as_many_queries_for_sixty_rows_as_for_three(
    staff: StaffClient, customer: User
) -> None:
    browser = staff(*VIEW)
    session = make_session(customer)
    _history(session, 3)
    few = [queries(browser, url) for url in (SESSIONS, CALLS)]
    _history(session, 57)
    assert [queries(browser, url) for url in (SESSIONS, CALLS)] == few
    assert max(few) <= 8


def test_a_very_long_story_is_cut_and_says_so(
    superuser: Client, customer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_faceid.story.timeline.MOST_ENTRIES", 2)
    session = make_session(customer)
    calls = [make_call(session) for _ in range(3)]
    html = text(superuser, page(session))
    assert "Only the newest entries" in html
    assert calls[0].request_id not in html
    assert calls[2].request_id in html


def test_the_story_is_in_the_order_in_which_it_happened(superuser: Client, customer: User) -> None:
    session = make_session(customer)
    later, sooner = timedelta(seconds=20), timedelta(seconds=10)
    make_call(session, started_at=session.created_at + later, request_id="second-request")
    SessionEvent.objects.create(
        session=session,
        kind="review",
        source="staff",
        reason="the first thing",
        created_at=session.created_at + sooner,
    )
    html = text(superuser, page(session))
    assert html.index("the first thing") < html.index("second-request")
    assert "+20.0 s" in html
