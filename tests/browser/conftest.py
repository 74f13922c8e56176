"""A running demo and a real Chromium to look at it with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.demo import log_in, running_browser, running_demo

# Milliseconds that a page may take to show what is expected of it, on a machine with other work.
PATIENCE = 15_000


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a demo with processes, database and sandbox of its own.

    All tests share it, since it takes long to start: each begins as a person with no token out,
    or as staff who have just come in, whatever others have left at the desk.
    """
    with running_demo(tmp_path_factory.mktemp("demo")) as address:
        yield address


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """A Chromium; it is gone with the last of its tests, for its loop would trouble Django's."""
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    with running_browser() as running:
        yield running


@pytest.fixture
def complaints() -> list[str]:
    """What the browser had to say: errors of scripts, and violations of the policy."""
    return []


@pytest.fixture
def page(site: str, browser: Any, complaints: list[str]) -> Iterator[Any]:
    """A fresh visitor on the welcome page; fails the test when the browser complained."""
    context = browser.new_context(base_url=site, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    visitor = context.new_page()
    visitor.on("console", lambda said: _note(said.type, said.text, complaints))
    visitor.on("pageerror", lambda error: complaints.append(str(error)))
    visitor.goto("/")
    yield visitor
    context.close()
    assert complaints == []


def _note(kind: str, text: str, complaints: list[str]) -> None:
    # An answer with status 403 is a part of some journeys, and Chromium always reports it.
    if kind in ("error", "warning") and "Failed to load resource" not in text:
        complaints.append(text)


@pytest.fixture
def staff(site: str, browser: Any, complaints: list[str]) -> Iterator[Callable[..., Any]]:
    """Gives the page of a member of staff who is at the desk; options are a context's."""
    contexts: list[Any] = []

    def enter(name: str, **options: Any) -> Any:
        context = browser.new_context(base_url=site, reduced_motion="reduce", **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        visitor = context.new_page()
        visitor.on("console", lambda said: _note(said.type, said.text, complaints))
        visitor.on("pageerror", lambda error: complaints.append(str(error)))
        log_in(visitor, name)
        return visitor

    yield enter
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def person(page: Any) -> Any:
    """The page of somebody who is signed in, with nothing proved and no token out."""
    page.get_by_role("button", name="Sign in as demo").click()
    with page.expect_response("**/clock/"):
        page.get_by_role("button", name="Let ten minutes pass").click()
    page.get_by_text("Locked until this check is passed").wait_for()
    return page
