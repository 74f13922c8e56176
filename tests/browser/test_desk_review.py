"""A reviewer takes what waits, reads, decides, and the person is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.demo import take_a_loan
from tests.browser.test_desk_pages import WIDER, violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Enter = Callable[..., Any]
QUEUE = "/admin/faceid/verificationsession/queue/"
COMMENT = "Please bring your passport to a branch; we could not see your face well."


def open_queue(page: Page) -> None:
    """From the front page, as somebody who has never been there."""
    page.goto("/admin/faceid/verificationsession/")
    page.get_by_role("link", name="Review queue").click()
    page.get_by_role("heading", name="Review queue").wait_for()


def test_a_reviewer_rejects_with_a_reason_and_the_person_reads_the_comment(
    person: Page, staff: Enter
) -> None:
    from playwright.sync_api import expect

    take_a_loan(person)
    page = staff("reviewer")
    open_queue(page)
    newest = page.get_by_role("table", name="Waiting, oldest first").locator("tbody tr").last
    expect(newest).to_contain_text("loan")
    expect(newest).to_contain_text("every result of this flow")
    newest.get_by_role("button").click()

    expect(page.get_by_text("You are at it")).to_be_visible()
    page.get_by_role("link", name="Reject…").click()
    expect(page.get_by_role("table", name="What came back")).to_be_visible()
    expect(page.get_by_role("button", name="Open the best frame")).to_be_visible()
    page.get_by_role("button", name="Reject", exact=True).click()
    # The browser itself asks for a reason; nothing has been sent.
    expect(page.get_by_role("heading", name="Reject this session?")).to_be_visible()
    page.get_by_role("radio", name="Too little can be seen to be sure").check()
    page.get_by_role("textbox", name="Note").fill("The picture is all dark.")
    page.get_by_label("Comment for the user").fill(COMMENT)
    assert list(violations(page)) == []
    page.get_by_role("button", name="Reject", exact=True).click()

    told = page.locator(".messagelist")
    expect(told).to_contain_text("Rejected: Too little can be seen to be sure")
    expect(page.locator(".faceid-timeline")).to_contain_text("The picture is all dark.")
    person.get_by_role("button", name="Look again").click()
    expect(person.get_by_role("heading", name="Not accepted")).to_be_visible()
    expect(person.locator("#verdict-message")).to_have_text(COMMENT)

    page.get_by_role("button", name="Take the next one").click()
    expect(page.get_by_text("You are at it")).to_be_visible()
    page.get_by_role("button", name="Release").click()
    expect(page.locator(".messagelist")).to_contain_text("Released")


def test_of_two_reviewers_each_has_a_session_alone(person: Page, staff: Enter) -> None:
    from playwright.sync_api import expect

    first, second = staff("reviewer"), staff("staff")
    for page in (first, second):
        open_queue(page)
        page.get_by_role("button", name="Take the next one").click()
        expect(page.get_by_text("You are at it")).to_be_visible()
    seconds_own = second.url
    assert first.url != seconds_own
    second.goto(first.url)
    expect(second.get_by_text("reviewer is looking at it.")).to_be_visible()
    expect(second.get_by_role("link", name="Reject…")).to_have_count(0)
    second.goto(seconds_own)
    for page in (first, second):
        page.get_by_role("button", name="Release").click()
        expect(page.locator(".messagelist")).to_contain_text("Released")


def test_a_reviewer_decides_with_a_keyboard_on_a_phone(person: Page, staff: Enter) -> None:
    from playwright.sync_api import expect

    take_a_loan(person)
    page = staff("reviewer", viewport={"width": 390, "height": 844})
    page.goto(QUEUE)
    assert page.evaluate(WIDER) == 0
    take = page.get_by_role("table", name="Waiting, oldest first").get_by_role("button").last
    take.focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Approve…").focus()
    page.keyboard.press("Enter")
    page.get_by_role("group", name="Reason").get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    assert page.evaluate(WIDER) == 0
    page.get_by_role("button", name="Approve", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".messagelist")).to_contain_text("Approved")
    person.get_by_role("button", name="Look again").click()
    expect(person.get_by_role("heading", name="Verified")).to_be_visible()
