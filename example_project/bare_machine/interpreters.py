"""Finds a Python that is new enough; written so that one as old as 3.6 can read it."""

import glob
import os
import subprocess
import sys

MINIMUM = (3, 10)
NAMES = ("python3.13", "python3.12", "python3.11", "python3.10", "python3.14", "python3")


def require_python() -> None:
    """Go on in a Python that is new enough, or end with a sentence that says what is missing."""
    if sys.version_info >= MINIMUM:
        return
    found = find_python()
    if found is None:
        sys.exit(
            "This project needs Python {}.{} or newer; {} is Python {}.{}, and no newer one was "
            "found on PATH. Install one and run the command again with it.".format(
                *MINIMUM, sys.executable, *sys.version_info[:2]
            )
        )
    os.execv(found, [found, *sys.argv])  # noqa: S606


def find_python() -> "str | None":
    """The first interpreter that runs and is new enough; None when there is none."""
    for path in candidates():
        version = version_of(path)
        if version is not None and version >= MINIMUM:
            return path
    return None


def candidates() -> "list[str]":
    """Every interpreter on PATH and among pyenv's versions, whether it runs or not."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    pyenv = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))  # noqa: PTH111
    folders += sorted(glob.glob(os.path.join(pyenv, "versions", "3.*", "bin")))  # noqa: PTH118, PTH207
    paths = [os.path.join(folder, name) for name in NAMES for folder in folders]  # noqa: PTH118
    return [path for path in paths if os.access(path, os.X_OK)]


def version_of(path: str) -> "tuple[int, int] | None":
    """The version an interpreter reports when it is run; None when it does not run.

    It is run because a file may exist without working, as pyenv's shims do for versions that
    are not switched on.
    """
    probe = "import sys, ssl; print('%d %d' % sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [path, "-c", probe],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=20,
            check=True,
        ).stdout.split()
        return int(answer[0]), int(answer[1])
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        return None
