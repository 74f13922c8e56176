"""One new SdkToken on its way: what is committed before Tencent is asked, and what after."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError

from .. import clock, conf
from ..models import (
    ApiCall,
    ClosedReason,
    EventKind,
    SessionEvent,
    Source,
    Status,
    Subject,
    VerificationSession,
    digests,
)
from ..models.database import write_alias
from ..models.fields import cipher
from ..tencent.codes import Category
from ..tencent.errors import FaceIdError, InputRejected, Sent
from ..tencent.types import (
    GET_TOKEN,
    CheckMode,
    GetFaceIdTokenIntlRequest,
    GetFaceIdTokenIntlResponse,
)
from . import gate, limits, outbox, parameters, schedule, snapshot
from .calls import Errand, call
from .errors import Busy, NotAllowed
from .idempotency import Key
from .provider import as_service_error
from .recovery import INTERRUPTED

TOKEN_LIFETIME = timedelta(minutes=10)
# Longer than a call's deadline and the wait for its slot: only a dead process lets it run out.
LEASE = timedelta(seconds=30)
# As databases name what kept a second live session out: by the constraint, SQLite by the column.
LIVE_KEY_TAKEN = re.compile(r"\bfaceid_s_live\b|\.live_key$", re.IGNORECASE)


@dataclass
class Issue:
    """One new token on its way."""

    subject: Subject
    flow: conf.Flow
    request: GetFaceIdTokenIntlRequest
    public_id: uuid.UUID
    key: Key | None
    source: Source
    # Holds the place of the new session: a token that does not fit, or what only looks alive.
    replaces: VerificationSession | None = None
    trace_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    replaced: SessionEvent | None = None
    moved: SessionEvent | None = None
    session: VerificationSession = field(init=False)

    def is_served_by(self, live: VerificationSession) -> bool:
        """Whether a live session can be given again instead of a new one."""
        if not live.may_start or live.seconds_left < conf.get().reuse_min_seconds:
            return False
        wanted = {**parameters.columns(self.request), **self._identity()}
        # The phone's SDK makes MetaData anew for every tap.
        del wanted["meta_data_sha256"]
        # Each session sends its own id where nobody gave an Extra.
        if wanted["extra"] == str(self.public_id):
            wanted["extra"] = str(live.public_id)
        return all(getattr(live, name) == value for name, value in wanted.items())

    def run(self) -> VerificationSession:
        """Ask Tencent for the token; raises a ``ServiceError`` when none can be handed out."""
        cipher()  # a key that cannot encrypt is told before a token is minted
        errand = Errand(
            account=conf.account(self.flow.account),
            action=GET_TOKEN,
            send=lambda client, **options: client.get_token(self.request, **options),
            prepare=self._prepare,
            settle=self._settle,
            trace_id=self.trace_id,
        )
        failure: FaceIdError | None = None
        try:
            call(errand)
        except FaceIdError as error:
            failure = error
        except IntegrityError as error:
            raise self._conflict(error) from None
        # Any other exception has rolled its events back, or left them to the outbox.
        outbox.announce(self.replaced)
        outbox.announce(self.moved)
        if failure is not None:
            raise as_service_error(failure, GET_TOKEN, self.session, self.trace_id)
        if self.session.status != Status.ISSUED:
            raise Busy("The token came too late.", retry_after=1, session=self.session)
        return self.session

    def _identity(self) -> dict[str, Any]:
        """Whose session it is, and at which endpoint; a deleted user's key may be inherited."""
        account = conf.account(self.flow.account)
        user = self.subject.user
        return {
            "user_id": None if user is None else user.pk,
            "account": account.name,
            "livemode": account.livemode,
        }

    def _prepare(self) -> VerificationSession:
        if self.key is not None:
            # First, so that whoever repeats a request is told so, and nothing else.
            self.key.claim()
        limits.require_attempts_left(self.flow, self.subject.key)
        if self.replaces is not None:
            self.replaced = self._put_to_rest(self.replaces)
        self.session = self._create()
        return self.session

    def _put_to_rest(self, old: VerificationSession) -> SessionEvent | None:
        old.refresh_from_db(using=write_alias())
        if old.status == Status.PENDING:
            return old.move(Status.ERROR, source=self.source, **INTERRUPTED)
        over = old.effective_status == Status.EXPIRED
        reason = ClosedReason.CLOCK if over else ClosedReason.REPLACED
        return old.move(Status.EXPIRED, source=self.source, closed_reason=reason)

    def _create(self) -> VerificationSession:
        now = clock.now()
        attempt = limits.next_attempt(self.subject.key, self.flow.name)
        if attempt.was_verified:
            # Long ago, or by a result that came since this tap was let in.
            gate.require_unverified(self.subject, self.flow)
        return VerificationSession.objects.create(
            public_id=self.public_id,
            reference=self.subject.reference,
            subject_key=self.subject.key,
            live_key=self.subject.live_key(self.flow.name),
            flow=self.flow.name,
            flow_snapshot=snapshot.of_flow(self.flow, self.subject, now),
            assurance=self.request.CheckMode or CheckMode.LIVENESS.value,
            attempt=attempt.number,
            created_at=now,
            lease_until=now + LEASE,
            trace_id=self.trace_id,
            **self._identity(),
            **parameters.columns(self.request),
        )

    def _conflict(self, error: IntegrityError) -> Exception:
        """Why nothing was committed before the call; the error itself where that is no answer."""
        sessions = VerificationSession.objects.using(write_alias())
        if sessions.filter(public_id=self.public_id).exists():
            return error
        if LIVE_KEY_TAKEN.search(str(error)):
            return limits.one_at_a_time()
        user = self.subject.user
        people = get_user_model()._base_manager.using(write_alias())
        if user is not None and not people.filter(pk=user.pk).exists():
            return NotAllowed("This user does not exist any more.")
        return error

    def _settle(
        self, row: ApiCall, sent_at: datetime, result: GetFaceIdTokenIntlResponse | FaceIdError
    ) -> None:
        if self.session.status != Status.PENDING:
            # Left in memory by a transaction that a deadlock took back.
            self.session.refresh_from_db(using=write_alias())
        if isinstance(result, FaceIdError):
            self._file_failure(row, result)
        else:
            self._file_token(row, sent_at, result)

    def _file_token(
        self, row: ApiCall, sent_at: datetime, answer: GetFaceIdTokenIntlResponse
    ) -> None:
        row.sdk_token_digest = digests.keyed("sdk_token", answer.SdkToken)
        self.moved = self.session.move(
            Status.ISSUED,
            source=self.source,
            call=row,
            sdk_token=answer.SdkToken,
            server_param_info=answer.ServerParamInfo or "",
            request_id=answer.RequestId[:64],
            issued_at=sent_at,
            token_expires_at=sent_at + TOKEN_LIFETIME,
            result_expires_at=sent_at + conf.get().result_lifetime,
            next_pull_at=schedule.first_pull(sent_at),
        )
        if self.moved is None:
            # Recovery gave up on this session: the token was never handed out, so drop it.
            SessionEvent.objects.create(
                session=self.session,
                kind=EventKind.LATE_TOKEN,
                source=self.source,
                call_pk=row.pk,
                reason=answer.RequestId[:64],
            )
        elif self.key is not None:
            self.key.keep(self.session)

    def _file_failure(self, row: ApiCall, error: FaceIdError) -> None:
        category = Category.BAD_IMAGE if isinstance(error, InputRejected) else Category.PROVIDER
        self.moved = self.session.move(
            Status.ERROR,
            source=self.source,
            call=row,
            reason=error.code[:128],
            error_code=error.code[:128],
            request_id=(error.request_id or "")[:64],
            category=category.value,
        )
        if self.key is None or self.moved is None:
            # Recovery gave up on this session, so that its key may be somebody else's by now.
            return
        if error.sent is Sent.MAYBE:
            self.key.keep(self.session)
        else:
            self.key.release()
