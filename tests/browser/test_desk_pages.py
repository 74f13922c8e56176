"""What holds on every page of the desk: accessibility, and the width of a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.browser.desk_pages import choose, walk

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Enter = Callable[..., Any]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1280, 390)
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def violations(page: Page) -> Iterator[str]:
    """What axe-core calls serious or critical, one line each."""
    from axe_playwright_python.sync_playwright import Axe

    for found in Axe().run(page).response["violations"]:
        if found["impact"] in ("serious", "critical"):
            for node in found["nodes"]:
                yield f"{page.url} {found['id']}: {node['target']} {node['html'][:160]}"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_shuts_anybody_out_or_is_wider_than_its_screen(
    staff: Enter, scheme: str, width: int
) -> None:
    page = staff("staff", color_scheme=scheme, viewport={"width": width, "height": 844})
    found: list[str] = []
    for _answer in walk(page):
        found += faults(page)
    assert found == []


def test_bulk_work_is_confirmed_followed_to_its_end_and_open_to_everybody(staff: Enter) -> None:
    from playwright.sync_api import expect

    page = staff("reviewer")
    choose(page, 3)
    expect(page.get_by_text("3 sessions are chosen.")).to_be_visible()
    found = in_every_light(page)
    page.get_by_role("button", name="Fetch these results").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    # Nothing is pressed here: the page follows the worker by itself.
    expect(page.get_by_text("Left alone")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    skipped = page.get_by_role("table", name="Skipped and failed").locator("tbody tr")
    expect(skipped).to_have_count(3)
    found += in_every_light(page)
    page.get_by_role("link", name="Bulk work").click()
    page.get_by_role("table", name="Newest jobs").get_by_role("link").first.wait_for()
    assert found == []


def in_every_light(page: Page) -> list[str]:
    """The faults of a page that cannot be asked for twice."""
    found: list[str] = []
    for scheme, width in product(SCHEMES, WIDTHS):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 844})
        # Django's admin lets the colour of links change slowly.
        page.evaluate("Promise.all(document.getAnimations().map(each => each.finished))")
        found += faults(page)
    return found


def faults(page: Page) -> Iterator[str]:
    """What shuts somebody out of a page, and how far it is too wide."""
    yield from violations(page)
    if over := page.evaluate(WIDER):
        yield f"{page.url} is {over} px too wide"
