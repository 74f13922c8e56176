from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.templatetags.admin_list import results
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.safestring import SafeString, mark_safe

from django_faceid.admin import VerificationSessionAdmin
from django_faceid.admin.columns import over
from django_faceid.models import Status, VerificationSession
from django_faceid.testing import make_session
from tests.admin.conftest import CALLS, LOOK, SESSIONS, VIEW, StaffClient, make_call, text


@pytest.fixture
def rows(db: None) -> None:
    """One session of each kind that a cell may show in its own way, each with a call."""
    for status in Status:
        user = User.objects.create_user(f"<u>{status}</u>")
        make_call(make_session(user, status=status))
    make_call(make_session("a reference of theirs", status=Status.FAILED), milliseconds=None)
    troubled = make_session("<b>&amp;</b>", status=Status.ERROR, error_code="<i>Code.Of</i>")
    make_call(troubled, error_code="<i>Code.Of</i>", request_id="", waited=1200)
    orphan = make_session(User.objects.create_user("leaving"), status=Status.SUCCEEDED)
    make_call(orphan)
    User.objects.get(username="leaving").delete()


def listed(browser: Client, address: str) -> Any:
    return browser.get(address).context["cl"]


@pytest.mark.parametrize("address", [SESSIONS, CALLS, f"{SESSIONS}?status=failed&flow=default"])
@pytest.mark.parametrize("permissions", [VIEW, LOOK])
def test_rows_are_what_django_itself_would_draw(
    rows: None, staff: StaffClient, address: str, permissions: tuple[str, ...]
) -> None:
    shown = listed(staff(*permissions), address)
    theirs = "".join(f"<tr>{''.join(cells)}</tr>" for cells in results(shown))
    assert shown.drawn == theirs
    assert "<tr>" in theirs


def test_rows_with_boxes_to_tick_are_what_django_itself_would_draw(
    rows: None, superuser: Client
) -> None:
    shown = listed(superuser, f"{SESSIONS}?status=failed")
    assert shown.drawn == "".join(f"<tr>{''.join(cells)}</tr>" for cells in results(shown))
    assert str(shown.drawn).count('class="action-select"') == 2


@pytest.mark.parametrize("address", [SESSIONS, CALLS])
def test_a_list_reads_what_its_columns_show_and_nothing_more(
    rows: None, superuser: Client, address: str
) -> None:
    with CaptureQueriesContext(connection) as many:
        superuser.get(address)
    keep = VerificationSession.objects.latest("pk")
    VerificationSession.objects.exclude(pk=keep.pk).delete()
    with CaptureQueriesContext(connection) as one:
        superuser.get(address)
    assert len(many) == len(one)
    lists = [q["sql"] for q in many if "faceid_" in q["sql"] and "SELECT" in q["sql"]]
    for private in ("extra", "sdk_token", "server_param_info", "public_comment", "password"):
        assert not [sql for sql in lists if private in sql], private


@admin.display(description="shouted")
def shouted(admin: Any, session: VerificationSession) -> str:
    return f"{session.trace_id}!"


def test_a_column_of_a_hosts_own_is_drawn_by_django(
    rows: None, superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = (*VerificationSessionAdmin.list_display, "attempt", "shouted")
    monkeypatch.setattr(VerificationSessionAdmin, "list_display", columns)
    monkeypatch.setattr(VerificationSessionAdmin, "shouted", shouted, raising=False)
    session = VerificationSession.objects.latest("pk")
    with CaptureQueriesContext(connection) as queries:
        html = text(superuser, SESSIONS)
    assert f'<td class="field-shouted">{session.trace_id}!</td>' in html
    assert f'<td class="field-attempt">{session.attempt}</td>' in html
    assert len(queries) <= 8


def test_a_popup_hands_its_choice_to_the_window_that_opened_it(
    rows: None, superuser: Client
) -> None:
    session = VerificationSession.objects.latest("pk")
    html = text(superuser, f"{SESSIONS}?_popup=1")
    assert f'data-popup-opener="{session.pk}"' in html


def test_markup_and_text_of_the_same_letters_stay_apart() -> None:
    for first, second in ((SafeString("<b>"), "<b>"), ("<b>", SafeString("<b>"))):
        told = over(first, second)
        assert told.count("<b>") == 1
        assert told.count("&lt;b&gt;") == 1
    assert "<b>" not in over("<b>", "<b>")
    assert over(mark_safe("<b>"), "").count("<b>") == 1
