"""Which statuses a session may have, and which changes between them are legal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    """Where a session is on its way from asking for a token to a result."""

    PENDING = "pending", _("pending")
    ISSUED = "issued", _("issued")
    EXPIRED = "expired", _("expired")
    SUCCEEDED = "succeeded", _("succeeded")
    FAILED = "failed", _("failed")
    CANCELED = "canceled", _("canceled")
    ERROR = "error", _("error")


class ClosedReason(models.TextChoices):
    """Why no new process can start from a session."""

    CLOCK = "clock", _("ten minutes passed")
    REPLACED = "replaced", _("a newer token took its place")


TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.ISSUED, Status.ERROR}),
    Status.ISSUED: frozenset({Status.SUCCEEDED, Status.FAILED, Status.EXPIRED, Status.CANCELED}),
    # The token's clock closes the door to new processes; a process begun in time may end later.
    Status.EXPIRED: frozenset({Status.SUCCEEDED, Status.FAILED}),
    Status.SUCCEEDED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELED: frozenset(),
    Status.ERROR: frozenset(),
}

LIVE = frozenset({Status.PENDING, Status.ISSUED})
"""One session of these per subject and flow, held together by ``live_key``."""

DECIDED = frozenset({Status.SUCCEEDED, Status.FAILED})
"""Tencent's final result is known and counts."""


def is_legal(old: str, new: str) -> bool:
    """Whether a session may go from one status to the other."""
    return Status(new) in TRANSITIONS[Status(old)]


Moment = TypeVar("Moment", datetime, str)


def effective_status(
    status: str, token_expires_at: Moment | None, lease_until: Moment | None, now: Moment
) -> Status:
    """A status as time has it, whether or not a sweep has moved the label yet.

    The moments are of one kind: all of them times, or all of them text that sorts like times.
    """
    if status == Status.ISSUED and token_expires_at and token_expires_at <= now:
        return Status.EXPIRED
    if status == Status.PENDING and lease_until and lease_until <= now:
        return Status.ERROR
    return Status(status)
