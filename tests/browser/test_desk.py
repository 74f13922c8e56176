"""Find, understand, decide: the desk as an auditor and as a reviewer sit at it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.admin.doors import DESK
from tests.browser.desk_pages import WAITING

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Enter = Callable[..., Any]
ACTS = ("Approve…", "Reject…", "Fetch result", "Cancel session…")


def a_request_id(page: Page) -> str:
    """The RequestId of the newest call to Tencent, as the list of calls shows it."""
    page.goto(f"{DESK}apicall/?outcome=ok")
    return page.locator("#result_list td.field-request code").first.inner_text()


def look_for(page: Page, text: str) -> None:
    """Paste into the search box of the sessions: what names one leads straight to its story."""
    page.goto(f"{DESK}verificationsession/")
    page.get_by_role("textbox", name="Search").fill(text)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("heading", name="Time line").wait_for()


def open_waiting(page: Page) -> str:
    """The page of a session that waits for a decision, with nobody at it; its key."""
    page.goto(f"{DESK}verificationsession/queue/")
    rows = page.get_by_role("table", name="Waiting, oldest first").locator("tbody tr")
    free = rows.filter(has=page.get_by_role("button")).first
    free.get_by_role("link").first.click()
    page.get_by_role("heading", name="Time line").wait_for()
    found = re.search(r"/(\d+)/change/", page.url)
    assert found, page.url
    return found[1]


def test_an_auditor_finds_a_session_by_its_request_id_and_reads_its_story(staff: Enter) -> None:
    from playwright.sync_api import expect

    page = staff("auditor")
    request_id = a_request_id(page)
    look_for(page, f'"RequestId": "{request_id}",')
    told = page.locator(".faceid-timeline li").filter(has_text=request_id)
    expect(told.first).to_contain_text("Asked Tencent for")
    expect(page.get_by_role("heading", name="Clocks")).to_be_visible()
    expect(page.get_by_role("table", name="What came back")).to_be_visible()
    told.first.get_by_role("link", name="Open this call").click()
    expect(page.locator("#content")).to_contain_text(request_id)


def test_an_auditor_sees_no_name_and_has_nothing_to_press(staff: Enter) -> None:
    from playwright.sync_api import expect

    auditor, reviewer = staff("auditor"), staff("reviewer")
    pk = open_waiting(reviewer)
    for label in ("Approve…", "Reject…"):
        expect(reviewer.get_by_role("link", name=label)).to_be_visible()
    name = reviewer.locator(".faceid-states dd").first.inner_text()
    auditor.goto(reviewer.url)
    expect(auditor.get_by_role("heading", name="Time line")).to_be_visible()
    for label in ACTS:
        expect(auditor.get_by_text(label, exact=True)).to_have_count(0)
    expect(auditor.locator("#content")).not_to_contain_text(name)
    for act in ("approve", "reject", "cancel", "fetch-result"):
        answer = auditor.request.get(f"{DESK}verificationsession/{pk}/{act}/")
        assert answer.status == 403, act


def test_a_pasted_token_finds_its_session_and_is_never_shown_again(
    staff: Enter, person: Page
) -> None:
    from playwright.sync_api import expect

    with person.expect_response("**/faceid/sessions/") as waiting:
        person.get_by_role("button", name="Verify your identity").click()
    token = waiting.value.json()["sdk_token"]
    page = staff("auditor")
    page.goto(f"{DESK}verificationsession/")
    page.get_by_role("textbox", name="Search").fill(token)
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="Time line")).to_be_visible()
    assert token not in page.url
    assert token not in page.content()


def test_an_auditor_reads_how_it_goes(staff: Enter) -> None:
    from playwright.sync_api import expect

    page = staff("auditor")
    page.goto("/admin/")
    page.get_by_role("link", name="Identity verification", exact=True).first.click()
    issued = page.get_by_role("listitem").filter(has_text="Tokens issued").locator(".faceid-big")
    in_a_day = int(issued.inner_text())
    assert in_a_day > 0
    page.get_by_role("link", name="7 days").click()
    page.get_by_role("link", name="7 days").and_(page.locator("[aria-current=page]")).wait_for()
    assert int(issued.inner_text()) > in_a_day
    page.get_by_text("The numbers as a table").first.click()
    expect(page.get_by_role("table").filter(has_text="Verified").first).to_be_visible()
    expect(page.get_by_text("HY_CAMERA_PERMISSION_ERROR")).to_be_visible()


def test_an_auditor_takes_a_filtered_list_away_without_anybodys_name(staff: Enter) -> None:
    reviewer = staff("reviewer")
    open_waiting(reviewer)
    name = reviewer.locator(".faceid-states dd").first.inner_text()
    page = staff("auditor")
    page.goto(WAITING)
    rows = page.locator("#result_list tbody tr").count()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    taken = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert taken.splitlines()[-1] == f"# complete: {rows} rows"
    assert name not in taken
    assert reviewer.request.get(f"{DESK}verificationsession/export.csv").status == 403
