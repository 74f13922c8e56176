"""What holds for all tests: parts that are not there, the present time, one release to look at.

Tests that need what this machine does not have are left out, loudly; or they fail.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from django_faceid import clock
from django_faceid.sandbox.server import _Listener
from tests.machine import SERVICES, Service, everything_is_required

# What tests share asserts things too: an assertion there that fails tells what it compared.
pytest.register_assert_rewrite(
    *(f"tests.{found.parent.name}" for found in Path(__file__).parent.glob("*/__init__.py"))
)

ROOT = Path(__file__).resolve().parent.parent
NOT_SOURCE = shutil.ignore_patterns(
    ".*", "__pycache__", "*.pyc", "*.egg-info", "build", "dist", "node_modules"
)

_left_out = pytest.StashKey[dict[Service, int]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_left_out] = {}


def pytest_report_header() -> Iterator[str]:
    for service in SERVICES:
        absence = service.absence()
        consequence = "its tests FAIL" if everything_is_required() else "its tests are LEFT OUT"
        found = f"not found, {consequence} ({absence})" if absence else "found"
        yield f"{service.name:14} {found}"


@pytest.fixture(scope="session", autouse=True)
def sandboxes_that_end_at_once() -> Iterator[None]:
    """Let no test wait at its end until a sandbox looks whether it is over, some 50 ms later."""
    serve = _Listener.serve_forever
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(_Listener, "serve_forever", lambda self, **_: serve(self, 0.005))
        yield


@pytest.fixture(autouse=True)
def present() -> Iterator[None]:
    """Let no test begin at the time to which another has moved the clock."""
    offset = clock.offset
    yield
    clock.offset = offset


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for service in SERVICES:
        if item.get_closest_marker(service.marker) and service.absence():
            reason = f"{service.name} is not there: {service.absence()}"
            if everything_is_required():
                pytest.fail(reason, pytrace=False)
            left_out = item.config.stash[_left_out]
            left_out[service] = left_out.get(service, 0) + 1
            pytest.skip(reason)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    left_out = config.stash[_left_out]
    if left_out:
        terminalreporter.section("LEFT OUT: parts that this machine does not have", yellow=True)
        for service, count in left_out.items():
            terminalreporter.line(f"{count:5} tests need {service.name}: {service.absence()}")


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository, as a fresh clone has it."""
    copy = tmp_path_factory.mktemp("source") / "django-faceid"
    return shutil.copytree(ROOT, copy, ignore=NOT_SOURCE)


@pytest.fixture(scope="session")
def built(source: Path) -> Path:
    """The folder with the sdist and the wheel that was built from it."""
    installer = "uv" if shutil.which("uv") else "pip"
    command = [sys.executable, "-m", "build", "--installer", installer, str(source)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return source / "dist"


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    """The wheel as it would be released."""
    return next(built.glob("*.whl"))
