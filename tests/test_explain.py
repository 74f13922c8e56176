from __future__ import annotations

import io
import sys
import uuid

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django import Settings

from django_faceid import services
from django_faceid.management.commands import faceid_explain
from django_faceid.models import ApiCall, SessionEvent, Status, VerificationSession
from django_faceid.testing import advance, faceid_sandbox, make_session
from tests.admin.conftest import make_call

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer() -> User:
    return User.objects.create_user("amelia@example.com")


@pytest.fixture
def issued(customer: User) -> VerificationSession:
    with faceid_sandbox():
        return services.issue_token(customer).session


def explain(what: str, *options: str) -> str:
    out = io.StringIO()
    call_command("faceid_explain", what, *options, stdout=out)
    return out.getvalue()


def refused(what: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        explain(what)
    return caught.value


def test_what_tencent_repeats_of_a_person_is_told_on_demand_alone(customer: User) -> None:
    session = make_session(customer, extra="crm:7")
    make_call(session, outcome="refused", message="Bad Extra crm:7.")
    assert "Bad Extra (withheld)." in explain(str(session.public_id))
    assert "crm:7" not in explain(str(session.public_id))
    assert "Bad Extra crm:7." in explain(str(session.public_id), "--personal")


def test_every_identifier_leads_to_the_same_story(
    issued: VerificationSession, customer: User
) -> None:
    call = ApiCall.objects.get()
    story = explain(str(issued.public_id))
    assert f"Session {issued.public_id}" in story
    for term in (
        call.request_id,
        call.request_id.upper(),
        call.trace_id,
        issued.sdk_token,
        customer.get_username(),
        f"  {issued.public_id.hex} ",
    ):
        assert explain(term).splitlines()[0] == story.splitlines()[0]


def test_a_reference_is_found_and_told_only_with_the_flag() -> None:
    session = make_session("passport P123")
    told = explain("passport P123")
    assert str(session.public_id) in told
    assert "P123" not in told
    assert not SessionEvent.objects.exists()
    assert "passport P123" in explain("passport P123", "--personal")
    event = SessionEvent.objects.get(session=session)
    assert (event.kind, event.source, event.actor) == ("revealed", "host", None)


def test_a_username_is_told_only_with_the_flag(issued: VerificationSession) -> None:
    assert "amelia" not in explain(str(issued.public_id))
    assert "amelia@example.com" in explain(str(issued.public_id), "--personal")


def test_no_token_is_ever_printed(
    issued: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = issued.sdk_token
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{token}\n"))
    told = explain("-", "--personal")
    assert str(issued.public_id) in told
    assert token not in told


def test_at_a_terminal_what_is_typed_is_not_echoed(
    issued: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr(faceid_explain, "getpass", lambda _prompt: issued.sdk_token)
    assert str(issued.public_id) in explain("-")


def test_several_sessions_are_listed_newest_first(customer: User) -> None:
    sessions = [make_session(customer, status=Status.FAILED) for _each in range(3)]
    told = explain("amelia@example.com")
    places = [told.index(str(session.public_id)) for session in sessions]
    assert places == sorted(places, reverse=True)
    assert "Time line" not in told


def test_a_long_list_says_that_there_are_older_ones(customer: User) -> None:
    sessions = [
        make_session(customer, status=Status.FAILED)
        for _each in range(faceid_explain.MOST_LISTED + 1)
    ]
    told = explain("amelia@example.com")
    assert str(sessions[0].public_id) not in told
    assert str(sessions[1].public_id) in told
    assert "There are older ones" in told


@pytest.mark.parametrize("what", [str(uuid.uuid4()), "nobody", "", "x" * 5000, "\x00"])
def test_what_is_not_known_says_what_was_looked_for_and_does_not_repeat_it(what: str) -> None:
    error = refused(what)
    assert error.returncode == 1
    assert "RequestId, session id, trace id, SdkToken, username and reference" in str(error)
    assert not what or what not in str(error)


def test_an_attempt_of_no_session_is_told_by_itself() -> None:
    call = make_call(None, outcome="refused", error_code="AuthFailure.SecretIdNotFound")
    told = explain(call.request_id)
    assert "belongs to no session" in told
    assert "AuthFailure.SecretIdNotFound" in told


def test_a_vendors_words_cannot_steer_the_terminal(issued: VerificationSession) -> None:
    make_call(issued, outcome="refused", error_code="X", message="a\x1b[2Jb\u202ec\nd")
    told = explain(str(issued.public_id))
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert "a\\x1b[2Jb\\u202ec d" in told


def test_a_terminal_that_knows_no_signs_still_gets_the_story(issued: VerificationSession) -> None:
    terminal = io.TextIOWrapper(io.BytesIO(), "ascii", write_through=True)
    call_command("faceid_explain", str(issued.public_id), stdout=terminal)
    terminal.seek(0)
    assert "? issued" in terminal.read()


def test_the_story_has_attempts_events_and_both_clocks(customer: User) -> None:
    older = make_session(customer, status=Status.FAILED)
    with faceid_sandbox():
        session = services.issue_token(customer).session
        advance(minutes=3)
        services.report(session, 212)
        services.fetch_result(session)
        told = explain(str(session.public_id))
    assert "Asked Tencent for a token" in told
    assert "Asked Tencent for the result" in told
    assert "212 HY_USER_CANCEL_ERROR" in told
    assert "7 min" in told
    assert "Fetch the result" in told
    assert str(older.public_id) in told.split("other sessions")[1]
    for call in ApiCall.objects.all():
        assert call.request_id in told


def test_settings_that_cannot_be_read_are_told_without_a_traceback(
    issued: VerificationSession, settings: Settings
) -> None:
    settings.FACEID = {"RAET": 1}
    assert "faceid_check" in str(refused("nobody"))
