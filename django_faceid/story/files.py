"""Rows as files that can be trusted to be whole, and opened in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from . import signs
from .tables import Row

# A spreadsheet takes a cell that begins like this for a formula, in full width too.
# Source: OWASP, CSV Injection.
FORMULA = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
# Tells a spreadsheet that this is UTF-8.
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
_EMPTY = (None, "")

Chunks = Iterable[list[Row]]


def as_csv(columns: list[str], chunks: Chunks) -> Iterator[str]:
    """RFC 4180, with a header; the last line says ``# complete`` and the number of rows.

    When the rows break off, the last line says ``# INCOMPLETE`` and the error goes on its way.
    """
    yield BOM + _csv_lines([columns])
    yield from _with_end(
        chunks,
        lambda rows: _csv_lines(
            [value if value in _EMPTY else _cell(value) for value in row] for row in rows
        ),
        lambda whole, number: f"# {'complete' if whole else 'INCOMPLETE'}: {number} rows\r\n",
    )


def as_json_lines(columns: list[str], chunks: Chunks) -> Iterator[str]:
    """One object on each line; the last is ``{"complete": true, "rows": …}``.

    When the rows break off it is ``{"complete": false, …}`` and the error goes on its way.
    """
    # Rows hold nothing that could hold itself: looking for it takes time.
    encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
    yield from _with_end(
        chunks,
        lambda rows: "".join(f"{encode(dict(zip(columns, row, strict=True)))}\n" for row in rows),
        lambda whole, number: f"{encode({'complete': whole, 'rows': number})}\n",
    )


def _with_end(
    chunks: Chunks, text: Callable[[list[Row]], str], end: Callable[[bool, int], str]
) -> Iterator[str]:
    number = 0
    try:
        for rows in chunks:
            yield text(rows)
            number += len(rows)
    except Exception:
        # Behind a proxy a connection that breaks off can look like the end of the file.
        yield end(False, number)
        raise
    yield end(True, number)


def _csv_lines(rows: Iterable[Row]) -> str:
    lines = io.StringIO(newline="")
    csv.writer(lines).writerows(rows)
    return lines.getvalue()


def _cell(value: Any) -> Any:
    """A value as a cell that no spreadsheet runs; a number stays a number."""
    if isinstance(value, str):
        if not value.isprintable():  # asked here: a call for each cell is felt
            value = signs.plain(value)
        return f"'{value}" if value[:1] in FORMULA else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return _cell(" ".join(map(str, value)))
    return value
