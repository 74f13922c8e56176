"""A demo of our own to look at, and the people who sit at its desk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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


@contextmanager
def running_demo(folder: Path) -> Iterator[str]:
    """The address of a demo with processes, database and sandbox of its own, kept in a folder."""
    port = free_port()
    log = folder / "runner.log"
    env = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    with log.open("w") as out:
        command = [sys.executable, "-c", _RUN, str(folder / "run"), str(port)]
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


@contextmanager
def running_browser() -> Iterator[Any]:
    """A Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        yield running
        running.close()


def log_in(page: Any, name: str) -> None:
    """Sit down at the desk as one of the demo's staff, whose passwords are their names."""
    page.goto("/admin/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(name)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/admin/")


def take_a_loan(person: Any) -> None:
    """Pass the check that keeps its pictures, and that a colleague decides on."""
    person.locator("input[value=loan]").check()
    person.get_by_role("button", name="Verify your identity").click()
    person.get_by_role("button", name="You, in good light").click()
    person.get_by_role("heading", name="A colleague decides").wait_for()
