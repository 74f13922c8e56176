from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.templatetags.admin_list import results
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.safestring import SafeString, mark_safe
from pytest_django import Settings

from django_faceid.admin import ApiCallAdmin, VerificationSessionAdmin
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
    assert shown.drawn == ["".join(cells) for cells in results(shown)]
    assert shown.drawn


def test_rows_with_boxes_to_tick_are_what_django_itself_would_draw(
    rows: None, superuser: Client
) -> None:
    shown = listed(superuser, f"{SESSIONS}?status=failed")
    assert shown.drawn == ["".join(cells) for cells in results(shown)]
    assert "".join(shown.drawn).count('class="action-select"') == 2


@pytest.mark.parametrize("links", [None, [], ["created", "person"]])
def test_links_are_where_a_host_wants_them(
    rows: None, staff: StaffClient, monkeypatch: pytest.MonkeyPatch, links: list[str] | None
) -> None:
    monkeypatch.setattr(VerificationSessionAdmin, "get_list_display_links", lambda *_args: links)
    shown = listed(staff(*VIEW), SESSIONS)
    assert shown.drawn == ["".join(cells) for cells in results(shown)]


@pytest.mark.parametrize(
    ("owner", "address", "columns"),
    [
        (VerificationSessionAdmin, SESSIONS, ("created", "current_status")),
        (ApiCallAdmin, CALLS, ("started", "how_it_ended")),
    ],
)
def test_a_host_may_show_fewer_columns(
    rows: None,
    superuser: Client,
    monkeypatch: pytest.MonkeyPatch,
    owner: type[Any],
    address: str,
    columns: tuple[str, ...],
) -> None:
    monkeypatch.setattr(owner, "list_display", columns)
    monkeypatch.setattr(owner, "get_list_display", lambda *_args: columns)
    shown = listed(superuser, address)
    assert shown.drawn == ["".join(cells) for cells in results(shown)]
    assert shown.drawn


SECRETS = {"extra", "sdk_token", "server_param_info", "public_comment", "password", "first_name"}


@pytest.mark.parametrize("address", [SESSIONS, CALLS])
@pytest.mark.parametrize(
    ("permissions", "private"), [(VIEW, {*SECRETS, "username"}), (LOOK, SECRETS)]
)
def test_a_list_reads_what_its_columns_show_and_nothing_more(
    rows: None, staff: StaffClient, address: str, permissions: tuple[str, ...], private: set[str]
) -> None:
    browser = staff(*permissions)
    with CaptureQueriesContext(connection) as many:
        browser.get(address)
    keep = VerificationSession.objects.latest("pk")
    VerificationSession.objects.exclude(pk=keep.pk).delete()
    with CaptureQueriesContext(connection) as one:
        browser.get(address)
    assert len(many) == len(one)
    lists = " ".join(query["sql"] for query in many if "faceid_" in query["sql"])
    assert not [column for column in private if column in lists]


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


def test_a_host_may_draw_the_table_its_own_way(
    rows: None, superuser: Client, settings: Settings, tmp_path: Path
) -> None:
    theirs = tmp_path / "admin" / "change_list_results.html"
    theirs.parent.mkdir()
    theirs.write_text("{% for row in results %}<p class='theirs'>{{ row.0 }}</p>{% endfor %}")
    [engine] = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path]}]
    html = text(superuser, SESSIONS)
    assert html.count("<p class='theirs'><td") == VerificationSession.objects.count()


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
