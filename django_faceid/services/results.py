"""Fetching Tencent's authoritative result, and hearing what a phone says."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q
from django.views.decorators.debug import sensitive_variables

from .. import clock, conf
from ..models import (
    ApiCall,
    EventKind,
    SessionEvent,
    Source,
    Status,
    VerificationSession,
)
from ..models.database import write_alias
from ..models.transitions import is_legal
from ..tencent.codes import UNFINISHED, Category, result_category
from ..tencent.errors import FaceIdError, TokenUnusable
from ..tencent.types import GET_RESULT, GetFaceIdResultIntlResponse
from . import keeping, limits, looks, outbox, schedule
from .calls import Errand, call
from .durable import durably, persistently
from .errors import SessionGone
from .provider import as_service_error

logger = logging.getLogger("django_faceid")

# A claimed pull comes back after this when its process dies.
PULL_LEASE = timedelta(seconds=30)
# A phone has one process to report on; whoever says more is not worth more rows.
MOST_REPORTS = 5
# A result waits for its pictures: the host's storage did not take them.
STORAGE_FAILED = "StorageFailed"


def report(session: VerificationSession, sdk_code: int | None = None) -> None:
    """Note that a phone says it is done: a reason to look, never a verdict.

    ``sdk_code`` is what the phone's SDK returned (0, or 210 to 224). The token is not handed out
    any more after this, since it serves one process.
    """
    now = clock.now()
    changes: dict[str, Any] = {"reported_at": session.reported_at or now}
    if sdk_code is not None:
        changes["sdk_code"] = sdk_code
    told = session.events.using(write_alias()).filter(kind=EventKind.REPORTED)
    if session.reported_at is not None and (
        session.sdk_code == changes.get("sdk_code") or told.count() >= MOST_REPORTS
    ):
        return

    def write() -> None:
        rows = VerificationSession.objects.filter(pk=session.pk)
        rows.update(version=F("version") + 1, **changes)
        # A pull that is due or leased keeps its time; a later one moves up to now.
        rows.filter(next_pull_at__gt=now).update(next_pull_at=now)
        SessionEvent.objects.create(
            session=session,
            kind=EventKind.REPORTED,
            source=Source.API,
            reason="" if sdk_code is None else str(sdk_code),
        )

    persistently(write)
    session.refresh_from_db(using=write_alias())


@sensitive_variables()
def fetch_result(
    session: VerificationSession,
    *,
    source: Source = Source.HOST,
    actor: Any = None,
    background: bool = False,
) -> VerificationSession:
    """Ask Tencent how a session ended and store a final result; the session as it is then.

    Final sessions, sessions without a token and sessions asked about within the last 2 s are
    answered from their row. In the ``background`` the call gives way to those of people.

    Raises a ``ServiceError``: ``Busy``, ``SessionGone``, ``ProviderUnreachable``,
    ``ProviderUnavailable``.
    Source: GetFaceIdResultIntl, API page 1061/54557.
    """
    return _Pull(session, source, actor, background).run()


class _NothingToDo(Exception):
    """Somebody else is asking, or there is nothing to ask."""


@dataclass
class _Pull:
    """One look at how a process ended."""

    session: VerificationSession
    source: Source
    actor: Any
    background: bool
    trace_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    event: SessionEvent | None = None
    # A final answer whose pictures come first, since the token is wiped with the result.
    final: tuple[ApiCall, GetFaceIdResultIntlResponse] | None = None

    def run(self) -> VerificationSession:
        if not self.session.sdk_token or self.session.status == Status.PENDING:
            if self.session.next_pull_at is not None:  # its token cannot be read
                looks.after_failure(self.session, looks.TOKEN_UNREADABLE, source=self.source)
            return self.session
        token = self.session.sdk_token
        errand = Errand(
            account=self._account(),
            action=GET_RESULT,
            send=lambda client, **options: client.get_result(token, **options),
            prepare=self._claim,
            settle=self._settle,
            trace_id=self.trace_id,
            background=self.background,
        )
        try:
            self._ask(errand)
            self.session.refresh_from_db(using=write_alias())
        except VerificationSession.DoesNotExist:
            raise SessionGone(trace_id=self.trace_id) from None
        outbox.announce(self.event)
        return self.session

    def _ask(self, errand: Errand[GetFaceIdResultIntlResponse]) -> None:
        try:
            if self._was_asked_lately():
                # However full the queue is, and though Tencent may hang: no call is needed.
                raise _NothingToDo
            call(errand)
        except _NothingToDo:
            if self.source == Source.TASK:
                looks.put_back(self.session)
            return
        except FaceIdError as error:
            if not isinstance(error, TokenUnusable):
                raise as_service_error(error, GET_RESULT, self.session, self.trace_id) from None
        if self.final is not None:
            self._keep_and_store(*self.final)

    def _account(self) -> conf.Account:
        account = conf.account(self.session.account)
        if account.livemode != self.session.livemode:
            where = f'FACEID["ACCOUNTS"]["{account.name}"]["ENDPOINT"]'
            message = "is not where this session's token came from."
            raise conf.SettingError(where, "endpoint", message)
        return account

    def _was_asked_lately(self) -> bool:
        """Whether this instance knows already that its row is to answer; ``_claim`` finds out."""
        asked = self.session.last_pull_at
        return asked is not None and asked > clock.now() - schedule.LEAST_BETWEEN_PULLS

    def _claim(self) -> VerificationSession:
        if self.source == Source.API and not limits.may_pull(self.session):
            raise _NothingToDo
        now = clock.now()
        rested = Q(last_pull_at=None) | Q(last_pull_at__lte=now - schedule.LEAST_BETWEEN_PULLS)
        asked = VerificationSession.objects.filter(rested, pk=self.session.pk).exclude(sdk_token="")
        if not asked.update(last_pull_at=now, next_pull_at=now + PULL_LEASE, pulls=F("pulls") + 1):
            raise _NothingToDo
        if self.source == Source.STAFF:
            SessionEvent.objects.create(
                session=self.session,
                kind=EventKind.STAFF_PULL,
                source=self.source,
                actor=self.actor,
                actor_pk=str(self.actor.pk) if self.actor else "",
            )
        return self.session

    def _settle(
        self, row: ApiCall, sent_at: datetime, result: GetFaceIdResultIntlResponse | FaceIdError
    ) -> None:
        self.session.refresh_from_db(using=write_alias())
        if isinstance(result, TokenUnusable):
            self._give_up(row, result.code)
        elif isinstance(result, FaceIdError):
            looks.after_failure(self.session, result.code, source=self.source, call_pk=row.pk)
        elif result.Result == UNFINISHED:
            looks.after_unfinished(self.session, background=self.background)
        elif result.Extra and result.Extra != self.session.extra:
            # Another session's answer, or a tampered one: an alert, never a verdict.
            logger.error("action=%s session=%s outcome=extra_mismatch", GET_RESULT, self.session)
            self._give_up(row, "ExtraMismatch")
        elif keeping.wanted(self.session) and is_legal(self.session.status, Status.SUCCEEDED):
            self.final = row, result
        else:
            self._store(row, result)

    def _keep_and_store(self, row: ApiCall, answer: GetFaceIdResultIntlResponse) -> None:
        """Store the pictures, with no transaction open, then the result that makes them ours."""
        haul = keeping.upload(self.session, answer)
        later = schedule.after_storage_failed(self.session, clock.now())
        if haul.storage_failed and later is not None:
            keeping.discard(haul)
            self._look_when_storage_is_back(later)
            return
        try:
            # When anything else raises, the commit may have happened all the same: the files stay.
            durably(lambda: self._store_kept(row, answer, haul))
        except VerificationSession.DoesNotExist:
            keeping.discard(haul)
            raise
        if self.event is None:
            keeping.discard(haul)

    def _store_kept(
        self, row: ApiCall, answer: GetFaceIdResultIntlResponse, haul: keeping.Haul
    ) -> None:
        self.session.refresh_from_db(using=write_alias())
        self._store(row, answer, haul)

    def _look_when_storage_is_back(self, later: datetime) -> None:
        owing = VerificationSession.objects.filter(pk=self.session.pk, next_pull_at__isnull=False)
        owing.update(next_pull_at=later, result_error=STORAGE_FAILED, version=F("version") + 1)

    def _store(
        self,
        row: ApiCall,
        answer: GetFaceIdResultIntlResponse,
        haul: keeping.Haul = keeping.NOTHING,
    ) -> None:
        category = result_category(answer.Result, answer.LivenessInfoTag)
        facts: dict[str, Any] = {
            "result_code": answer.Result[:16],
            "category": category.value,
            "result_at": clock.now(),
            "similarity": answer.Similarity if self.session.assurance == "compare" else None,
            "device_info_level": (answer.DeviceInfoLevel or "")[:8],
            "liveness_info_tag": list(answer.LivenessInfoTag),
            "next_pull_at": None,
            "result_error": "",
        }
        status = Status.SUCCEEDED if category is Category.PASSED else Status.FAILED
        self.event = self.session.move(status, source=self.source, call=row, **facts)
        if self.event is not None:
            keeping.record(self.session, haul, source=self.source, call_pk=row.pk)
        elif self.session.status == Status.CANCELED:
            self._store_late(row, facts)

    def _store_late(self, row: ApiCall, facts: dict[str, Any]) -> None:
        """Keep the result of a canceled session: it counts as an attempt, never as a verdict."""
        open_row = VerificationSession.objects.filter(pk=self.session.pk, result_code="")
        if open_row.update(sdk_token="", server_param_info="", version=F("version") + 1, **facts):
            self._note(EventKind.LATE_RESULT, row, facts["result_code"])

    def _give_up(self, row: ApiCall, code: str) -> None:
        looks.give_up(self.session, code, source=self.source, call_pk=row.pk)

    def _note(self, kind: EventKind, row: ApiCall, reason: str) -> None:
        SessionEvent.objects.create(
            session=self.session, kind=kind, source=self.source, call_pk=row.pk, reason=reason
        )
