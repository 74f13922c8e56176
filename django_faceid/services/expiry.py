"""Moving the label of sessions whose ten minutes are over."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .. import clock, signals
from ..models import (
    ClosedReason,
    EventKind,
    SessionEvent,
    Source,
    Status,
    VerificationSession,
)
from ..models.database import write_alias
from . import outbox
from .durable import persistently

BATCH = 5000


def expire_tokens() -> int:
    """Mark overdue ``issued`` sessions ``expired``, each with its event; how many.

    Expiry itself is a fact of time that every reader sees without this; the sweep makes lists,
    counts and signals right. It goes through the expiry times in bounded batches, each one short
    transaction inside the database, so that its memory is flat and several sweepers agree.
    """
    now = clock.now()
    heard = signals.session_expired.has_listeners(VerificationSession)
    expired = 0
    floor: datetime | None = None
    while (cutoff := _cutoff(floor, now)) is not None:
        expired += persistently(partial(_expire, cutoff, now, None if heard else now))
        floor = cutoff
    if heard:
        outbox.deliver_events(created_at=now)
    return expired


def _cutoff(floor: datetime | None, now: datetime) -> datetime | None:
    """The expiry time at which the next batch ends, or None when nothing is due any more."""
    sessions = VerificationSession.objects.using(write_alias())
    due = sessions.filter(status=Status.ISSUED, token_expires_at__lte=now)
    if floor is not None:
        # What lies before has been moved, and its dead index entries need no second look.
        due = due.filter(token_expires_at__gt=floor)
    times = due.order_by("token_expires_at").values_list("token_expires_at", flat=True)
    if not times[:1]:
        return None
    return next(iter(times[BATCH - 1 : BATCH]), now)


def _expire(cutoff: datetime, now: datetime, delivered_at: datetime | None) -> int:
    """Move one batch and write its events, without carrying a row through Python."""
    using = write_alias()
    connection = connections[using]
    sessions = connection.ops.quote_name(VerificationSession._meta.db_table)
    due: list[Any] = [Status.ISSUED.value, connection.ops.adapt_datetimefield_value(cutoff)]
    where = "WHERE status = %s AND token_expires_at <= %s"
    move = (
        f"UPDATE {sessions} SET status = %s, closed_reason = %s, live_key = NULL, "  # noqa: S608
        "version = version + 1"
    )
    moved = [Status.EXPIRED.value, ClosedReason.CLOCK.value]
    insert, values = _insert(connection, now, delivered_at)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"WITH moved AS ({move} {where} RETURNING id, verdict) {insert} FROM moved",
                [*moved, *due, *values],
            )
            return int(cursor.rowcount)
        if connection.features.has_select_for_update:
            # MySQL's and MariaDB's statements lock indexes and ids in orders of their own: a sweep
            # that waited for a worker could make the two wait for each other. The next one comes.
            skip = " SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
            cursor.execute(f"SELECT id FROM {sessions} {where} FOR UPDATE{skip}", due)  # noqa: S608
            due = [pk for (pk,) in cursor.fetchall()] or [None]
            where = f"WHERE id IN ({', '.join(['%s'] * len(due))})"
        cursor.execute(f"{insert} FROM {sessions} {where}", [*values, *due])
        cursor.execute(f"{move} {where}", [*moved, *due])
        return int(cursor.rowcount)


def _insert(
    connection: BaseDatabaseWrapper, now: datetime, delivered_at: datetime | None
) -> tuple[str, list[Any]]:
    """``INSERT … SELECT`` of the event of each expired session, up to its FROM, and its values."""
    quote = connection.ops.quote_name
    event = SessionEvent(
        kind=EventKind.TRANSITION,
        from_status=Status.ISSUED,
        to_status=Status.EXPIRED,
        source=Source.TASK,
        created_at=now,
        delivered_at=delivered_at,
    )
    from_session = {"session_id": "id", "from_verdict": "verdict", "to_verdict": "verdict"}
    columns, expressions, values = [], [], []
    for field in SessionEvent._meta.concrete_fields:
        if field.primary_key:
            continue
        columns.append(quote(str(field.column)))
        if field.attname in from_session:
            expressions.append(quote(from_session[field.attname]))
        else:
            expressions.append("%s")
            value = getattr(event, field.attname)
            values.append(field.get_db_prep_save(value, connection=connection))
    table = quote(SessionEvent._meta.db_table)
    insert = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(expressions)}"
    return insert, values
