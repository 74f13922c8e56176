"""Makes `.venv` in the root of the repository on a machine with only Python and a package index.

`ensure()` is the first line of both commands, `python3 example_project` and `python3 tests`. An
environment that has everything already, such as an activated one or that of `uv run`, is used
as it is. As a command, `python3 -m example_project.bootstrap GROUP…` prints the path of the
interpreter to use. The groups are the dependency groups of pyproject.toml.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from example_project.bare_machine.installing import (
    InstallationFailed,
    create,
    install,
    python_of,
)
from example_project.bare_machine.interpreters import MINIMUM, version_of
from example_project.bare_machine.progress import Progress
from example_project.bare_machine.requirements import missing, requirements

ROOT = Path(__file__).resolve().parent.parent
STAMP = "faceid-bootstrap.json"
_STARTED_ANEW = "FACEID_BOOTSTRAPPED"


def ensure(groups: Sequence[str], optional: Sequence[str] = ()) -> None:
    """Go on only where these dependency groups are installed.

    Returns at once where they are; else prepares `.venv`, with the optional groups as well, and
    starts the running command anew in it.
    """
    started_anew = os.environ.pop(_STARTED_ANEW, None)
    lacking = missing(requirements(ROOT / "pyproject.toml", groups))
    if not lacking:
        return
    if started_anew:
        sys.exit(f"{sys.prefix} was prepared and still lacks: {', '.join(lacking)}")
    python = str(prepare(ROOT, [*groups, *optional], Progress()))
    os.environ[_STARTED_ANEW] = "1"
    os.execv(python, [python, *sys.orig_argv[1:]])  # noqa: S606


@dataclass(frozen=True)
class Stamp:
    """What an environment was made for; kept inside it."""

    root: str
    pyproject: str
    groups: tuple[str, ...]

    @classmethod
    def wanted(cls, root: Path, groups: set[str]) -> Stamp:
        """The stamp of an environment that is up to date and has these groups."""
        digest = hashlib.sha256((root / "pyproject.toml").read_bytes()).hexdigest()
        return cls(str(root), digest, tuple(sorted(groups)))

    @classmethod
    def read(cls, venv: Path) -> Stamp | None:
        """The stamp of an environment; None where it has none."""
        try:
            content = json.loads((venv / STAMP).read_text(encoding="utf-8"))
            return cls(content["root"], content["pyproject"], tuple(content["groups"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return UNFINISHED

    def write(self, venv: Path) -> None:
        """Leave the stamp in an environment, whole or not at all."""
        part = venv / f"{STAMP}.part"
        part.write_text(json.dumps(asdict(self)), encoding="utf-8")
        part.replace(venv / STAMP)


UNFINISHED = Stamp(root="", pyproject="", groups=())


def prepare(root: Path, groups: Sequence[str], progress: Progress) -> Path:
    """The interpreter of an up-to-date `.venv`; ends the program with a sentence if none can be.

    Of two runs at once the second waits for the first. An environment that was left half-made,
    or made for another folder, is made again; one that is only out of date is added to.
    """
    venv = root / ".venv"
    with _sigterm_as_exception(), _only_one(root / ".cache", progress):
        stamp = Stamp.read(venv)
        wanted = Stamp.wanted(root, {*groups, *(stamp.groups if stamp else ())})
        works = (version_of(str(python_of(venv))) or (0, 0)) >= MINIMUM
        if works and stamp == wanted:
            return python_of(venv)
        try:
            # Without a stamp it is somebody's own environment: added to, never removed.
            if not works or (stamp and stamp.root != str(root)):
                _make_anew(venv, progress)
            install(venv, requirements(root / "pyproject.toml", wanted.groups), root, progress)
        except InstallationFailed as failure:
            sys.exit(f"\n{failure}")
        wanted.write(venv)
        progress.say(f"{venv.name} is ready")
    return python_of(venv)


def _make_anew(venv: Path, progress: Progress) -> None:
    if venv.is_symlink():
        venv.unlink()
    elif venv.exists():
        progress.say(f"{venv.name} does not work or is half-made: removing it")
        shutil.rmtree(venv)
    venv.mkdir()
    UNFINISHED.write(venv)
    create(venv, progress)
    UNFINISHED.write(venv)  # once more, since making it without pip empties the folder


@contextlib.contextmanager
def _only_one(folder: Path, progress: Progress) -> Iterator[None]:
    """Hold a lock that this process and the installers it starts share until all have ended."""
    folder.mkdir(exist_ok=True)
    with (folder / "bootstrap.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("another run is preparing the environment: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        os.set_inheritable(lock.fileno(), True)
        yield


@contextlib.contextmanager
def _sigterm_as_exception() -> Iterator[None]:
    """End by SIGTERM as by Ctrl-C, so that the installer we started ends too."""

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    print(prepare(ROOT, sys.argv[1:], Progress()))
