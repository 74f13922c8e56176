from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_faceid import services
from django_faceid.models import ApiCall, Subject, VerificationSession
from django_faceid.testing import make_session, play
from tests.admin.conftest import CALLS, SESSIONS, found, make_call


def test_a_session_is_found_by_the_request_id_of_its_token(
    superuser: Client, issued: VerificationSession
) -> None:
    assert found(superuser, issued.request_id) == [issued.pk]


def test_a_session_is_found_by_the_request_id_of_any_of_its_calls(
    superuser: Client, session: VerificationSession, call: ApiCall
) -> None:
    call = make_call(session)
    assert found(superuser, call.request_id) == [session.pk]
    assert found(superuser, call.request_id.upper().replace("-", "")) == [session.pk]


def test_a_request_id_that_is_no_uuid_is_found_as_it_is(superuser: Client, customer: User) -> None:
    session = make_session(customer)
    make_call(session, request_id="req-7")
    assert found(superuser, " req-7 ") == [session.pk]
    assert found(superuser, "req-") == []


@pytest.mark.parametrize("spelling", ["{}", " {} ", "\t{}\n"])
def test_a_session_is_found_by_its_public_id(
    superuser: Client, session: VerificationSession, spelling: str
) -> None:
    dashed = str(session.public_id)
    for written in (dashed, dashed.replace("-", ""), dashed.upper()):
        assert found(superuser, spelling.format(written)) == [session.pk]


def test_a_session_is_found_by_a_trace_id(
    superuser: Client, session: VerificationSession, call: ApiCall
) -> None:
    assert found(superuser, call.trace_id) == [session.pk]


def test_a_persons_sessions_are_found_by_the_exact_username(
    superuser: Client, session: VerificationSession
) -> None:
    assert found(superuser, "amelia@example.com") == [session.pk]
    assert found(superuser, "amelia") == []
    # MariaDB's usual collation folds case, for sign-in as well as here.
    folded = [session.pk] if connection.vendor == "mysql" else []
    assert found(superuser, "AMELIA@example.com") == folded


def test_the_username_is_whatever_the_user_model_says(
    superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = User.objects.create_user("number-7", email="seven@example.com")
    session = make_session(user)
    monkeypatch.setattr(User, "USERNAME_FIELD", "email")
    assert found(superuser, "seven@example.com") == [session.pk]
    assert found(superuser, "number-7") == []


def test_a_user_model_named_by_numbers_takes_words_calmly(
    superuser: Client, session: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(User, "USERNAME_FIELD", "id")
    assert found(superuser, "not a number") == []
    assert found(superuser, str(session.user_id)) == [session.pk]


def test_a_reference_is_found_exactly(superuser: Client) -> None:
    session = make_session("CUST-1")
    make_session("CUST-10")
    assert found(superuser, "CUST-1") == [session.pk]
    assert found(superuser, "cust-1") == []


def test_a_reference_that_looks_like_an_id_is_still_found(superuser: Client) -> None:
    reference = str(uuid.uuid4())
    session = make_session(reference)
    assert session.subject_key == Subject.of(reference).key
    assert found(superuser, reference) == [session.pk]


def test_a_token_leads_to_its_session_and_is_not_repeated(
    superuser: Client, session: VerificationSession, call: ApiCall
) -> None:
    token = session.sdk_token
    response = superuser.get(SESSIONS, {"q": f" {token} "}, follow=True)
    assert response.redirect_chain == [(f"{SESSIONS}{session.pk}/change/", 302)]
    assert token not in response.content.decode()


def test_a_wiped_tokens_session_is_still_found(
    superuser: Client, issued: VerificationSession
) -> None:
    token = issued.sdk_token
    play(issued, "pass")
    assert services.fetch_result(issued).sdk_token == ""
    assert superuser.get(SESSIONS, {"q": token}).status_code == 302


def test_a_token_finds_the_calls_of_its_session_and_is_not_repeated(
    superuser: Client, session: VerificationSession, call: ApiCall
) -> None:
    make_call(None)
    response = superuser.get(CALLS, {"q": session.sdk_token}, follow=True)
    assert [row.pk for row in response.context["cl"].result_list] == [call.pk]
    assert session.sdk_token not in response.content.decode()


def test_calls_are_found_by_what_finds_their_session(
    superuser: Client, session: VerificationSession, call: ApiCall
) -> None:
    other = make_call(session, trace_id=call.trace_id)
    make_call(None)
    assert found(superuser, call.request_id, CALLS) == [call.pk]
    assert found(superuser, call.trace_id, CALLS) == [call.pk, other.pk]
    assert found(superuser, str(session.public_id), CALLS) == [call.pk, other.pk]
    assert found(superuser, "amelia@example.com", CALLS) == [call.pk, other.pk]


def test_nothing_is_found_by_nonsense(superuser: Client, session: VerificationSession) -> None:
    for term in ("%", "_", "x" * 5000, "' OR 1=1", "0"):
        assert found(superuser, term) == []


@pytest.mark.parametrize(
    ("url", "searching"),
    [(SESSIONS, 1), (CALLS, 2)],
)
@pytest.mark.parametrize("term", ["amelia@example.com", "CUST-1", str(uuid.UUID(int=7)), "nobody"])
def test_a_search_compares_exactly_in_one_or_two_queries(
    superuser: Client,
    session: VerificationSession,
    call: ApiCall,
    url: str,
    searching: int,
    term: str,
) -> None:
    with CaptureQueriesContext(connection) as without:
        superuser.get(url)
    with CaptureQueriesContext(connection) as queries:
        superuser.get(url, {"q": term})
    sql = " ".join(query["sql"].upper() for query in queries)
    assert "LIKE" not in sql
    assert "UPPER(" not in sql
    # One more asks whether the term is a token.
    assert len(queries) <= len(without) + 1 + searching
    assert len(queries) <= 8
