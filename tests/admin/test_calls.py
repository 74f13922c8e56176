from __future__ import annotations

from django.contrib.auth.models import User
from django.test import Client

from django_faceid.testing import make_session
from tests.admin.conftest import StaffClient, call_page, make_call, page, text


def test_a_call_explains_its_error_and_leads_to_its_session(
    superuser: Client, customer: User
) -> None:
    session = make_session(customer)
    call = make_call(
        session, outcome="refused", error_code="AuthFailure.SignatureFailure", message="No."
    )
    html = text(superuser, call_page(call))
    assert f'href="{page(session)}#call-{call.pk}"' in html
    assert "The signature does not match the request." in html
    assert "Check the key pair of this account" in html
    assert call.request_id in html


def test_a_failure_of_our_own_is_explained_too(superuser: Client) -> None:
    call = make_call(None, outcome="unreachable", error_code="ReadTimeout", request_id="")
    html = text(superuser, call_page(call))
    assert "No answer came in time" in html
    assert "None came" in html
    assert "belongs to no session" in html


def test_whoever_may_see_calls_only_gets_no_dead_link(staff: StaffClient, customer: User) -> None:
    session = make_session(customer)
    html = text(staff("view_apicall"), call_page(make_call(session)))
    assert page(session) not in html
    assert str(session.public_id) in html


def test_whoever_may_see_sessions_only_gets_no_dead_link(
    staff: StaffClient, customer: User
) -> None:
    session = make_session(customer)
    call = make_call(session)
    html = text(staff("view_verificationsession"), page(session))
    assert call_page(call) not in html
    assert call.request_id in html
    assert f"/admin/auth/user/{customer.pk}/" not in html
