"""Transactions that outlive a deadlock, and those that nobody around them can roll back."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any, TypeVar

from django.db import Error, InterfaceError, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from ..models import SessionEvent, Status, VerificationSession
from ..models.database import write_alias

ATTEMPTS = 4
# Seconds, at most, before the second try; each further one may wait as much longer.
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 0.5
# What a database says that may think otherwise a moment later: a deadlock, a restart, a failover.
# Of a connection that is gone some drivers say the one, some the other.
PASSING = (InterfaceError, OperationalError)

Result = TypeVar("Result")


def durably(write: Callable[[], Result], *, patience: float = 0.0) -> Result:
    """Commit what ``write`` does, in a transaction of its own.

    A database that must break a deadlock or a serialization conflict picks a victim, and one that
    goes away takes the connection along: nothing stays, and ``write`` is run again, so it must
    start from what is stored. It is run a few times, and until ``patience`` seconds are over.
    Raises one of ``PASSING`` when the database refuses each time, ``RuntimeError`` inside a
    transaction.
    """
    deadline = time.monotonic() + patience
    for attempt in count(1):
        try:
            with transaction.atomic(using=write_alias(), durable=True):
                return write()
        except PASSING:
            if attempt >= ATTEMPTS and time.monotonic() >= deadline:
                raise
            _drop_connection()
            longest = min(LONGEST_PAUSE, FIRST_PAUSE * attempt)
            time.sleep(random.uniform(0, longest))  # noqa: S311 (jitter, no secret)
    raise AssertionError("unreachable")


def persistently(write: Callable[[], Result]) -> Result:
    """As ``durably``; inside a caller's transaction once, which is the caller's to repeat."""
    if connections[write_alias()].in_atomic_block:
        with transaction.atomic(using=write_alias()):
            return write()
    return durably(write)


def move(session: VerificationSession, to: Status, **options: Any) -> SessionEvent | None:
    """``session.move``, begun again from what is stored when a deadlock took it back."""
    attempts = count(1)

    def write() -> SessionEvent | None:
        if next(attempts) > 1:
            session.refresh_from_db(using=write_alias())
        return session.move(to, **options)

    return persistently(write)


def require_no_transaction() -> None:
    """Raise ``RuntimeError`` inside a caller's transaction: it could roll our evidence back."""
    connection = connections[write_alias()]
    blocks = connection.atomic_blocks
    callers = [block for block in blocks if not getattr(block, "_from_testcase", False)]
    if callers or not _commits(connection):
        raise RuntimeError(
            "django_faceid calls Tencent outside transactions, so that its evidence survives: "
            "do not issue tokens or fetch results inside transaction.atomic(), "
            "or with autocommit switched off."
        )


def _commits(connection: BaseDatabaseWrapper) -> bool:
    """Whether ``atomic`` commits: with autocommit switched off it leaves that to the caller."""
    if connection.connection is None:
        return bool(connection.settings_dict["AUTOCOMMIT"])
    return connection.in_atomic_block or connection.autocommit


def give_back_pooled_connection() -> None:
    """Free the databases for others while somebody outside thinks.

    Reads may have gone to a replica, whose pool is another.
    """
    for connection in connections.all(initialized_only=True):
        if connection.settings_dict["OPTIONS"].get("pool") and not connection.in_atomic_block:
            connection.close()


def _drop_connection() -> None:
    """Let the next statement connect anew.

    Asking whether the connection is alive would not do: older PyMySQL answers by connecting again,
    without the isolation level that Django set.
    """
    connection = connections[write_alias()]
    if not connection.in_atomic_block:
        with suppress(Error):
            connection.close()
