"""Every call to Tencent: slot, evidence, attempt, outcome, retry."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Generic, Protocol, TypeVar

from django.db import IntegrityError
from django.views.decorators.debug import sensitive_variables

from .. import conf
from ..models import ApiCall, VerificationSession
from ..tencent.auth import Credentials
from ..tencent.client import FaceIdClient
from ..tencent.codes import Retry, error_code
from ..tencent.errors import FaceIdError, RateLimited, Refused, Sent, SignatureExpired
from . import pacing
from .breaker import breaker_of
from .durable import PASSING, durably, give_back_pooled_connection, require_no_transaction
from .errors import Busy, SessionGone
from .evidence import Attempt

MAX_ATTEMPTS = 3
BACKOFF = 0.25
LONGEST_BACKOFF = 2.0
SHORTEST_ATTEMPT = 1.0
# Seconds for which an outcome is held against a database that is away: a restart, a failover. With
# a call's deadline they stay below the lease of a session.
PATIENCE = 5.0


class _Answer(Protocol):
    @property
    def RequestId(self) -> str: ...  # noqa: N802 (Tencent's word)


Answer = TypeVar("Answer", bound=_Answer)


@dataclass(frozen=True)
class Errand(Generic[Answer]):
    """One logical call: what to send, and what to write before and after it.

    ``send`` makes exactly one attempt with the client and the keyword arguments it is given.
    ``prepare`` runs in the transaction that commits the first attempt's evidence and returns the
    session, if there is one; what it raises takes all of that back. ``settle`` runs in the
    transaction that records the last attempt's outcome; it is given that attempt's row, the
    instant before it was sent, and Tencent's answer or the error. ``background`` work gives way
    to calls that a person waits for.
    """

    account: conf.Account
    action: str
    send: Callable[..., Answer]
    prepare: Callable[[], VerificationSession | None]
    settle: Callable[[ApiCall, datetime, Answer | FaceIdError], None]
    trace_id: str
    background: bool = False


@sensitive_variables()
def call(errand: Errand[Answer]) -> Answer:
    """Run an errand within ``FACEID["DEADLINE"]`` seconds, repeating only what minted nothing.

    Raises ``Busy`` when no slot is free in time, ``ProviderUnreachable`` while the breaker is
    open, ``SessionGone`` when the session was deleted meanwhile, ``FaceIdError`` for the last
    attempt's failure, ``RuntimeError`` inside a transaction: evidence that a caller could roll
    back is none.
    """
    require_no_transaction()
    conf.require_safe_endpoint(errand.account)
    # Settings that cannot be used are told before anything is written.
    clients.get(errand.account)
    deadline = time.monotonic() + conf.get().deadline
    with breaker_of(errand.account).admit():
        session, attempt = _begin(errand)
        result = _send(errand, attempt, deadline)
        while following := _follow(errand, session, attempt, result, deadline):
            attempt = following
            result = _send(errand, attempt, deadline)
        _end(errand, attempt, result)
    if isinstance(result, FaceIdError):
        raise result
    return result


def _begin(errand: Errand[Answer]) -> tuple[VerificationSession | None, Attempt]:
    """Commit what is known before anything is sent."""

    def begin() -> tuple[VerificationSession | None, Attempt]:
        session = errand.prepare()
        return session, _reserve(errand, session, number=1)

    try:
        with pacing.admission(errand.account, errand.action, background=errand.background):
            return durably(begin)
    except PASSING:
        raise Busy(retry_after=1) from None


def _end(errand: Errand[Answer], attempt: Attempt, result: Answer | FaceIdError) -> None:
    """Commit the outcome and what follows from it; the outcome alone when that fails."""

    tries = count(1)

    def end() -> None:
        # A connection may break after the commit: nothing follows from one answer twice.
        if next(tries) > 1 and attempt.is_filed():
            return
        errand.settle(attempt.row, attempt.sent_at, result)
        attempt.row.save()

    _file(errand, attempt, end)


def _file(errand: Errand[Answer], attempt: Attempt, write: Callable[[], object]) -> None:
    try:
        durably(write, patience=PATIENCE)
    except Exception:
        if durably(attempt.file_alone):
            raise SessionGone(trace_id=errand.trace_id) from None
        raise


def _reserve(
    errand: Errand[Answer], session: VerificationSession | None, number: int, waited: float = 0.0
) -> Attempt:
    row = ApiCall.objects.create(
        session=session,
        action=errand.action,
        account=errand.account.name,
        region=errand.account.region,
        attempt=number,
        trace_id=errand.trace_id,
    )
    # Last, so that the fleet's one row is locked for as short a time as can be.
    slot = pacing.reserve(
        errand.account, errand.action, background=errand.background, waited=waited
    )
    return Attempt(row, slot.wait, reserved=slot.since, waited=waited)


def _send(errand: Errand[Answer], attempt: Attempt, deadline: float) -> Answer | FaceIdError:
    breaker = breaker_of(errand.account)
    give_back_pooled_connection()

    def leave() -> None:
        # Once more: the host's credentials may have come out of a database.
        give_back_pooled_connection()
        attempt.leave()

    try:
        answer = errand.send(
            clients.get(errand.account),
            trace_id=errand.trace_id,
            clock_offset=clients.offset(errand.account),
            timeout=_timeout(errand.account, deadline - attempt.wait),
            leave=leave,
        )
    except FaceIdError as error:
        breaker.heard(error)
        attempt.stop(request_id=error.request_id or "", error=error)
        return error
    breaker.answered()
    attempt.stop(request_id=answer.RequestId, error=None)
    return answer


def _timeout(account: conf.Account, deadline: float) -> tuple[float, float, float]:
    connect, answer = account.timeout
    return connect, answer, max(SHORTEST_ATTEMPT, deadline - time.monotonic())


def _pause(result: Answer | FaceIdError, number: int, deadline: float) -> float | None:
    """Seconds before the next attempt, None for no other: Tencent may have minted a token."""
    if not isinstance(result, FaceIdError):
        return None
    if isinstance(result, SignatureExpired) and result.clock_offset is not None:
        return 0.0 if number == 1 else None
    if not result.retryable or (result.sent is not Sent.NO and not isinstance(result, Refused)):
        return None
    once = isinstance(result, RateLimited) or error_code(result.code).retry is Retry.ONCE
    if number >= (2 if once else MAX_ATTEMPTS):
        return None
    longest = min(LONGEST_BACKOFF, BACKOFF * 2**number)
    pause = random.uniform(0, longest)  # noqa: S311 (full jitter, no secret)
    return pause if time.monotonic() + pause + SHORTEST_ATTEMPT < deadline else None


def _follow(
    errand: Errand[Answer],
    session: VerificationSession | None,
    attempt: Attempt,
    result: Answer | FaceIdError,
    deadline: float,
) -> Attempt | None:
    """File a failed attempt and open the next; None when there is to be no other."""
    pause = _pause(result, attempt.row.attempt, deadline)
    if pause is None:
        return None
    _file(errand, attempt, attempt.row.save)
    if isinstance(result, SignatureExpired):
        clients.learn_offset(errand.account, result.clock_offset or 0.0)
    try:
        if isinstance(result, RateLimited):
            durably(lambda: pacing.back_off(errand.account, errand.action))
        give_back_pooled_connection()
        time.sleep(pause)
        number, waited = attempt.row.attempt + 1, attempt.waited + attempt.wait
        return durably(lambda: _reserve(errand, session, number, waited))
    except (Busy, IntegrityError, *PASSING):
        # Of a session that is gone by now, the end of the call says so.
        return None


class _Clients:
    """One pooled client per account, as its settings are now, and what its clock is off by."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: dict[str, tuple[conf.Account, FaceIdClient]] = {}
        self._offsets: dict[str, float] = {}

    def get(self, account: conf.Account) -> FaceIdClient:
        with self._lock:
            known, client = self._clients.get(account.name, (None, None))
            if client is None or known != account:
                client = _build(account)
                self._clients[account.name] = account, client
                self._offsets.pop(account.name, None)
            return client

    def offset(self, account: conf.Account) -> float:
        return self._offsets.get(account.name, 0.0)

    def learn_offset(self, account: conf.Account, seconds: float) -> None:
        self._offsets[account.name] = seconds


clients = _Clients()


def _build(account: conf.Account) -> FaceIdClient:
    try:
        return FaceIdClient(
            _credentials(account),
            region=account.region,
            endpoint=account.endpoint,
            timeout=account.timeout,
            proxy=account.proxy,
            ca_bundle=account.ca_bundle,
            language=account.language,
        )
    except (ImportError, OSError, ValueError) as error:
        # Its text is withheld: a path or a URL may carry a secret.
        where = f'FACEID["ACCOUNTS"]["{account.name}"]'
        message = f"cannot be used ({type(error).__name__}); manage.py check says more."
        raise conf.SettingError(where, "value", message) from None


def _credentials(account: conf.Account) -> Credentials | Callable[[], Credentials]:
    if account.credentials is None:
        return Credentials(account.secret_id, account.secret_key, account.token)
    hook = conf.hook(account.credentials)
    return lambda: Credentials(*hook())
