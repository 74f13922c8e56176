from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_faceid import services
from django_faceid.admin.personal import name_read_from
from django_faceid.models import EventKind, SessionEvent, Source, Status, VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.story import people
from django_faceid.testing import make_session
from tests.admin.conftest import (
    CALLS,
    LOOK,
    OPERATE,
    REVIEW,
    SESSIONS,
    VIEW,
    StaffClient,
    call_page,
    make_call,
    page,
    text,
)

REFERENCE = "customer-4711"


@pytest.fixture
def referred(db: None) -> VerificationSession:
    return make_session(REFERENCE, status=Status.FAILED)


def pages(session: VerificationSession) -> list[str]:
    call = make_call(session)
    acts = ("change", "history", "approve", "reject")
    return [SESSIONS, CALLS, call_page(call), *(page(session, act) for act in acts)]


@pytest.mark.parametrize("rights", [VIEW, REVIEW, OPERATE])
def test_no_page_names_anybody_to_those_who_only_look(
    staff: StaffClient, customer: User, rights: tuple[str, ...]
) -> None:
    browser = staff(*rights, "view_user")
    for who in (customer, REFERENCE):
        session = make_session(who, status=Status.FAILED)
        for url in pages(session):
            response = browser.get(url)
            html = response.content.decode()
            assert response.status_code in (200, 403), url
            assert "amelia" not in html, url
            assert REFERENCE not in html, url
            assert f"/auth/user/{customer.pk}/" not in html, url
        assert people.pseudonym(session.subject_key) in text(browser, SESSIONS)
        assert people.pseudonym(session.subject_key) in text(browser, page(session))


def test_an_extra_of_the_hosts_own_is_personal_and_ours_is_not(
    staff: StaffClient, customer: User
) -> None:
    theirs = make_session(customer, extra="crm:amelia")
    assert "crm:amelia" not in text(staff(*VIEW), page(theirs))
    assert "it may name the person" in text(staff(*VIEW), page(theirs))
    assert "crm:amelia" in text(staff(*LOOK), page(theirs))
    ours = make_session("ann")
    ours.extra = str(ours.public_id)
    ours.save()
    assert "it may name the person" not in text(staff(*VIEW), page(ours))


def test_what_tencent_repeats_of_a_person_is_withheld_on_every_page(
    staff: StaffClient, customer: User
) -> None:
    session = make_session(customer, extra="crm:amelia")
    call = make_call(session, outcome="refused", message="Extra crm:amelia of amelia@example.com")
    for url in (page(session), call_page(call)):
        assert "amelia" not in text(staff(*VIEW), url), url
        assert "Extra (withheld) of (withheld)" in text(staff(*VIEW), url), url
        assert call.message in text(staff(*LOOK), url), url


def test_text_that_turns_around_is_shown_as_what_it_is(superuser: Client) -> None:
    turned, told = "x\u202egnp.exe", "x\\u202egnp.exe"
    user = User.objects.create(username=f"u{turned}")
    session = make_session(user, status=Status.FAILED, result_code=turned, extra=f"e{turned}")
    call = make_call(
        session,
        outcome="refused",
        error_code=turned,
        message=f"m{turned}",
        request_id=f"r{turned}",
    )
    for url in (SESSIONS, CALLS, page(session), call_page(call)):
        html = text(superuser, url)
        assert told in html, url
        assert "\u202e" not in html, url


def test_those_who_may_know_see_names(staff: StaffClient, customer: User) -> None:
    browser = staff(*LOOK, "view_user")
    session = make_session(customer)
    assert "amelia@example.com" in text(browser, SESSIONS)
    assert "amelia@example.com" in text(browser, page(session))
    assert f"/auth/user/{customer.pk}/" in text(browser, page(session))


def test_a_long_name_breaks_where_its_words_end(staff: StaffClient) -> None:
    make_session(User.objects.create_user("ann.lee_dogan@mail.example.com"))
    html = staff(*LOOK).get(SESSIONS).content.decode()
    assert "ann.<wbr>lee_<wbr>dogan@<wbr>mail.<wbr>example.<wbr>com</td>" in html


def test_a_reference_is_masked_everywhere_superusers_included(
    superuser: Client, referred: VerificationSession
) -> None:
    for url in pages(referred):
        assert REFERENCE not in text(superuser, url), url
    assert "••••11" in text(superuser, SESSIONS)
    assert "••••11" in text(superuser, page(referred))


