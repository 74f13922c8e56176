"""The desk under a Content-Security-Policy without exceptions: from 6.0 on Django's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.desk_pages import choose, walk

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Enter = Callable[..., Any]
BREAKS_IT = (
    "<p style='color: red'>",
    "<button onclick='document.title = 0'>",
    "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>",
)


@pytest.fixture
def said() -> list[str]:
    """Whatever stands in the console."""
    return []


@pytest.fixture
def page(staff: Enter, said: list[str]) -> Page:
    """Somebody who may open everything."""
    visitor: Page = staff("staff")
    visitor.on("console", lambda message: said.append(message.text))
    return visitor


def test_every_page_works_under_a_policy_without_exceptions(page: Page, said: list[str]) -> None:
    policies = {answer.url: answer.headers["content-security-policy"] for answer in walk(page)}
    assert len(policies) > 10
    for address, policy in policies.items():
        assert policy.startswith("default-src 'self';"), address
        assert "unsafe" not in policy
        assert "data:" not in policy
    assert said == []


def test_the_script_of_a_bulk_job_works_under_it(page: Page, said: list[str]) -> None:
    from playwright.sync_api import expect

    choose(page, 3)
    with page.expect_response("**/progress.json"):
        page.get_by_role("button", name="Fetch these results").click()
    # Nothing is pressed here: the script shows how far it is, and the end.
    expect(page.get_by_text("3 of 3 sessions are dealt with.")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Ended")).to_be_visible(timeout=60_000)
    assert said == []


def test_what_breaks_the_policy_would_be_seen(
    page: Page, said: list[str], complaints: list[str]
) -> None:
    page.goto("/admin/faceid/")
    for broken in BREAKS_IT:
        assert said == []
        with page.expect_console_message() as waiting:
            page.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", broken)
        assert "Content Security Policy" in waiting.value.text
        assert complaints
        said.clear()
        complaints.clear()
