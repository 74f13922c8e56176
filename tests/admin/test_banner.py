from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings

from django_faceid.admin import banner
from django_faceid.models import Status
from django_faceid.testing import make_session
from tests.admin.conftest import CALLS, SESSIONS, call_page, make_call, page, text

KEYS = {"SECRET_ID": "AKIDx", "SECRET_KEY": "very secret"}
LIVE: dict[str, Any] = {"ACCOUNTS": {"default": KEYS}}
TEST: dict[str, Any] = {
    "ACCOUNTS": {"default": KEYS, "sandbox": {**KEYS, "ENDPOINT": "http://127.0.0.1:8011"}}
}
WARNING = "prove nothing in production"


@pytest.mark.parametrize(
    ("setting", "warned"),
    [
        (LIVE, False),
        (TEST, True),
        ({**LIVE, "ALLOW_TEST_ENDPOINT": True}, True),
        ({"ACCOUNTS": {"broken": {"RATE": "x"}}}, False),
    ],
)
def test_a_test_endpoint_is_warned_of(setting: dict[str, Any], warned: bool) -> None:
    with override_settings(FACEID=setting):
        assert any(WARNING in warning for warning in banner.warnings()) is warned


def test_the_warning_is_on_every_page(superuser: Client, customer: User) -> None:
    session = make_session(customer, status=Status.FAILED)
    call = make_call(session)
    urls = [SESSIONS, CALLS, call_page(call), page(session), page(session, "approve")]
    urls += [page(session, "reject"), page(session, "history")]
    for url in urls:
        assert WARNING not in text(superuser, url)
        with override_settings(FACEID=TEST):
            html = text(superuser, url)
            assert WARNING in html
            # Without it the warning is bare text.
            assert "django_faceid/admin.css" in html, url


def test_an_unreadable_setting_is_told_and_breaks_no_page(superuser: Client) -> None:
    session = make_session("a", status=Status.FAILED)
    with override_settings(FACEID={**LIVE, "RAET": 3}):
        for url in (SESSIONS, CALLS, page(session)):
            html = text(superuser, url)
            assert "RAET" in html
            assert KEYS["SECRET_KEY"] not in html
