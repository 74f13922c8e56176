"""Transactions that outlive a deadlock, and those that nobody around them can roll back."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import count
from typing import Any, TypeVar

from django.db import OperationalError, connections, transaction

from ..models import SessionEvent, Status, VerificationSession
from ..models.database import write_alias

ATTEMPTS = 4
LONGEST_PAUSE = 0.1

Result = TypeVar("Result")


def durably(write: Callable[[], Result]) -> Result:
    """Commit what ``write`` does, in a transaction of its own.

    A database that must break a deadlock or a serialization conflict picks a victim, of which
    nothing stays: ``write`` is run again, so it must start from what is stored. Raises
    ``OperationalError`` when the database refuses each time, ``RuntimeError`` inside a transaction.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic(using=write_alias(), durable=True):
                return write()
        except OperationalError:
            if attempt == ATTEMPTS:
                raise
            time.sleep(random.uniform(0, LONGEST_PAUSE))  # noqa: S311 (jitter, no secret)
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
    blocks = connections[write_alias()].atomic_blocks
    if any(not getattr(block, "_from_testcase", False) for block in blocks):
        raise RuntimeError(
            "django_faceid calls Tencent outside transactions, so that its evidence survives: "
            "do not issue tokens or fetch results inside transaction.atomic()."
        )


def give_back_pooled_connection() -> None:
    """Free the database for others while somebody outside thinks."""
    connection = connections[write_alias()]
    if connection.settings_dict["OPTIONS"].get("pool") and not connection.in_atomic_block:
        connection.close()