def test_revealing_shows_a_reference_in_one_answer_and_is_on_record(
    staff: StaffClient, referred: VerificationSession
) -> None:
    browser = staff(*LOOK)
    response = browser.post(page(referred, "reveal"))
    assert response.status_code == 200
    assert REFERENCE in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert "private" in response["Cache-Control"]
    event = referred.events.get()
    assert (event.kind, event.source) == (EventKind.REVEALED, Source.STAFF)
    log = LogEntry.objects.get()
    assert event.actor == log.user
    assert REFERENCE not in f"{log} {event} {event.reason} {event.note}"
    assert REFERENCE not in text(browser, page(referred))
    assert "Reference revealed" in text(browser, page(referred))


def test_nothing_is_revealed_without_a_record(
    staff: StaffClient, referred: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = staff(*LOOK)
    browser.raise_request_exception = False
    monkeypatch.setattr(SessionEvent.objects, "create", lambda **_columns: 1 / 0)
    response = browser.post(page(referred, "reveal"))
    assert response.status_code == 500
    assert REFERENCE not in response.content.decode()


@pytest.mark.parametrize("rights", [VIEW, REVIEW, ("view_personal_data",)])
def test_who_may_not_see_personal_data_reveals_nothing(
    staff: StaffClient, referred: VerificationSession, rights: tuple[str, ...]
) -> None:
    browser = staff(*rights)
    assert browser.post(page(referred, "reveal")).status_code == 403
    assert not SessionEvent.objects.exists()


def test_the_button_is_there_for_a_reference_and_for_those_who_may(
    staff: StaffClient, referred: VerificationSession, customer: User
) -> None:
    button = "Reveal the reference"
    assert button in text(staff(*LOOK), page(referred))
    assert button not in text(staff(*VIEW), page(referred))
    assert button not in text(staff(*LOOK), page(make_session(customer)))


def test_a_user_has_no_reference_to_reveal(staff: StaffClient, customer: User) -> None:
    session = make_session(customer)
    assert staff(*LOOK).post(page(session, "reveal")).status_code == 302
    assert not SessionEvent.objects.exists()


def test_a_link_reveals_nothing(superuser: Client, referred: VerificationSession) -> None:
    assert superuser.get(page(referred, "reveal")).status_code == 405
    assert not SessionEvent.objects.exists()


def test_a_forged_request_reveals_nothing(referred: VerificationSession) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.create_superuser("root"))
    assert browser.post(page(referred, "reveal")).status_code == 403
    assert not SessionEvent.objects.exists()


def test_who_holds_a_reference_finds_its_sessions(
    staff: StaffClient, referred: VerificationSession
) -> None:
    found = text(staff(*VIEW), SESSIONS, q=REFERENCE)
    assert str(referred.public_id) in found


def test_what_the_person_did_is_told_without_a_name(
    staff: StaffClient, sandbox: SandboxState, customer: User
) -> None:
    session = services.issue_token(customer).session
    services.cancel(session, source=Source.API, actor=customer)
    html = text(staff(*VIEW), page(session))
    assert "the person (client)" in html
    assert "amelia" not in html


def test_what_a_host_did_for_the_person_is_told_without_a_name(
    staff: StaffClient, sandbox: SandboxState, customer: User
) -> None:
    session = services.issue_token(customer).session
    services.cancel(session, actor=customer)
    html = text(staff(*VIEW), page(session))
    assert "the person (host project)" in html
    assert "amelia" not in html


def test_names_cost_no_more_queries_than_pseudonyms(staff: StaffClient, customer: User) -> None:
    browser = staff(*LOOK)
    session = make_session(customer)
    for url in (SESSIONS, page(session)):
        with CaptureQueriesContext(connection) as captured:
            text(browser, url)
        assert len(captured) <= 8, url


def test_a_users_name_is_one_column_unless_a_host_says_it_by_others() -> None:
    class ByMail:
        USERNAME_FIELD = "email"
        get_username = AbstractBaseUser.get_username

    class ByBoth(ByMail):
        def get_username(self) -> str:
            return "her name, her address"

    assert name_read_from(User) == "user__username"
    assert name_read_from(ByMail) == "user__email"
    assert name_read_from(ByBoth) == "user"
