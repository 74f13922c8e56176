"""Sessions and calls as rows of plain values, for files that leave the house.

The columns are documented in docs/desk.md and stay: a new one is added at the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from .. import clock
from ..models.transitions import effective_status
from . import people, plain

Row = list[Any]
# Enough that the database's answer is not waited for all the time, few enough to hold.
CHUNK = 2000

# Few texts of tags are different ones, and reading one costs more than finding it.
_tags = lru_cache(maxsize=256)(json.loads)


@dataclass(frozen=True)
class Table:
    """Rows of one model, read by key in chunks: no row twice, in memory that does not grow.

    ``personal`` is whether the reader may know whom a session is about.
    """

    personal: bool
    # Exported name: where it comes from.
    sources: ClassVar[dict[str, str]]

    @property
    def columns(self) -> list[str]:
        return list(self.sources)

    def chunks(self, rows: QuerySet[Any]) -> Iterator[list[Row]]:
        """The rows, newest first, each as it was when its chunk was read."""
        read = plain.expressions(rows.db, self.read())
        newest = rows.order_by("-pk").values_list(*read, "pk")
        chunk = list(newest[:CHUNK])
        while chunk:
            now = plain.utc(clock.now())
            yield [self.told(row, now) for row in plain.values(rows.db, chunk)]
            # Only a full chunk can have a next one.
            more = len(chunk) == CHUNK
            chunk = list(newest.filter(pk__lt=chunk[-1][-1])[:CHUNK]) if more else []

    def read(self) -> list[str]:
        """What is read for a row: its sources, and after them what ``told`` needs besides."""
        return list(self.sources.values())

    def told(self, row: Row, now: str) -> Row:
        """A row's values in the order of ``columns``: the row that was read, made fit in place."""
        del row[len(self.sources) :]
        return row


class Sessions(Table):
    """One row for each session."""

    sources = {
        "id": "public_id",
        "created_at": "created_at",
        "status": "status",
        "verdict": "verdict",
        "review": "review",
        "flow": "flow",
        "attempt": "attempt",
        "account": "account",
        "livemode": "livemode",
        "assurance": "assurance",
        "subject": "subject_key",
        "person": "reference",
        "check_mode": "check_mode",
        "secure_level": "secure_level",
        "action_list": "action_list",
        "sdk_version": "sdk_version",
        "retry_limit": "retry_limit",
        "issued_at": "issued_at",
        "token_expires_at": "token_expires_at",
        "result_expires_at": "result_expires_at",
        "closed_reason": "closed_reason",
        "reported_at": "reported_at",
        "sdk_code": "sdk_code",
        "pulls": "pulls",
        "result_at": "result_at",
        "result_code": "result_code",
        "category": "category",
        "similarity": "similarity",
        "device_info_level": "device_info_level",
        "liveness_info_tag": "liveness_info_tag",
        "error_code": "error_code",
        "result_error": "result_error",
        "request_id": "request_id",
        "trace_id": "trace_id",
        "verified_at": "verified_at",
        "verified_until": "verified_until",
        "revoked_at": "revoked_at",
        "erased_at": "erased_at",
        "legal_hold": "legal_hold",
        "consent_version": "consent_version",
        "consent_at": "consent_at",
    }
    _STATUS = list(sources).index("status")
    _EXPIRES = list(sources).index("token_expires_at")
    _PERSON = list(sources).index("person")
    _TAGS = list(sources).index("liveness_info_tag")
    # What ``read`` puts behind them.
    _LEASE, _NAME = len(sources), len(sources) + 1

    def read(self) -> list[str]:
        read = [*super().read(), "lease_until"]
        return [*read, f"user__{get_user_model().USERNAME_FIELD}"] if self.personal else read

    def told(self, row: Row, now: str) -> Row:
        status, expires, lease_until = row[self._STATUS], row[self._EXPIRES], row[self._LEASE]
        # Moments in one form of text are in the order of their text.
        row[self._STATUS] = effective_status(status, expires, lease_until, now).value
        row[self._TAGS] = _tags(row[self._TAGS])
        reference = row[self._PERSON]
        row[self._PERSON] = (row[self._NAME] or people.masked(reference)) if self.personal else None
        return super().told(row, now)


class Calls(Table):
    """One row for each attempt to reach Tencent."""

    sources = {
        "id": "pk",
        "started_at": "started_at",
        "session": "session__public_id",
        "action": "action",
        "account": "account",
        "region": "region",
        "attempt": "attempt",
        "outcome": "outcome",
        "http_status": "http_status",
        "error_code": "error_code",
        "message": "message",
        "milliseconds": "milliseconds",
        "waited": "waited",
        "request_id": "request_id",
        "trace_id": "trace_id",
    }
    _SESSION = list(sources).index("session")
    _MESSAGE = list(sources).index("message")

    def read(self) -> list[str]:
        username = get_user_model().USERNAME_FIELD
        about = ("reference", "extra", f"user__{username}")
        return [*super().read(), *(f"session__{column}" for column in about)]

    def told(self, row: Row, now: str) -> Row:
        told, about = row[: len(self.sources)], row[len(self.sources) :]
        if told[self._MESSAGE]:
            # Whoever takes it: no file holds a reference, nor what a host put into Extra.
            private = people.private(*about, public_id=told[self._SESSION])
            told[self._MESSAGE] = people.unnamed(told[self._MESSAGE], private)
        return told
