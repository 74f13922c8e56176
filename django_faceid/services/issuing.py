"""Issuing an SdkToken: one live session per subject and flow, one token per tap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db import IntegrityError
from django.views.decorators.debug import sensitive_variables

from .. import conf
from ..models import Source, Status, Subject, VerificationSession, public_ids
from ..models.database import write_alias
from . import gate, limits, parameters
from .durable import persistently
from .errors import (
    AlreadyVerified,
    Busy,
    FieldError,
    FlowPaused,
    Invalid,
    KeyInFlight,
    NotAllowed,
    SessionGone,
)
from .idempotency import Key
from .minting import Issue


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
    ``TooManyAttempts``, ``KeyInFlight``, ``KeyReused``, ``SessionGone``, ``Busy``,
    ``ProviderUnreachable``, ``ProviderUnavailable``.
    Source: GetFaceIdTokenIntl, API page 1061/54556.
    """
    subject = Subject.of(who)
    given = params or {}
    if not idempotency_key:
        return _issue(subject, flow, given, None, source)
    key = Key(subject, idempotency_key, parameters.fingerprint(flow, given))
    # Before any rule: what was answered once does not hang on what is allowed by now.
    if replayed := key.replay():
        return Issued(replayed, fresh=False)
    with key.alone():
        try:
            return _issue(subject, flow, given, key, source)
        except KeyInFlight:
            # Another process was first with this key, and may be done with it by now.
            if replayed := key.stored():
                return Issued(replayed, fresh=False)
            raise


@sensitive_variables()
def _issue(
    subject: Subject, flow: str, given: Mapping[str, Any], key: Key | None, source: Source
) -> Issued:
    rules = _open_flow(flow, subject)
    public_id = public_ids.new()
    request = parameters.build(rules, subject, given, extra=str(public_id))
    try:
        holder = _holder(subject, rules)
    except Busy:
        # Whoever is at it may be the first with this key, since we last looked.
        if key is not None and (replayed := key.stored()):
            return Issued(replayed, fresh=False)
        raise
    issue = Issue(subject, rules, request, public_id, key, source, replaces=holder)
    if holder is not None and issue.is_served_by(holder):
        if key is not None:
            _remember(key, holder)
        return Issued(holder, fresh=False)
    return Issued(issue.run(), fresh=True)


def _open_flow(name: str, subject: Subject) -> conf.Flow:
    flow = conf.flow(name)
    if flow is None:
        raise Invalid(errors=(FieldError("flow", "unknown", "There is no such flow."),))
    if not flow.enabled:
        raise FlowPaused
    if flow.allow is not None and not conf.hook(flow.allow)(subject.user or subject.reference):
        raise NotAllowed
    return flow


def _holder(subject: Subject, flow: conf.Flow) -> VerificationSession | None:
    """The session that holds this subject's place in a flow, alive or only looking so.

    Raises ``AlreadyVerified`` where another token would prove nothing new, ``Busy`` while one is
    on its way.
    """
    sessions = VerificationSession.objects.using(write_alias())
    live = sessions.filter(live_key=subject.live_key(flow.name))
    # One question for both, since every tap asks it and most find neither.
    found = (live | gate.proofs(subject, flow)).filter(subject_key=subject.key)
    holder = None
    for session in found.order_by():
        if session.live_key is not None:
            holder = session
        elif session.flow == flow.name:
            raise AlreadyVerified
    if holder is not None and holder.effective_status == Status.PENDING:
        raise limits.one_at_a_time()
    return holder


def _remember(key: Key, session: VerificationSession) -> None:
    def remember() -> None:
        key.claim()
        key.keep(session)

    try:
        persistently(remember)
    except IntegrityError:
        raise SessionGone from None
