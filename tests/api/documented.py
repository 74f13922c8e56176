"""docs/api.md as the tests read it: named blocks, requests as curl lines, and tables."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any, NamedTuple

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
BLOCK = re.compile(r"^```(?P<kind>json|sh) (?P<name>[\w-]+)\n(?P<text>.*?)^```$", re.M | re.S)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
SHAPES = {
    **dict.fromkeys(("id", "session", "request_id", "trace_id"), UUID),
    **dict.fromkeys(("issued_at", "expires_at", "server_time", "at"), TIME),
    **dict.fromkeys(("verified_at", "verified_until"), TIME),
    **dict.fromkeys(("sdk_token", "server_param_info", "next"), re.compile(".{16,}")),
    "retry_after": re.compile(r"\d+"),
}


class Curl(NamedTuple):
    """One request of the page, with ``$ID`` and the like still in it."""

    method: str
    path: str
    headers: dict[str, str]
    data: bytes


def blocks(kind: str) -> dict[str, str]:
    found = [m for m in BLOCK.finditer(PAGE.read_text()) if m["kind"] == kind]
    names = [m["name"] for m in found]
    assert len(names) == len(set(names))
    return {m["name"]: m["text"] for m in found}


def answer(name: str) -> Any:
    return json.loads(blocks("json")[name])


def curl(name: str) -> Curl:
    words = shlex.split(blocks("sh")[name].replace("\\\n", " "))
    assert words.pop(0) == "curl"
    method, path, headers, data = "", "", {}, b""
    while words:
        word = words.pop(0)
        if word == "-X":
            method = words.pop(0)
        elif word == "-d":
            data = words.pop(0).encode()
        elif word == "-H":
            header, value = words.pop(0).split(": ", 1)
            headers[header] = value
        else:
            path = word.removeprefix("$API/")
    return Curl(method or ("POST" if data else "GET"), path, headers, data)


def table(first: str) -> list[list[str]]:
    """The rows, without its head, of the table whose first column is called ``first``."""
    lines = iter(PAGE.read_text().splitlines())
    for line in lines:
        if line.startswith(f"| {first} "):
            break
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip(" `") for cell in line.strip("|").split("|")])
    return rows


def alike(documented: Any, live: Any, name: str = "") -> bool:
    """Whether two answers say the same, but for ids, times, tokens and seconds."""
    if isinstance(documented, dict) and isinstance(live, dict):
        assert list(documented) == list(live), (list(documented), list(live))
        return all(alike(documented[key], live[key], key) for key in live)
    if isinstance(documented, list) and isinstance(live, list):
        assert len(documented) == len(live)
        return all(alike(a, b, name) for a, b in zip(documented, live, strict=True))
    shape = SHAPES.get(name)
    if shape is not None and documented is not None and live is not None:
        return all(shape.fullmatch(str(value)) for value in (documented, live))
    assert documented == live, (name, documented, live)
    return True
