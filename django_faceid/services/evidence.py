"""The audit row of an attempt: committed before the request leaves, finished unconditionally."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime

from .. import clock
from ..models import ApiCall, Outcome, VerificationSession
from ..models.database import write_alias
from ..tencent.errors import (
    AccountUnavailable,
    BrokenAnswer,
    CredentialsRejected,
    FaceIdError,
    Refused,
)

logger = logging.getLogger("django_faceid")


@dataclass
class Attempt:
    """One row of evidence and the clocks of its attempt."""

    row: ApiCall
    wait: float
    reserved: float
    # Seconds that the attempts before it have waited for their slots.
    waited: float = 0.0
    sent_at: datetime = field(default_factory=clock.now)
    started: float = field(default_factory=time.monotonic)

    def leave(self) -> None:
        """Sleep until the reserved moment; the commit since its reservation is a part of it.

        Notes the instant before the request leaves: Tencent's ten minutes begin after it.
        """
        time.sleep(max(0.0, self.reserved + self.wait - time.monotonic()))
        self.sent_at = clock.now()
        self.started = time.monotonic()

    def stop(self, *, request_id: str, error: FaceIdError | None) -> None:
        """Note how the attempt ended, in the row and in one line of log; ``row`` is not saved."""
        row = self.row
        row.milliseconds = round((time.monotonic() - self.started) * 1000)
        row.waited = round(self.wait * 1000)
        row.outcome = outcome_of(error)
        row.request_id = request_id[:64]
        row.http_status = 200
        if error is not None:
            row.http_status = error.http_status
            row.error_code = error.code[:128]
            row.message = error.message[:500]
        _log(row, error)

    def is_filed(self) -> bool:
        """Whether the outcome is stored already."""
        stored = ApiCall.objects.using(write_alias()).filter(pk=self.row.pk)
        return stored.filter(outcome=self.row.outcome).exists()

    def file_alone(self) -> bool:
        """Record the outcome by itself; whether its session has been deleted meanwhile.

        Deleting a session takes its calls along: this one is written anew, as nobody's.
        """
        sessions = VerificationSession.objects.using(write_alias())
        pk = self.row.session_id
        gone = pk is not None and not sessions.filter(pk=pk).exists()
        if gone:
            self.row.session = None
            # Tencent's words may repeat what is known of nobody any more, and so is not withheld.
            self.row.message = ""
        self.row.save()
        return gone


def outcome_of(error: FaceIdError | None) -> Outcome:
    """What an attempt that ended like this is filed under."""
    if error is None:
        return Outcome.OK
    if isinstance(error, Refused):
        return Outcome.REFUSED
    return Outcome.BROKEN if isinstance(error, BrokenAnswer) else Outcome.UNREACHABLE


def _log(row: ApiCall, error: FaceIdError | None) -> None:
    # Money or keys: nothing works until a human acts.
    if isinstance(error, (CredentialsRejected, AccountUnavailable)):
        level = logging.CRITICAL
    else:
        level = logging.INFO if error is None else logging.WARNING
    logger.log(
        level,
        "action=%s account=%s session=%s attempt=%d outcome=%s code=%s request_id=%s "
        "ms=%d waited=%d trace_id=%s",
        row.action,
        row.account,
        row.session or "-",
        row.attempt,
        row.outcome,
        row.error_code or "-",
        row.request_id or "-",
        row.milliseconds,
        row.waited,
        row.trace_id,
    )
