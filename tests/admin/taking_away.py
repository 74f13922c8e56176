"""Exports as a program reads them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any, cast

from django.http import StreamingHttpResponse
from django.test import Client

from django_faceid.story import files
from tests.admin.conftest import EXPORT, SESSIONS

PERSONAL = (*EXPORT, "view_personal_data")


def body(browser: Client, url: str, **params: str) -> str:
    response = browser.get(url, params)
    assert response.status_code == 200, (url, response.status_code)
    chunks = cast(StreamingHttpResponse, response).streaming_content
    return b"".join(cast(Iterable[bytes], chunks)).decode()


def objects(browser: Client, url: str = SESSIONS, **params: str) -> list[dict[str, Any]]:
    """The rows of an export as JSON Lines, which must be whole."""
    lines = body(browser, f"{url}export.jsonl", **params).splitlines()
    *rows, end = [json.loads(line) for line in lines]
    assert end == {"complete": True, "rows": len(rows)}
    return rows


def cells(browser: Client, url: str = SESSIONS, **params: str) -> list[dict[str, str]]:
    """The rows of an export as CSV, which must be whole."""
    content = body(browser, f"{url}export.csv", **params)
    assert content.startswith(files.BOM)
    *lines, end = csv.reader(io.StringIO(content.removeprefix(files.BOM), newline=""))
    assert end == [f"# complete: {len(lines) - 1} rows"]
    header, *rows = lines
    return [dict(zip(header, row, strict=True)) for row in rows]
