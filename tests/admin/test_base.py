from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from django_faceid.models import ApiCall, Status, VerificationSession
from django_faceid.testing import make_session
from tests.admin.conftest import (
    CALLS,
    SESSIONS,
    call_page,
    make_call,
    page,
    text,
    token_call,
)

INLINE = re.compile(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+\s*=|javascript:", re.I)


@pytest.fixture
def session(customer: User) -> VerificationSession:
    return make_session(customer, status=Status.FAILED)


@pytest.fixture
def call(session: VerificationSession) -> ApiCall:
    return make_call(session)


def readable(session: VerificationSession, call: ApiCall) -> list[str]:
    return [SESSIONS, CALLS, page(session), page(session, "history"), call_page(call)]


def test_not_even_superusers_add_change_or_delete(
    superuser: Client, session: VerificationSession, call: ApiCall
) -> None:
    for url, row in ((SESSIONS, session), (CALLS, call)):
        assert superuser.get(f"{url}add/").status_code == 403
        assert superuser.post(f"{url}add/", {}).status_code == 403
        assert superuser.get(f"{url}{row.pk}/delete/").status_code == 403
        assert superuser.post(f"{url}{row.pk}/delete/", {"post": "yes"}).status_code == 403
        assert superuser.post(f"{url}{row.pk}/change/", {"status": "succeeded"}).status_code == 405
        chosen = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
        superuser.post(url, chosen)
    assert VerificationSession.objects.get().version == session.version
    assert ApiCall.objects.count() == 1


def test_pages_carry_no_inline_script_or_style(
    superuser: Client, session: VerificationSession, call: ApiCall
) -> None:
    live = make_session("live")
    for url in [*readable(session, call), page(live), page(session, "approve")]:
        assert not INLINE.search(text(superuser, url)), url


def test_a_row_that_is_not_there_is_a_404(superuser: Client) -> None:
    for key in ("7", "9" * 23, "9" * 5000, "nonsense", "%3Cscript%3E"):
        assert superuser.get(f"{SESSIONS}{key}/change/").status_code == 404
        assert superuser.get(f"{CALLS}{key}/change/").status_code == 404


def test_events_have_no_pages_of_their_own(superuser: Client) -> None:
    assert superuser.get("/admin/faceid/sessionevent/").status_code == 404


@pytest.mark.urls("tests.admin.second_site")
def test_a_second_admin_site_keeps_to_itself(
    superuser: Client, session: VerificationSession, call: ApiCall
) -> None:
    url = f"/backoffice/faceid/verificationsession/{session.pk}/"
    html = text(superuser, f"{url}change/")
    assert f'href="{url}approve/"' in html
    assert 'href="/admin/' not in html
    assert call.request_id in html
    response = superuser.post(f"{url}approve/", {"reason": "mistake", "version": session.version})
    assert response["Location"] == f"{url}change/"
    another = make_session("another")
    token_call(another)
    query = {"q": another.sdk_token}
    found = superuser.get("/backoffice/faceid/verificationsession/", query)
    assert found["Location"].startswith("/backoffice/")
