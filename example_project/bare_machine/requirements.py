"""Reads what pyproject.toml asks for and says what of it the running interpreter lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

_ARRAY = r"^{name} = \[(.*?)\]$"
_ITEM = re.compile(r'include-group = "(?P<group>[^"]+)"|"(?P<requirement>[^"]+)"')
_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?(>=(?P<minimum>[0-9.]+))?$")


def requirements(pyproject: Path, groups: Iterable[str]) -> list[str]:
    """The package's own dependencies and those of the named groups, each once.

    They are read with two patterns, since Python 3.10 has no TOML reader, and are given to the
    installer one by one, since pip older than 25.1 knows no groups.
    Raises KeyError for a group that is not there.
    """
    text = pyproject.read_text(encoding="utf-8")
    found = _array(text, "dependencies")
    for group in groups:
        found += _array(text, group)
    return list(dict.fromkeys(found))


def _array(text: str, name: str) -> list[str]:
    array = re.search(_ARRAY.format(name=re.escape(name)), text, re.MULTILINE | re.DOTALL)
    if array is None:
        raise KeyError(name)
    found: list[str] = []
    for item in _ITEM.finditer(re.sub(r"#.*", "", array[1])):
        found += _array(text, item["group"]) if item["group"] else [item["requirement"]]
    return found


def missing(wanted: Iterable[str]) -> list[str]:
    """Those of the requirements that the running interpreter has not, or has too old."""
    return [requirement for requirement in wanted if not _is_installed(requirement)]


def _is_installed(requirement: str) -> bool:
    parts = _REQUIREMENT.match(requirement)
    if parts is None:
        raise ValueError(f"only NAME and NAME>=VERSION are understood, not {requirement!r}")
    try:
        installed = metadata.version(parts["name"])
    except metadata.PackageNotFoundError:
        return False
    return _release(installed) >= _release(parts["minimum"] or "0")


def _release(version: str) -> tuple[int, ...]:
    leading = re.match(r"[0-9.]*", version)
    return tuple(int(part) for part in (leading[0] if leading else "").split(".") if part)
