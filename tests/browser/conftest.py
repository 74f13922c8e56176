"""A running demo and a real Chromium to look at it with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from example_project.ports import HOST, free_port
from tests.machine import chromium

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 180
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_RUN = """
import sys
from pathlib import Path
from example_project import runner
runner.RUN_DIR = Path(sys.argv[1])
sys.exit(runner.main(["--port", sys.argv[2]]))
"""
_OURS = ("DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_", "TENCENTCLOUD_", "FACEID_")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a demo with processes, database and sandbox of its own."""
    run_dir = tmp_path_factory.mktemp("demo")
    port = free_port()
    log = run_dir / "runner.log"
    env = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    with log.open("w") as out:
        command = [sys.executable, "-c", _RUN, str(run_dir / "run"), str(port)]
        runner = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out)
    try:
        _wait_until_it_runs(runner, log)
        yield f"http://{HOST}:{port}"
    finally:
        runner.send_signal(signal.SIGTERM)
        runner.wait(timeout=30)


def _wait_until_it_runs(runner: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while "Stop with Ctrl-C" not in log.read_text():
        assert runner.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        yield running
        running.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser had to say: errors of scripts, and violations of the policy."""
    return []


@pytest.fixture
def page(site: str, browser: Any, complaints: list[str]) -> Iterator[Any]:
    """A fresh visitor on the welcome page; fails the test when the browser complained."""
    context = browser.new_context(base_url=site, reduced_motion="reduce")
    context.set_default_timeout(15_000)
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
        context.set_default_timeout(15_000)
        visitor = context.new_page()
        visitor.on("console", lambda said: _note(said.type, said.text, complaints))
        visitor.on("pageerror", lambda error: complaints.append(str(error)))
        visitor.goto("/admin/login/")
        visitor.get_by_label("Username").fill(name)
        visitor.get_by_label("Password").fill(name)
        visitor.get_by_role("button", name="Log in").click()
        visitor.wait_for_url("**/admin/")
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
