"""The lists at a desk and on a phone, whatever stands in their rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.admin.doors import DESK
from tests.browser.desk_pages import WAITING, first_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Enter = Callable[..., Any]
SESSIONS, CALLS = f"{DESK}verificationsession/", f"{DESK}apicall/"
WIDTHS = (1280, 390)
# As rows would have them: a code as long as one can be, one as it usually is, and a long name.
TELL = """([cell, text]) => document.querySelectorAll(cell).forEach(
    each => { each.innerHTML = `<span class="faceid-short">${text}</span>`; })"""
CUT = """() => {
    const table = document.querySelector("#changelist .results");
    return table.scrollWidth - table.clientWidth;
}"""
LINES = """cell => {
    const text = new Range();
    text.selectNodeContents(cell);
    return text.getClientRects().length;
}"""
CUT_OFF = "each => each.scrollWidth - each.clientWidth"
CODES = ("X" * 127, "FailedOperation.DetectEngineSystemError")


def desk(staff: Enter, width: int) -> Page:
    page: Page = staff("staff", viewport={"width": width, "height": 844})
    return page


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("width", WIDTHS)
def test_no_code_pushes_the_end_of_a_row_off_the_screen(
    staff: Enter, width: int, code: str
) -> None:
    page = desk(staff, width)
    for address, cell in ((SESSIONS, "td.field-result"), (CALLS, "td.field-how_it_ended")):
        page.goto(address)
        page.evaluate(TELL, [cell, code])
        assert page.evaluate(CUT) <= 0, address
    page.goto(SESSIONS)
    page.evaluate(TELL, ["td.field-flow_name", "private_banking_onboarding"])
    page.evaluate(TELL, ["td.field-known_person", "somebody.with.a.name@mail.example.com"])
    assert page.evaluate(CUT) <= 0


@pytest.mark.parametrize("width", WIDTHS)
def test_every_row_shows_the_id_of_its_session(staff: Enter, width: int) -> None:
    from playwright.sync_api import expect

    page = desk(staff, width)
    page.goto(SESSIONS)
    expect(page.locator("#result_list td.field-session_id code").first).to_be_visible()


def test_a_list_fits_beside_a_scroll_bar_and_keeps_pseudonyms_in_one_piece(staff: Enter) -> None:
    scroll_bar = 15
    for who in ("reviewer", "auditor"):
        page = staff(who, viewport={"width": 1280 - scroll_bar, "height": 844})
        page.goto(SESSIONS)
        assert page.evaluate(CUT) <= 0, who
    people = page.locator("td.field-person").all()
    # "person", and below it the twelve digits.
    assert len(people) == 50
    assert {person.evaluate(LINES) for person in people} == {2}


def test_a_persons_other_sessions_are_whole_on_a_phone(staff: Enter) -> None:
    page = desk(staff, 390)
    # The oldest is of the demo's past, whose people come again and again.
    page.goto(f"{SESSIONS}?flow=loan")
    page.locator("#result_list tbody a").last.click()
    others = page.get_by_role("region", name="The same person's other sessions")
    assert others.locator("tbody tr").count() > 1
    assert others.evaluate(CUT_OFF) <= 0
    first = others.get_by_role("link").first.bounding_box()
    assert first and first["height"] < 20


def test_filters_can_be_cleared_at_the_top_of_a_phone(staff: Enter) -> None:
    page = desk(staff, 390)
    page.goto(f"{SESSIONS}?flow=default")
    clear = page.locator("#toolbar").get_by_role("link", name="Clear all filters")
    box = clear.bounding_box()
    assert box and box["y"] + box["height"] < 844
    clear.click()
    page.wait_for_url(lambda url: "flow" not in url)


def test_what_staff_did_warns_as_every_page_does(staff: Enter) -> None:
    page = desk(staff, 1280)
    page.goto(f"{SESSIONS}{first_of(page, WAITING)}/history/")
    banner = page.locator(".faceid-banner")
    border = banner.evaluate("each => getComputedStyle(each).borderLeftWidth")
    assert border == "6px"
