"""Rows of a span of time, found by primary key."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from django.db.models import Model, QuerySet
from django.db.models.functions import Coalesce

# Keys follow time as closely as this: the clocks of servers differ, and rows wait for their commit.
# Each row of the margin is read.
MARGIN = timedelta(minutes=10)
# Enough neighbours to ask that a few rows from some other time do not set a bound.
SAMPLE = 100

_M = TypeVar("_M", bound=Model)


def within(
    rows: QuerySet[_M], column: str, since: datetime | None, until: datetime | None
) -> QuerySet[_M]:
    """The rows whose indexed ``column`` lies in ``since`` (included) to ``until`` (excluded).

    Bounds on the primary key say the same once more, so that an index that ends with the key
    serves any span of time together with its own condition. One query for each bound given.
    """
    # A database takes key and time for independent, expects next to nothing of both together, and
    # then sorts all of that time. It has no index on an expression, and no expectations. Each end
    # has its own: of both ends of one PostgreSQL expects so little that it starts workers for it.
    if since is not None:
        older = _keys(rows, **{f"{column}__lt": since - MARGIN}).order_by(f"-{column}")
        lower = min(older[:SAMPLE], default=0)
        rows = _with(rows, since=Coalesce(column, column)).filter(pk__gt=lower, since__gte=since)
    if until is not None:
        newer = _keys(rows, **{f"{column}__gte": until + MARGIN}).order_by(column)
        rows = _with(rows, until=Coalesce(column, column, column)).filter(until__lt=until)
        if (upper := max(newer[:SAMPLE], default=None)) is not None:
            rows = rows.filter(pk__lt=upper)
    return rows


def _with(rows: QuerySet[_M], **moment: Coalesce) -> QuerySet[_M]:
    return cast("QuerySet[_M]", rows.alias(**moment))


def _keys(rows: QuerySet[Any], **span: datetime) -> QuerySet[Any, Any]:
    every: QuerySet[Any] = rows.model._base_manager.using(rows.db)
    return every.filter(**span).values_list("pk", flat=True)
