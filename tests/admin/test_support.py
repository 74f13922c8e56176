from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation

from django_faceid import services
from django_faceid.models import ApiCall, SessionEvent, VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.story import support
from django_faceid.testing import advance, make_session, play
from tests.admin.conftest import VIEW, StaffClient, make_call, page, text

pytestmark = pytest.mark.django_db

EXPORT = (*VIEW, "export_verificationsession")


@pytest.fixture
def failed(sandbox: SandboxState, customer: User) -> VerificationSession:
    session = services.issue_token(customer).session
    advance(seconds=30)
    services.report(session, 212)
    play(session, "spoof")
    return services.fetch_result(session)


def facts(session: VerificationSession) -> dict[str, Any]:
    """The JSON at the end of a session's file."""
    found: dict[str, Any] = json.loads(support.file(session).split("\n---- JSON ----\n")[1])
    return found


def test_the_file_has_what_a_support_desk_asks_for(failed: VerificationSession) -> None:
    content = support.file(failed)
    readable = content.split("\n---- JSON ----\n")[0]
    for call in ApiCall.objects.all():
        assert call.request_id in readable
        assert call.action in readable
        assert call.trace_id in readable
    assert "ap-singapore" in readable
    assert "212 HY_USER_CANCEL_ERROR" in readable
    assert failed.result_code in readable
    told = facts(failed)
    assert [call["RequestId"] for call in told["calls"]] == list(
        ApiCall.objects.order_by("pk").values_list("request_id", flat=True)
    )
    assert told["calls"][0]["started_at"].endswith("Z")
    assert told["parameters"]["Extra"] == str(failed.public_id)
    assert set(told["versions"]) == {"python", "django-faceid", "django", "requests", "celery"}


def test_the_file_holds_nobodys_data_and_no_secret(customer: User) -> None:
    session = make_session(
        customer,
        extra="extra-of-the-host",
        server_param_info="server-param-secret",
        image_sha256="f" * 64,
        meta_data_sha256="e" * 64,
    )
    call = make_call(
        session,
        outcome="refused",
        message="amelia@example.com sent extra-of-the-host",
        sdk_token_digest="d" * 32,
    )
    content = support.file(session)
    for secret in (
        "amelia",
        session.sdk_token,
        call.sdk_token_digest,
        session.server_param_info,
        session.extra,
        session.image_sha256,
        session.meta_data_sha256,
        session.subject_key,
        session.live_key,
    ):
        assert secret
        assert secret not in content
    assert facts(session)["calls"][0]["Error.Message"] == "(withheld) sent (withheld)"


def test_a_reference_is_not_in_the_file() -> None:
    session = make_session("passport P123")
    make_call(session, outcome="refused", message="bad passport P123")
    assert "P123" not in support.file(session)


def test_the_file_is_in_english_whoever_asks(failed: VerificationSession) -> None:
    with translation.override("de"):
        content = support.file(failed)
    assert "host project" not in content
    assert "All times are UTC" in content


def test_a_vendors_words_stay_on_their_line(customer: User) -> None:
    session = make_session(customer)
    make_call(session, outcome="refused", message="a\n---- JSON ----\n{}")
    assert facts(session)["session"] == str(session.public_id)


def test_the_file_is_a_download_that_is_on_record_first(
    staff: StaffClient, failed: VerificationSession
) -> None:
    auditor = staff(*EXPORT)
    assert ">Support file<" in text(auditor, page(failed))
    response = auditor.post(page(failed, "support-file"))
    assert response.status_code == 200
    assert response["Content-Disposition"] == (
        f'attachment; filename="faceid-support-{failed.public_id}.txt"'
    )
    assert "no-store" in response["Cache-Control"]
    assert failed.request_id in response.content.decode()
    event = SessionEvent.objects.get(kind="exported")
    assert event.source == "staff"
    assert event.actor == LogEntry.objects.get().user
    assert "Handed out for support" in text(auditor, page(failed))


def test_a_link_alone_takes_nothing_away(superuser: Client, failed: VerificationSession) -> None:
    assert superuser.get(page(failed, "support-file")).status_code == 405
    assert not SessionEvent.objects.filter(kind="exported").exists()


def test_no_button_without_the_permission(staff: StaffClient, failed: VerificationSession) -> None:
    assert ">Support file<" not in text(staff(*VIEW), page(failed))


def test_the_file_says_when_older_calls_are_left_out(
    customer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(support, "MOST_CALLS", 2)
    session = make_session(customer)
    calls = [make_call(session) for _each in range(3)]
    told = facts(session)
    assert told["calls_left_out"] == "older ones"
    assert [call["RequestId"] for call in told["calls"]] == [c.request_id for c in calls[1:]]
