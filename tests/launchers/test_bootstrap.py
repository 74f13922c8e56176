"""Making and keeping `.venv`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from example_project import bootstrap
from example_project.bare_machine.installing import InstallationFailed, python_of
from example_project.bare_machine.progress import Progress

REPOSITORY = Path(__file__).resolve().parent.parent.parent


class Installer:
    """Stands in for uv and pip: notes what it is asked, and makes an environment that runs."""

    def __init__(self) -> None:
        self.made = 0
        self.installed: list[list[str]] = []
        self.failure = ""

    def create(self, venv: Path, progress: Progress) -> None:
        self.made += 1
        python_of(venv).parent.mkdir()
        python_of(venv).symlink_to(sys.executable)

    def install(self, venv: Path, wanted: Sequence[str], root: Path, progress: Progress) -> None:
        if self.failure:
            raise InstallationFailed(self.failure)
        self.installed.append(list(wanted))


@pytest.fixture
def installer(monkeypatch: pytest.MonkeyPatch) -> Installer:
    installer = Installer()
    monkeypatch.setattr(bootstrap, "create", installer.create)
    monkeypatch.setattr(bootstrap, "install", installer.install)
    return installer


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    (root / "pyproject.toml").write_text(
        '[project]\ndependencies = ["core>=1"]\n[dependency-groups]\n'
        'demo = ["page>=2"]\ntests = ["pytest"]\n'
    )
    return root


def prepare(root: Path, *groups: str) -> Path:
    return bootstrap.prepare(root, groups, Progress())


def test_an_environment_is_made_and_its_interpreter_returned(
    root: Path, installer: Installer
) -> None:
    assert prepare(root, "demo") == root / ".venv/bin/python"
    assert installer.installed == [["core>=1", "page>=2"]]


def test_an_environment_that_is_up_to_date_is_left_alone(root: Path, installer: Installer) -> None:
    prepare(root, "demo")
    prepare(root, "demo")
    assert (installer.made, len(installer.installed)) == (1, 1)


def test_another_group_is_added_and_the_first_one_stays(root: Path, installer: Installer) -> None:
    prepare(root, "demo")
    prepare(root, "tests")
    prepare(root, "demo")
    assert installer.made == 1
    assert installer.installed[1:] == [["core>=1", "page>=2", "pytest"]]


def test_a_changed_pyproject_is_installed_into_the_same_environment(
    root: Path, installer: Installer
) -> None:
    prepare(root, "demo")
    text = (root / "pyproject.toml").read_text()
    (root / "pyproject.toml").write_text(text.replace("page>=2", "page>=3"))
    prepare(root, "demo")
    assert installer.made == 1
    assert installer.installed[-1] == ["core>=1", "page>=3"]


def test_a_run_that_was_cut_off_while_installing_starts_over(
    root: Path, installer: Installer
) -> None:
    installer.failure = "cut off"
    with pytest.raises(SystemExit, match="cut off"):
        prepare(root, "demo")
    installer.failure = ""
    (root / ".venv/leftover").touch()
    prepare(root, "demo")
    assert installer.made == 2
    assert not (root / ".venv/leftover").exists()


def test_a_folder_without_a_working_interpreter_is_made_again(
    root: Path, installer: Installer
) -> None:
    python = root / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/no/such/python")
    prepare(root, "demo")
    assert installer.made == 1


def test_somebodys_own_environment_is_added_to_and_never_removed(
    root: Path, installer: Installer
) -> None:
    python = root / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (root / ".venv/theirs").touch()
    prepare(root, "demo")
    assert installer.made == 0
    assert (root / ".venv/theirs").exists()


def test_an_environment_that_moved_with_its_folder_is_made_again(
    root: Path, installer: Installer
) -> None:
    prepare(root, "demo")
    moved = root.rename(root.with_name("moved"))
    prepare(moved, "demo")
    assert installer.made == 2


def test_an_environment_that_has_everything_is_used_and_nothing_installed(
    installer: Installer,
) -> None:
    bootstrap.ensure(["tests"])
    assert installer.installed == []


def test_an_environment_that_still_lacks_something_does_not_start_anew_for_ever(
    root: Path, installer: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", root)
    monkeypatch.setenv("FACEID_BOOTSTRAPPED", "1")
    with pytest.raises(SystemExit, match=r"still lacks: core>=1, page>=2"):
        bootstrap.ensure(["demo"])


def test_the_command_starts_anew_with_its_own_arguments(
    root: Path, installer: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "ROOT", root)
    monkeypatch.setattr(sys, "orig_argv", ["python3", "-X", "dev", "tests", "-k", "one"])
    monkeypatch.setattr(os, "execv", lambda _path, arguments: started.append(arguments))
    monkeypatch.setenv("FACEID_BOOTSTRAPPED", "")
    bootstrap.ensure(["demo"], optional=["tests"])
    assert started == [[str(root / ".venv/bin/python"), "-X", "dev", "tests", "-k", "one"]]
    assert installer.installed == [["core>=1", "page>=2", "pytest"]]


TWO_AT_ONCE = """
import sys, time
from pathlib import Path
from example_project import bootstrap
from example_project.bare_machine.installing import python_of
from example_project.bare_machine.progress import Progress

root = Path(sys.argv[1])

def create(venv, progress):
    python_of(venv).parent.mkdir()
    python_of(venv).symlink_to(sys.executable)

def install(venv, wanted, root, progress):
    print("installing", flush=True)
    time.sleep(1)

bootstrap.create, bootstrap.install = create, install
bootstrap.prepare(root, ["demo"], Progress())
"""


def test_of_two_runs_at_once_the_second_waits_and_finds_the_work_done(root: Path) -> None:
    command = [sys.executable, "-c", TWO_AT_ONCE, str(root)]
    runs = [
        subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    output = [run.communicate(timeout=30)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert sorted(output) == ["", "installing\n"]


LOCKED = "import fcntl, sys; fcntl.flock(open(sys.argv[1], 'w'), fcntl.LOCK_EX | fcntl.LOCK_NB)"


def test_the_lock_stays_held_while_an_installer_of_a_killed_run_goes_on(root: Path) -> None:
    lock = root / ".cache/bootstrap.lock"
    with bootstrap._only_one(lock.parent, Progress()):
        command = [sys.executable, "-c", "input()"]
        left = subprocess.Popen(command, stdin=subprocess.PIPE, close_fds=False)
    try_lock = [sys.executable, "-c", LOCKED, str(lock)]
    assert subprocess.run(try_lock, stderr=subprocess.DEVNULL, check=False).returncode != 0
    left.communicate(b"\n", timeout=30)
    assert subprocess.run(try_lock, check=False).returncode == 0


@pytest.mark.slow
def test_a_machine_with_only_python_gets_an_environment_that_works(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    for name in ("django_faceid", "example_project"):
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(REPOSITORY / name, root / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, root)
    own = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    env = own | {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    base = getattr(sys, "_base_executable", sys.executable)
    made = subprocess.run(
        [base, "-m", "example_project.bootstrap", "demo"],
        cwd=root, env=env, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert "is ready" in made.stderr
    code = "import celery, dj_database_url, rest_framework, django_faceid as f; print(f.__file__)"
    python = made.stdout.strip()
    found = subprocess.run(
        [python, "-c", code], cwd="/", capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == str(root / "django_faceid/__init__.py")
