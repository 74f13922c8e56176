"""What the search box makes of what was pasted, and what no address may hold."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from django_faceid.models import ApiCall, VerificationSession
from django_faceid.testing import make_session
from tests.admin.conftest import (
    CALLS,
    SESSIONS,
    StaffClient,
    found,
    make_call,
    posted,
    text,
    told,
)


@pytest.mark.parametrize("url", [SESSIONS, CALLS])
def test_the_box_posts_so_that_no_log_of_addresses_sees_what_was_pasted(
    superuser: Client, url: str
) -> None:
    html = superuser.get(url).content.decode()
    assert f'method="post" action="{url}search/"' in html


def test_a_posted_token_leads_to_its_session(
    superuser: Client, session: VerificationSession, call: ApiCall
) -> None:
    assert posted(superuser, f" {session.sdk_token}\n") == f"{SESSIONS}{session.pk}/change/"
    calls = posted(superuser, session.sdk_token, CALLS)
    assert calls == f"{CALLS}?session={session.pk}"


def test_an_identifier_in_capitals_is_no_lost_token(
    superuser: Client, session: VerificationSession, call: ApiCall
) -> None:
    for term in (str(session.public_id).upper(), call.request_id.upper()):
        assert posted(superuser, term) == f"{SESSIONS}{session.pk}/change/"
        assert found(superuser, term) == [session.pk]


@pytest.mark.parametrize(
    "wrapped",
    [
        "RequestId: {}",
        '"RequestId": "{}",',
        '"{}"',
        "{},",
        "\u200b{}\u200b",
        "«{}»",
        "request_id={} code=InternalError",
        '{{"Response": {{"RequestId": "{}", "Error": {{}}}}}}',
    ],
)
def test_an_identifier_is_understood_whatever_stands_around_it(
    superuser: Client, session: VerificationSession, call: ApiCall, wrapped: str
) -> None:
    for identifier in (call.request_id, call.trace_id, str(session.public_id)):
        term = wrapped.format(identifier)
        assert posted(superuser, term) == f"{SESSIONS}{session.pk}/change/"
        assert posted(superuser, term, CALLS) == f"{CALLS}{call.pk}/change/"
        assert found(superuser, term) == [session.pk]


def test_a_request_id_that_is_no_uuid_is_understood_too(
    superuser: Client, session: VerificationSession
) -> None:
    call = make_call(session, request_id="req-7")
    for term in ('"RequestId": "req-7",', "request_id=req-7", "(req-7)"):
        assert posted(superuser, term) == f"{SESSIONS}{session.pk}/change/"
        assert posted(superuser, term, CALLS) == f"{CALLS}{call.pk}/change/"


def test_what_is_written_exactly_comes_before_what_is_inside_of_it(superuser: Client) -> None:
    exactly, inside = make_session("Id: 7"), make_session("7")
    assert found(superuser, "Id: 7") == [exactly.pk]
    assert found(superuser, '"7"') == [inside.pk]


@pytest.mark.parametrize("url", [SESSIONS, CALLS])
def test_several_rows_of_one_identifier_are_a_list_of_its_own(
    superuser: Client, session: VerificationSession, call: ApiCall, url: str
) -> None:
    make_call(make_session("another"), trace_id=call.trace_id)
    make_call(session, trace_id=call.trace_id)
    term = f'"trace_id": "{call.trace_id.upper()}",'
    assert posted(superuser, term, url, last="1h") == f"{url}?q={call.trace_id}"
    assert len(found(superuser, call.trace_id, url)) == (2 if url == SESSIONS else 3)


def test_several_identifiers_at_once_are_a_list_of_all_of_them(superuser: Client) -> None:
    calls = [make_call(make_session(f"person {number}")) for number in range(3)]
    term = ", ".join(f'"{call.request_id}"' for call in calls)
    address = posted(superuser, term)
    assert address.startswith(f"{SESSIONS}?q=")
    listed = superuser.get(address).context["cl"].result_list
    assert {row.pk for row in listed} == {call.session_id for call in calls}


@pytest.mark.parametrize("url", [SESSIONS, CALLS])
@pytest.mark.parametrize("who", ["ref-A-00000001", "amelia@example.com"])
def test_no_address_holds_a_name_or_a_reference_that_was_searched_for(
    superuser: Client, customer: User, url: str, who: str
) -> None:
    make_call(make_session("somebody else"))
    theirs = [make_session(customer if "@" in who else who, flow=flow) for flow in ("a", "b")]
    calls = [make_call(session) for session in theirs]
    for term in (who, f'"{who}"', f"reference: {who}"):
        address = posted(superuser, term, url, last="24h")
        assert address == f"{url}?last=24h&subject_key={theirs[0].subject_key}"
    listed = superuser.get(address).context["cl"].result_list
    wanted = theirs if url == SESSIONS else calls
    assert {row.pk for row in listed} == {row.pk for row in wanted}


def test_a_name_of_one_session_leads_straight_to_its_story(superuser: Client) -> None:
    session = make_session("ref-A-00000001")
    assert posted(superuser, "ref-A-00000001", last="1h") == f"{SESSIONS}{session.pk}/change/"


def test_a_user_and_a_reference_of_one_name_are_found_together(superuser: Client) -> None:
    user = User.objects.create_user("twin")
    theirs = {make_session(who, flow=flow).pk for who in (user, "twin") for flow in ("a", "b")}
    make_session("somebody else")
    response = superuser.get(posted(superuser, "twin"))
    assert {row.pk for row in response.context["cl"].result_list} == theirs


def test_what_finds_nothing_is_said_and_not_repeated(superuser: Client) -> None:
    for url in (SESSIONS, CALLS):
        for term in ("Amelia Bones", "\0", "x\0y", "'", " : ", "\u202e", "x" * 9000):
            assert posted(superuser, term, url, last="1h") == f"{url}?last=1h"
        page = told(superuser, "Amelia Bones", url)
        assert "Nothing is known by what you searched for" in page
        assert "Amelia" not in page


def test_a_search_keeps_the_filters_where_they_can_help(
    superuser: Client, session: VerificationSession
) -> None:
    html = superuser.get(SESSIONS, {"status": "failed"}).content.decode()
    assert '<input type="hidden" name="status" value="failed">' in html
    assert posted(superuser, "", status="failed") == f"{SESSIONS}?status=failed"
    assert posted(superuser, "") == SESSIONS
    # Whoever pastes an identifier wants to see that one.
    page = posted(superuser, str(session.public_id), status="failed")
    assert page == f"{SESSIONS}{session.pk}/change/"


def test_a_search_that_filters_leave_nothing_of_can_be_made_without_them(
    superuser: Client, customer: User
) -> None:
    for flow in ("a", "b"):
        make_session(customer, flow=flow)
    address = posted(superuser, "amelia@example.com", status="canceled")
    person = address.partition("subject_key=")[2]
    html = text(superuser, address)
    assert f'<a href="?subject_key={person}">Search without filters</a>' in html
    html = text(superuser, f"{SESSIONS}?q=amelia@example.com&status=canceled")
    assert '<a href="?q=amelia%40example.com">Search without filters</a>' in html
    for address in (f"{SESSIONS}?status=canceled", f"{SESSIONS}?subject_key={person}"):
        assert "Search without filters" not in text(superuser, address)


def test_searching_is_for_those_who_may_look(
    client: Client, staff: StaffClient, session: VerificationSession
) -> None:
    token = {"q": session.sdk_token}
    assert client.post(f"{SESSIONS}search/", token)["Location"].startswith("/admin/login/")
    assert staff("view_apicall").post(f"{SESSIONS}search/", token).status_code == 403
    assert staff("view_apicall").get(SESSIONS, token).status_code == 403
    assert staff("view_verificationsession").get(f"{SESSIONS}search/").status_code == 405


def test_a_search_from_another_site_is_refused(session: VerificationSession) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.create_superuser("root-2"))
    assert strict.post(f"{SESSIONS}search/", {"q": session.sdk_token}).status_code == 403
