"""For the host project's own tests: a sandbox, a phone, a clock, and sessions in any state.

::

    class OnboardingTests(TestCase):
        @faceid_sandbox()
        def test_a_verified_user_may_withdraw(self):
            session = issue_token(self.user).session
            play(session, "pass")
            fetch_result(session)
            assert is_verified(self.user, "default")

Works in unittest and pytest, in ``TestCase`` and ``TransactionTestCase``.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.test import override_settings

from . import clock, conf
from .models import Status, Subject, VerificationSession
from .sandbox.server import SandboxServer
from .sandbox.state import SandboxState
from .services import breaker, outbox

_running: list[SandboxState] = []


@contextmanager
def faceid_sandbox(**account: Any) -> Iterator[SandboxState]:
    """A FaceID endpoint on a loopback socket that every account of ``FACEID`` talks to.

    A context manager and a decorator. ``account`` overrides keys of each account (``RATE=100``).
    Gives the sandbox's state: its tokens, exchanges and faults. Signals are delivered inside
    ``TestCase`` too. The app's clock goes back to normal at the end.
    """
    state = SandboxState()
    with (
        SandboxServer(state) as server,
        override_settings(FACEID=_pointed_at(server.url, state, account)),
        _signals_inside_testcase(),
        _clock_put_back(),
    ):
        breaker.forget()
        _running.append(state)
        try:
            yield state
        finally:
            _running.remove(state)


def play(session: VerificationSession, outcome: str) -> None:
    """Let a phone run the session's process to ``outcome``.

    One of ``pass``, ``spoof``, ``too_dark``, ``no_face``, ``several_faces``, ``mismatch``,
    ``walk_away``. Raises ``ValueError`` without a token, and the sandbox's ``PhoneRefused`` where
    a real phone could not: twice, or after the token's ten minutes.
    """
    session.refresh_from_db()
    if not session.sdk_token:
        raise ValueError(f"The session is {session.status} and has no token to play with.")
    sandbox().play(session.sdk_token, outcome)


def advance(**span: float) -> None:
    """Move the app's clock and the sandbox's: ``advance(minutes=11)``, arguments of timedelta."""
    ahead = clock.offset() + timedelta(**span)
    clock.offset = partial(_same, ahead)
    for state in _running:
        state.advance(timedelta(**span).total_seconds())


def sandbox() -> SandboxState:
    """The state of the innermost running sandbox; raises ``RuntimeError`` outside of one."""
    if not _running:
        raise RuntimeError("Use this inside faceid_sandbox().")
    return _running[-1]


def make_session(who: Any = None, **overrides: Any) -> VerificationSession:
    """A stored session, ``issued`` a moment ago unless ``overrides`` (columns) say otherwise.

    ``who`` is a user or a reference; one is made up when there is none. No call is made.
    """
    subject = Subject.of(who or f"reference-{uuid.uuid4()}")
    flow = overrides.get("flow", "default")
    status = overrides.setdefault("status", Status.ISSUED)
    account = conf.account(overrides.setdefault("account", "default"))
    now = clock.now()
    columns: dict[str, Any] = {
        "user": subject.user,
        "reference": subject.reference,
        "subject_key": subject.key,
        "flow": flow,
        "livemode": account.livemode,
        "assurance": "liveness",
        "request_id": str(uuid.uuid4()),
    }
    if status in (Status.PENDING, Status.ISSUED):
        columns["live_key"] = subject.live_key(flow)
        columns["lease_until"] = now + timedelta(seconds=30)
    if status not in (Status.PENDING, Status.ERROR):
        columns |= {
            "issued_at": now,
            "token_expires_at": now + timedelta(minutes=10),
            "result_expires_at": now + timedelta(hours=72),
        }
    if status in (Status.ISSUED, Status.EXPIRED, Status.CANCELED):
        columns |= {
            "sdk_token": str(uuid.uuid4()).upper(),
            "next_pull_at": now + timedelta(seconds=90),
        }
    if status == Status.SUCCEEDED:
        columns |= {"result_code": "0", "category": "passed", "result_at": now}
        columns |= {"verdict": "verified", "verified_at": now}
    if status == Status.FAILED:
        columns |= {"result_code": "1201", "category": "capture", "result_at": now}
    return VerificationSession.objects.create(**{**columns, **overrides})


def _same(span: timedelta) -> timedelta:
    return span


def _pointed_at(url: str, state: SandboxState, account: dict[str, Any]) -> dict[str, Any]:
    given = getattr(settings, "FACEID", {})
    endpoint = {
        "ENDPOINT": url,
        "SECRET_ID": state.account.SecretId,
        "SECRET_KEY": state.account.SecretKey,
        "CREDENTIALS": None,
        **account,
    }
    accounts = given.get("ACCOUNTS") or {"default": {}}
    return {
        **given,
        "ACCOUNTS": {name: {**values, **endpoint} for name, values in accounts.items()},
        "ALLOW_TEST_ENDPOINT": True,
    }


@contextmanager
def _clock_put_back() -> Iterator[None]:
    before = clock.offset
    try:
        yield
    finally:
        clock.offset = before


@contextmanager
def _signals_inside_testcase() -> Iterator[None]:
    before = outbox.on_commit
    outbox.on_commit = _after_the_tests_own_transactions
    try:
        yield
    finally:
        outbox.on_commit = before


def _after_the_tests_own_transactions(
    func: Callable[[], object], using: str | None = None, robust: bool = False
) -> None:
    """``transaction.on_commit``, but for the transaction that a ``TestCase`` never commits."""
    blocks = transaction.get_connection(using).atomic_blocks
    if all(getattr(block, "_from_testcase", False) for block in blocks):
        func()
    else:
        transaction.on_commit(func, using=using, robust=robust)
