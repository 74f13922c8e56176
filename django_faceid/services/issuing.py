"""Issuing an SdkToken: one live session per subject and flow, one token per tap."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

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
    public_ids,
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
from .durable import move, persistently
from .errors import AlreadyVerified, Busy, FieldError, FlowPaused, Invalid, NotAllowed
from .idempotency import Key
from .provider import as_service_error
from .recovery import give_up

TOKEN_LIFETIME = timedelta(minutes=10)
# Longer than a call's deadline and the wait for its slot: only a dead process lets it run out.
LEASE = timedelta(seconds=30)


class Issued(NamedTuple):
    """A session with its token; ``fresh`` when Tencent was asked for it just now."""

    session: VerificationSession
    fresh: bool

    @property
    def sdk_token(self) -> str:
        """The token to hand to the phone; empty once it may start no process any more."""
        return self.session.sdk_token if self.session.may_start else ""


@sensitive_variables()
def issue_token(
    who: Any,
    flow: str = "default",
    params: Mapping[str, Any] | None = None,
    *,
    idempotency_key: str = "",
    source: Source = Source.HOST,
) -> Issued:
    """Give a subject a token to start an eKYC process with.

    ``who`` is a saved user or a reference (1 to 255 characters); ``params`` what the flow lets
    its client set, in our names. A live session that fits is given again; a repeat with the same
    ``idempotency_key`` gets the session it got before.

    Raises a ``ServiceError``: ``Invalid``, ``NotAllowed``, ``FlowPaused``, ``AlreadyVerified``,
    ``TooManyAttempts``, ``KeyInFlight``, ``KeyReused``, ``Busy``, ``ProviderUnreachable``,
    ``ProviderUnavailable``. Source: GetFaceIdTokenIntl, API page 1061/54556.
    """
    subject = Subject.of(who)
    rules = _open_flow(flow, subject)
    given = params or {}
    public_id = public_ids.new()
    request = parameters.build(rules, subject, given, extra=str(public_id))
    key = Key(subject, idempotency_key, parameters.fingerprint(flow, given))
    if idempotency_key and (replayed := key.replay()):
        return Issued(replayed, fresh=False)
    if not rules.allow_again and gate.is_verified(subject, flow, using=write_alias()):
        raise AlreadyVerified
    try:
        live = _live_session(subject, flow, source)
    except Busy:
        # Whoever is at it may be the first with this key, since we last looked.
        if idempotency_key and (replayed := key.replay()):
            return Issued(replayed, fresh=False)
        raise
    issue = _Issue(subject, rules, request, public_id, key if idempotency_key else None, source)
    if live is not None and issue.is_served_by(live):
        if idempotency_key:
            _remember(key, live)
        return Issued(live, fresh=False)
    return Issued(issue.run(replaces=live), fresh=True)


def _open_flow(name: str, subject: Subject) -> conf.Flow:
    flow = conf.flow(name)
    if flow is None:
        raise Invalid(errors=(FieldError("flow", "unknown", "There is no such flow."),))
    if not flow.enabled:
        raise FlowPaused
    if flow.allow is not None and not conf.hook(flow.allow)(subject.user or subject.reference):
        raise NotAllowed
    return flow


def _live_session(subject: Subject, flow: str, source: Source) -> VerificationSession | None:
    """The subject's live session, once what only looks alive has been put to rest."""
    sessions = VerificationSession.objects.using(write_alias())
    live = sessions.filter(live_key=subject.live_key(flow)).first()
    if live is None:
        return None
    if live.status == Status.PENDING:
        if live.effective_status == Status.PENDING:
            raise Busy("A token is being issued for you right now.", retry_after=1)
        give_up(live, source)
        return None
    if live.effective_status == Status.EXPIRED:
        expired = move(live, Status.EXPIRED, source=source, closed_reason=ClosedReason.CLOCK)
        outbox.announce(expired)
        return None
    return live


def _remember(key: Key, session: VerificationSession) -> None:
    def remember() -> None:
        key.claim()
        key.keep(session)

    persistently(remember)


@dataclass
class _Issue:
    """One new token on its way."""

    subject: Subject
    flow: conf.Flow
    request: GetFaceIdTokenIntlRequest
    public_id: uuid.UUID
    key: Key | None
    source: Source
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

    def run(self, replaces: VerificationSession | None) -> VerificationSession:
        self.replaces = replaces
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
        limits.require_attempts_left(self.flow, self.subject.key)
        if self.key is not None:
            self.key.claim()
        if self.replaces is not None:
            self.replaces.refresh_from_db(using=write_alias())
            self.replaced = self.replaces.move(
                Status.EXPIRED, source=self.source, closed_reason=ClosedReason.REPLACED
            )
        self.session = self._create()
        return self.session

    def _create(self) -> VerificationSession:
        live_key = self.subject.live_key(self.flow.name)
        now = clock.now()
        try:
            with transaction.atomic(using=write_alias()):
                return VerificationSession.objects.create(
                    public_id=self.public_id,
                    reference=self.subject.reference,
                    subject_key=self.subject.key,
                    live_key=live_key,
                    flow=self.flow.name,
                    flow_snapshot=snapshot.of_flow(self.flow, self.subject, now),
                    assurance=self.request.CheckMode or CheckMode.LIVENESS.value,
                    attempt=limits.next_attempt_number(self.subject.key, self.flow.name),
                    created_at=now,
                    lease_until=now + LEASE,
                    trace_id=self.trace_id,
                    **self._identity(),
                    **parameters.columns(self.request),
                )
        except IntegrityError:
            if not VerificationSession.objects.using(write_alias()).filter(live_key=live_key):
                raise
            raise Busy("A token is being issued for you right now.", retry_after=1) from None

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
