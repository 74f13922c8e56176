"""What holds on every page of the desk: a strict policy, accessibility, the width of a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.desk_pages import addresses

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Enter = Callable[..., Any]
WIDTHS = {"desk": 1280, "phone": 390}
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def violations(page: Page) -> Iterator[str]:
    """What axe-core calls serious or critical, one line each."""
    from axe_playwright_python.sync_playwright import Axe

    for found in Axe().run(page).response["violations"]:
        if found["impact"] in ("serious", "critical"):
            for node in found["nodes"]:
                yield f"{page.url} {found['id']}: {node['target']} {node['html'][:160]}"


def test_every_page_works_under_a_policy_without_exceptions(staff: Enter) -> None:
    page = staff("staff")
    for address in list(addresses(page)):
        answer = page.goto(address)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'self';"), address
        assert "unsafe" not in policy
        assert "data:" not in policy
    # A violation would be among the browser's complaints, of which there must be none.


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_shuts_anybody_out_or_is_wider_than_its_screen(
    staff: Enter, scheme: str, width: str
) -> None:
    viewport = {"width": WIDTHS[width], "height": 844}
    page = staff("staff", color_scheme=scheme, viewport=viewport)
    found: list[str] = []
    for address in list(addresses(page)):
        page.goto(address)
        found += violations(page)
        if page.evaluate(WIDER):
            found.append(f"{address} is {page.evaluate(WIDER)} px too wide")
    assert found == []
