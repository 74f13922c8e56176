"""Gets pip's wheel for an interpreter that came without pip.

Python's own `ensurepip` is the usual source, but Debian splits it off. Three other sources are
asked in turn, and none needs a host name written down here: a wheel that the operating system
keeps for this purpose; the package index this machine is configured to use, whose checksum is
compared; on Debian and its kin the archive that the machine trusts already, where apt checks
the signature.
"""

from __future__ import annotations

import base64
import configparser
import hashlib
import os
import re
import shutil
import ssl
import sys
import sysconfig
import urllib.request
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from example_project.bare_machine.progress import Progress

_LINK = re.compile(r"<a\s(?P<attributes>[^>]*)>")
_WHEEL = re.compile(r"pip-(?P<version>[0-9.]+)-py3-none-any\.whl$")


def pip_wheel(folder: Path, progress: Progress) -> Path | None:
    """A wheel of pip, put into the folder when it has to be fetched; None when there is none."""
    return system_wheel() or index_wheel(folder, progress) or archive_wheel(folder, progress)


def system_wheel() -> Path | None:
    """The newest wheel of pip that the operating system keeps."""
    folders = [sysconfig.get_config_var("WHEEL_PKG_DIR"), "/usr/share/python-wheels"]
    wheels = [path for name in folders if name for path in Path(name).glob("pip-*.whl")]
    return max(wheels, key=lambda path: _version(path.name), default=None)


def index_wheel(folder: Path, progress: Progress) -> Path | None:
    """The newest wheel of pip on the configured index (PEP 503) that this Python can run."""
    index = configured("index-url")
    if index is None:
        return None
    progress.say("fetching pip from the configured package index")
    try:
        page_url = index.rstrip("/") + "/pip/"
        page = _get(page_url).decode("utf-8")
        name, url, digest = max(_wheels(page, page_url), key=lambda found: _version(found[0]))
        content = _get(url)
    except (OSError, ValueError) as error:
        progress.say(f"  the index did not give it: {error}")
        return None
    if hashlib.sha256(content).hexdigest() != digest:
        progress.say("  its checksum is not the one the index states; not used")
        return None
    (folder / name).write_bytes(content)
    return folder / name


def archive_wheel(folder: Path, progress: Progress) -> Path | None:
    """The wheel in Debian's package python3-pip-whl, unpacked without being installed."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return None
    progress.say("fetching pip from this system's package archive")
    lists = folder / "lists"
    (lists / "partial").mkdir(parents=True)
    own_lists = ["-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={folder}"]
    here = os.environ | {"LC_ALL": "C"}
    progress.run(["apt-get", *own_lists, "update"], here)
    download = f"cd '{folder}' && apt-get {' '.join(own_lists)} download python3-pip-whl"
    progress.run(["sh", "-c", download], here)
    for package in folder.glob("python3-pip-whl*.deb"):
        progress.run(["dpkg-deb", "-x", str(package), str(folder)])
    return next((folder / "usr/share/python-wheels").glob("pip-*.whl"), None)


def configured(option: str) -> str | None:
    """What pip is told on this machine by PIP_… in the environment or by its files."""
    from_environment = os.environ.get("PIP_" + option.upper().replace("-", "_"))
    if from_environment:
        return from_environment
    parser = configparser.RawConfigParser()
    parser.read(_pip_files(), encoding="utf-8")
    for section in ("install", "global"):
        if parser.has_option(section, option):
            return parser.get(section, option).strip()
    return None


def _pip_files() -> list[Path]:
    home = Path(os.environ.get("HOME") or "/")
    files = [
        *(Path(part) / "pip/pip.conf" for part in _folders("XDG_CONFIG_DIRS", "/etc/xdg")),
        Path("/etc/pip.conf"),
        home / ".pip/pip.conf",
        *(Path(part) / "pip/pip.conf" for part in _folders("XDG_CONFIG_HOME", f"{home}/.config")),
        Path(os.environ.get("PIP_CONFIG_FILE") or os.devnull),
    ]
    return files[-1:] if os.environ.get("PIP_CONFIG_FILE") == os.devnull else files


def _folders(variable: str, default: str) -> list[str]:
    return [part for part in os.environ.get(variable, default).split(os.pathsep) if part]


def _wheels(page: str, page_url: str) -> Iterator[tuple[str, str, str]]:
    for link in _LINK.finditer(page):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', link["attributes"]))
        url, _, digest = unescape(attributes.get("href", "")).partition("#sha256=")
        name = unquote(urlsplit(url).path.rsplit("/", 1)[-1])
        usable = _WHEEL.match(name) and digest and "data-yanked" not in link["attributes"]
        if usable and _runs_here(unescape(attributes.get("data-requires-python", ""))):
            yield name, urljoin(page_url, url), digest


def _runs_here(requires_python: str) -> bool:
    minimum = re.search(r">=\s*([0-9]+)\.([0-9]+)", requires_python)
    return minimum is None or sys.version_info >= (int(minimum[1]), int(minimum[2]))


def _version(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"[0-9]+", name.split("-")[1]))


def _get(url: str) -> bytes:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        raise ValueError("only an http or https index can be read without pip")
    user, _, host = parts.netloc.rpartition("@")
    request = urllib.request.Request(urlunsplit(parts._replace(netloc=host)))  # noqa: S310
    if user:
        credentials = base64.b64encode(unquote(user).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {credentials}")
    context = ssl.create_default_context(cafile=configured("cert"))
    with urllib.request.urlopen(request, timeout=30, context=context) as answer:  # noqa: S310
        content: bytes = answer.read()
    return content
