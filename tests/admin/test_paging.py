from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_faceid.admin import VerificationSessionAdmin
from django_faceid.models import Status, VerificationSession
from django_faceid.testing import make_session
from tests.admin.conftest import CALLS, SESSIONS, make_call, text

NOTHING_TO_FOLLOW = {"First": None, "Newer": None, "Older": None, "Last": None}


@pytest.fixture(autouse=True)
def _short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VerificationSessionAdmin, "list_per_page", 3)


def seven(**columns: str) -> list[int]:
    """The keys of seven sessions, newest first."""
    return [make_session(**columns).pk for _ in range(7)][::-1]


def shown(client: Client, address: str) -> list[int]:
    response = client.get(f"{SESSIONS}{address}")
    assert response.status_code == 200
    return [row.pk for row in response.context["cl"].result_list]


def links(client: Client, address: str) -> dict[str, str | None]:
    """Where each link of a page leads; None for one that leads nowhere."""
    html = text(client, f"{SESSIONS}{address}")
    found = dict.fromkeys(NOTHING_TO_FOLLOW)
    for href, name in re.findall(r'<a href="([^"]*)"[^>]*>(First|Newer|Older|Last)</a>', html):
        found[name] = href.replace("&amp;", "&")
    return found


def follow(client: Client, address: str, name: str) -> str:
    href = links(client, address)[name]
    assert href is not None
    return href


def test_pages_are_turned_from_the_newest_row_to_the_oldest_and_back(superuser: Client) -> None:
    keys = seven()
    assert shown(superuser, "") == keys[:3]
    second = follow(superuser, "", "Older")
    assert shown(superuser, second) == keys[3:6]
    third = follow(superuser, second, "Older")
    assert shown(superuser, third) == keys[6:]
    assert links(superuser, third)["Older"] is None
    assert shown(superuser, follow(superuser, third, "Newer")) == keys[3:6]
    first = follow(superuser, follow(superuser, third, "Newer"), "Newer")
    assert shown(superuser, first) == keys[:3]
    assert links(superuser, first)["Newer"] is None


def test_the_last_page_is_one_link_away_and_full(superuser: Client) -> None:
    keys = seven()
    last = follow(superuser, "", "Last")
    assert shown(superuser, last) == keys[4:]
    assert links(superuser, last) | {"First": "", "Newer": ""} == NOTHING_TO_FOLLOW | {
        "First": "",
        "Newer": "",
    }
    assert shown(superuser, follow(superuser, last, "Newer")) == keys[1:4]
    assert shown(superuser, follow(superuser, last, "First")) == keys[:3]


def test_what_fits_on_one_page_has_no_links(superuser: Client) -> None:
    for _ in range(3):
        make_session()
    assert links(superuser, "") == NOTHING_TO_FOLLOW
    assert links(superuser, "?after=0") == NOTHING_TO_FOLLOW


def test_a_page_stays_what_it_is_while_rows_arrive(superuser: Client) -> None:
    keys = seven()
    second = follow(superuser, "", "Older")
    make_session()
    assert shown(superuser, second) == keys[3:6]


def test_links_keep_filters_and_search_and_filters_forget_the_page(superuser: Client) -> None:
    keys = [make_session(status=Status.FAILED).pk for _ in range(7)][::-1]
    make_session(status=Status.SUCCEEDED)
    second = follow(superuser, "?status=failed", "Older")
    assert shown(superuser, second) == keys[3:6]
    html = text(superuser, f"{SESSIONS}{second}")
    assert 'href="?status=succeeded"' in html
    assert not re.search(r'name="(before|after)"', html)


def test_a_search_is_paged_like_everything_else(superuser: Client, customer: User) -> None:
    keys = [make_session(customer, status=Status.FAILED).pk for _ in range(7)][::-1]
    make_session("somebody else")
    second = follow(superuser, f"?q={customer.username}", "Older")
    assert shown(superuser, second) == keys[3:6]


def test_a_popup_stays_a_popup(superuser: Client) -> None:
    seven()
    assert "_popup=1" in follow(superuser, "?_popup=1", "Older")


@pytest.mark.parametrize("garbled", ["", "x", "-1", "1.5", "9" * 40, "%00", "٣٣٣x"])
@pytest.mark.parametrize("name", ["before", "after", "p", "all", "o"])
def test_a_garbled_page_is_the_first(superuser: Client, name: str, garbled: str) -> None:
    keys = seven()
    assert shown(superuser, f"?{name}={garbled}") == keys[:3]


def test_a_page_beyond_the_end_leads_back(superuser: Client) -> None:
    keys = seven()
    assert shown(superuser, "?before=0") == []
    assert links(superuser, "?before=0") == NOTHING_TO_FOLLOW | {"First": "?"}
    assert shown(superuser, f"?after={keys[0]}") == keys[:3]


@pytest.mark.parametrize(("rows", "capped"), [(2, False), (4, False), (5, True)])
def test_counting_stops_at_the_cap_and_says_so(
    superuser: Client, monkeypatch: pytest.MonkeyPatch, rows: int, capped: bool
) -> None:
    monkeypatch.setattr("django_faceid.admin.paging.MOST_COUNTED", 4)
    for _ in range(rows):
        make_session()
    for address in ("", "?after=0", "?before=999999999"):
        html = text(superuser, f"{SESSIONS}{address}")
        assert ("More than 4 verification sessions" in html) is capped
        assert (f"{rows} verification sessions" in html) is not capped


@pytest.mark.parametrize("url", [SESSIONS, CALLS])
@pytest.mark.parametrize("address", ["", "?after=0", "?before=999999999", "?last=24h"])
def test_no_page_skips_rows_and_all_ask_as_often(
    superuser: Client, url: str, address: str, customer: User
) -> None:
    numbers = set()
    for more in (1, 20):
        for _ in range(more):
            make_call(make_session(customer, status=Status.FAILED))
        with CaptureQueriesContext(connection) as captured:
            text(superuser, f"{url}{address}")
        assert not any("OFFSET" in query["sql"] for query in captured)
        numbers.add(len(captured))
    assert len(numbers) == 1
    assert numbers.pop() <= 8


def test_a_host_that_narrows_the_list_narrows_every_page(
    superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden, *rest = seven()

    def narrowed(self: object, request: object) -> object:
        return VerificationSession.objects.exclude(pk=hidden)

    monkeypatch.setattr(VerificationSessionAdmin, "get_queryset", narrowed)
    assert shown(superuser, "") == rest[:3]
    assert shown(superuser, "?after=0") == rest[3:]


@pytest.mark.urls("tests.admin.second_site")
@pytest.mark.parametrize("model", ["verificationsession", "apicall"])
def test_a_hosts_own_admin_for_the_tables_keeps_djangos_pages(
    superuser: Client, model: str, customer: User
) -> None:
    for _ in range(101):
        make_call(make_session(customer, status=Status.FAILED))
    html = text(superuser, f"/plain/faceid/{model}/")
    assert 'href="?p=2"' in html
    assert "faceid-pages" not in html
