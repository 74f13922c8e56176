"""A reviewer looks at what a check left behind, and a reference stays masked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.demo import take_a_loan
from tests.browser.desk_pages import WAITING, first_of
from tests.browser.test_desk_pages import WIDER, violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Enter = Callable[..., Any]
SESSIONS = "/admin/faceid/verificationsession"


def opened(page: Page, name: str) -> Page:
    """The tab in which a picture opens."""
    with page.expect_popup() as tab:
        page.get_by_role("button", name=name).click()
    return tab.value


def test_a_reviewer_opens_a_picture_and_plays_a_video(person: Page, staff: Enter) -> None:
    from playwright.sync_api import expect

    take_a_loan(person)
    page = staff("reviewer")
    session = first_of(page, WAITING)
    page.goto(f"{SESSIONS}/{session}/change/")
    expect(page.get_by_text("Nobody has looked at it.")).to_have_count(2)

    tab = opened(page, "Open the best frame")
    face = tab.get_by_role("img", name="Best frame")
    assert face.evaluate("e => [e.naturalWidth, e.naturalHeight]") == [120, 160]
    assert list(violations(tab)) == []

    tab = opened(page, "Open the video")
    player = tab.locator("video")
    player.evaluate("e => new Promise(ok => { e.onended = ok; e.muted = true; e.play(); })")
    player.evaluate("e => new Promise(ok => { e.onseeked = ok; e.currentTime = 0.5; })")
    assert player.evaluate("e => e.currentTime") == 0.5
    assert list(violations(tab)) == []
    tab.get_by_role("link", name="Back to the session").click()
    expect(tab.get_by_text("Last looked at by reviewer")).to_have_count(2)
    expect(tab.get_by_text("Picture looked at")).to_have_count(2)


def test_a_picture_fits_a_phone(person: Page, staff: Enter) -> None:
    take_a_loan(person)
    page = staff("reviewer", viewport={"width": 390, "height": 844})
    session = first_of(page, WAITING)
    page.goto(f"{SESSIONS}/{session}/change/")
    assert page.evaluate(WIDER) == 0
    tab = opened(page, "Open the best frame")
    tab.get_by_role("img", name="Best frame").wait_for()
    assert tab.evaluate(WIDER) == 0


def test_an_auditor_sees_that_pictures_are_kept_and_no_picture(person: Page, staff: Enter) -> None:
    from playwright.sync_api import expect

    take_a_loan(person)
    page = staff("auditor")
    session = first_of(page, WAITING)
    page.goto(f"{SESSIONS}/{session}/change/")
    expect(page.get_by_role("heading", name="Best frame")).to_be_visible()
    expect(page.get_by_role("button", name="Open the best frame")).to_have_count(0)
    expect(page.locator(".faceid-head")).to_contain_text("person ")
    assert page.goto(f"{SESSIONS}/{session}/media/best_frame/").status == 403
