"""Columns as text and numbers, made where that is fastest.

Most of what a row costs Python is to read moments, ids and JSON: PostgreSQL hands them out as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import F, Func, TextField
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast

_MOMENT = ("_at", "_until")
_ID = "public_id"
# JSON is read by whoever wants it, wherever it comes from.
_JSON = "_tag"


class UtcText(Func):
    """A moment in PostgreSQL as ``utc`` writes it."""

    template = """TO_CHAR(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
    output_field = TextField()


def expressions(alias: str, columns: Iterable[str]) -> list[Combinable]:
    """What to ask the database ``alias`` for."""
    return [_expression(_writes_text(alias), column) for column in columns]


def values(alias: str, rows: Iterable[tuple[Any, ...]]) -> Iterator[list[Any]]:
    """The rows that ``expressions`` brought, in text, numbers, booleans and None."""
    if _writes_text(alias):
        yield from map(list, rows)
        return
    known = _CONVERSIONS.get
    for row in rows:
        yield [v if (convert := known(type(v))) is None else convert(v) for v in row]


def utc(moment: datetime) -> str:
    """A moment in UTC to the millisecond, ISO 8601."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")[:-6] + "Z"


_CONVERSIONS: dict[type, Callable[[Any], str]] = {datetime: utc, UUID: str}


def _writes_text(alias: str) -> bool:
    return connections[alias].vendor == "postgresql"


def _expression(writes_text: bool, column: str) -> Combinable:
    if column.endswith(_JSON) or (writes_text and column.endswith(_ID)):
        return Cast(column, TextField())
    return UtcText(column) if writes_text and column.endswith(_MOMENT) else F(column)
