"""Every page of the desk, as the running demo has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.admin.doors import DESK, pages

if TYPE_CHECKING:
    from playwright.sync_api import Page, Response

SESSIONS = f"{DESK}verificationsession/"
WAITING = f"{SESSIONS}?review=pending"
# Django 6.1 has another word on the button.
RUN = re.compile("^(Go|Run)$")


def walk(page: Page) -> Iterator[Response]:
    """Stand on every page in turn, from the table of all addresses; how each was answered.

    Takes somebody with every right, and starts a bulk job where there is none.
    """
    keys = {
        "verificationsession": first_of(page, WAITING),
        "apicall": first_of(page, f"{DESK}apicall/"),
    }
    rest = {"<str:kind>": "best_frame", "<int:job>": a_job(page)}
    for method, route in [("get", ""), *pages()]:
        places = {"<path:object_id>": keys.get(route.partition("/")[0], ""), **rest}
        parts = [places.get(part, part) for part in route.split("/")]
        address = DESK + "/".join(parts)
        assert "<" not in address, f"say here what stands for it: {route}"
        if method == "get":
            answer = page.goto(address)
        else:
            page.goto(f"{SESSIONS}{keys['verificationsession']}/change/")
            answer = pressed(page, address)
        assert answer is not None
        assert (answer.status, answer.url.endswith(address)) == (200, True), (answer.url, address)
        yield answer


def pressed(page: Page, address: str) -> Response:
    """The answer to the one button of a page that posts to an address."""
    form = page.locator(f"form[action='{address}']")
    form.evaluate("form => form.removeAttribute('target')")
    with page.expect_navigation() as waiting:
        form.get_by_role("button").click()
    return waiting.value


def first_of(page: Page, address: str) -> str:
    """The key of the first row of a list."""
    page.goto(address)
    link = page.locator("#result_list tbody a").first.get_attribute("href") or ""
    found = re.search(r"/(\d+)/change/", link)
    assert found, f"{address} has no rows: {link}"
    return found[1]


def a_job(page: Page) -> str:
    """The key of a bulk job that has ended; the first is started here."""
    page.goto(f"{SESSIONS}bulk/")
    jobs = page.get_by_role("table", name="Newest jobs").get_by_role("link")
    if not jobs.count():
        choose(page, 1)
        page.get_by_role("button", name="Fetch these results").click()
        # The page loads itself anew at the end.
        page.get_by_text("Ended").wait_for(timeout=60_000)
        page.goto(f"{SESSIONS}bulk/")
    found = re.search(r"/bulk/(\d+)/", jobs.first.get_attribute("href") or "")
    assert found
    return found[1]


def choose(page: Page, number: int) -> None:
    """Ask for the results of some sessions whose results are there: nothing comes of it."""
    page.goto(WAITING)
    for tick in page.locator("#result_list tbody input[type=checkbox]").all()[:number]:
        tick.check()
    page.get_by_label("Action:").select_option(label="Fetch results…")
    page.get_by_role("button", name=RUN).click()
    page.get_by_role("button", name="Fetch these results").wait_for()
