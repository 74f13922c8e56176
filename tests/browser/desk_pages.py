"""Every page of the desk that a browser can be sent to, as the running demo has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.admin.doors import DESK, ROUTES

if TYPE_CHECKING:
    from playwright.sync_api import Page

WAITING = f"{DESK}verificationsession/?review__exact=pending"


def addresses(page: Page) -> Iterator[str]:
    """The address of every page that can be looked at, from the table of all addresses."""
    yield DESK
    session = first_of(page, WAITING)
    call = first_of(page, f"{DESK}apicall/")
    for route, doors in ROUTES.items():
        if doors.get.status == 200 and "export." not in route and "<int:job>" not in route:
            pk = call if route.startswith("apicall/") else session
            yield DESK + re.sub("<path:object_id>", pk, route)


def first_of(page: Page, address: str) -> str:
    """The key of the first row of a list."""
    page.goto(address)
    link = page.locator("#result_list tbody a").first.get_attribute("href") or ""
    found = re.search(r"/(\d+)/change/", link)
    assert found, f"{address} has no rows: {link}"
    return found[1]
