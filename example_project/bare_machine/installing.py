"""Makes a virtual environment and installs into it, with uv where there is one, else with pip."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from example_project.bare_machine.pip_wheel import configured, pip_wheel
from example_project.bare_machine.progress import Finished, Progress

_NETWORK = re.compile(
    r"from versions: none|NewConnectionError|ConnectTimeout|ReadTimeout|name resolution"
    r"|dns error|error sending request|Connection refused|Network is unreachable|ProxyError",
    re.IGNORECASE,
)
_NO_NETWORK = (
    "The package index could not be reached. Connect this machine to it, or name another one "
    "in PIP_INDEX_URL (pip's own settings and proxy variables are honoured), then run the same "
    "command again. Without any network, run it with a Python that has the packages already."
)
_NO_PIP = (
    "This Python has no pip, and none could be fetched. Install your system's package of "
    "Python's venv module (on Debian and Ubuntu: apt install python3-venv), or put uv on PATH, "
    "or name a package index in PIP_INDEX_URL; then run the same command again."
)


class InstallationFailed(Exception):
    """The environment could not be made; the text says why and what to do about it."""


def python_of(venv: Path) -> Path:
    """The interpreter inside a virtual environment."""
    return venv / "bin" / "python"


def create(venv: Path, progress: Progress) -> None:
    """Make a virtual environment in a folder that may exist already, with or without pip."""
    progress.say(f"making {venv.name} for Python {sys.version.split()[0]}")
    base = getattr(sys, "_base_executable", sys.executable)
    uv = shutil.which("uv")
    if uv and _works(progress, [uv, "venv", "--allow-existing", "--python", base, str(venv)]):
        return
    # `import ensurepip` proves nothing (Debian leaves an empty folder): only trying does.
    if _works(progress, [base, "-m", "venv", str(venv)]):
        return
    bare = progress.run([base, "-m", "venv", "--clear", "--without-pip", str(venv)])
    if bare.status:
        raise InstallationFailed(f"{_last_lines(bare)}\n\nPython's venv module does not work here.")


def install(venv: Path, requirements: Sequence[str], root: Path, progress: Progress) -> None:
    """Install the project in editable form and the requirements; no compiler is asked for."""
    progress.say(f"installing {len(requirements)} packages and what they need")
    wanted = ["--editable", str(root), *requirements]
    uv = shutil.which("uv")
    if uv:
        command = [uv, "pip", "install", "--python", str(python_of(venv)), *wanted]
        if _works(progress, command, _uv_environment()):
            return
        progress.say("uv could not do it; trying pip")
    _require_pip(venv, progress)
    options = ["--progress-bar", "off", "--disable-pip-version-check", "--no-input"]
    pip = [str(python_of(venv)), "-m", "pip", "install", *options, *wanted]
    finished = progress.run(pip, {"PIP_RETRIES": "2"} | dict(os.environ))
    if finished.status:
        reason = _NO_NETWORK if _NETWORK.search(finished.output) else "pip could not install it."
        raise InstallationFailed(f"{_last_lines(finished)}\n\n{reason}")


def _require_pip(venv: Path, progress: Progress) -> None:
    python = str(python_of(venv))
    if _works(progress, [python, "-m", "pip", "--version"]):
        return
    with tempfile.TemporaryDirectory() as folder:
        wheel = pip_wheel(Path(folder), progress)
        if wheel is None:
            raise InstallationFailed(_NO_PIP)
        progress.say(f"installing {wheel.name.removesuffix('-py3-none-any.whl')}")
        command = [python, "-m", "pip", "install", "--no-index", "--no-deps", str(wheel)]
        if not _works(progress, command, dict(os.environ) | {"PYTHONPATH": str(wheel)}):
            raise InstallationFailed(_NO_PIP)


def _uv_environment() -> dict[str, str]:
    """What pip is told about the index, said in uv's words; what uv is told itself comes first."""
    told = {
        "UV_DEFAULT_INDEX": configured("index-url"),
        "UV_INDEX": configured("extra-index-url"),
        "SSL_CERT_FILE": configured("cert"),
    }
    return {name: value for name, value in told.items() if value} | dict(os.environ)


def _works(progress: Progress, command: list[str], env: dict[str, str] | None = None) -> bool:
    return progress.run(command, env).status == 0


def _last_lines(finished: Finished) -> str:
    return "\n".join(finished.output.splitlines()[-15:])
