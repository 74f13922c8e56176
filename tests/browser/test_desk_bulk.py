"""A reviewer does the same to many sessions, and watches it being done."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.desk_pages import RUN, SESSIONS
from tests.browser.test_desk_pages import WIDER, violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Enter = Callable[..., Any]


@pytest.mark.parametrize("width", [1280, 390])
def test_sessions_are_chosen_confirmed_and_watched_to_the_end(staff: Enter, width: int) -> None:
    from playwright.sync_api import expect

    page = staff("reviewer", viewport={"width": width, "height": 844})
    page.goto(SESSIONS)
    for row in range(2):
        page.locator("#result_list tbody input[type=checkbox]").nth(row).check()
    page.get_by_label("Action:").select_option(label="Cancel sessions…")
    page.get_by_role("button", name=RUN).click()
    expect(page.get_by_text("2 sessions are chosen.")).to_be_visible()
    assert list(violations(page)) == []
    page.get_by_role("button", name="Cancel these sessions").click()

    expect(page.get_by_text(re.compile("[012] of 2 sessions are dealt with"))).to_be_visible()
    assert list(violations(page)) == []
    assert not page.evaluate(WIDER)
    # The demo's own worker does it; the page hears of it by itself.
    expect(page.get_by_text("2 of 2 sessions are dealt with.")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Ended")).to_be_visible(timeout=10_000)
    assert list(violations(page)) == []
    page.get_by_role("link", name="Bulk work").click()
    expect(page.get_by_role("table", name="Newest jobs")).to_be_visible()
