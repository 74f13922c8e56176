"""What happens between a look and the transaction that acts on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from django_faceid import clock, services
from django_faceid.models import (
    ApiCall,
    ClosedReason,
    SessionEvent,
    Source,
    Status,
    VerificationSession,
)
from django_faceid.sandbox.faults import Refuse
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import breaker, errors, issue_token, issuing, limits
from django_faceid.services.idempotency import Key
from django_faceid.services.minting import Issue
from django_faceid.testing import advance, make_session
from tests.services.conftest import Flows

pytestmark = pytest.mark.django_db


def between(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let ``act`` happen after a tap was let in and before it decides for good."""
    real = limits.require_attempts_left

    def later(*args: Any) -> None:
        act()
        real(*args)

    monkeypatch.setattr(limits, "require_attempts_left", later)


def passes(session: VerificationSession) -> None:
    stored = VerificationSession.objects.get(pk=session.pk)
    facts: dict[str, Any] = {"result_code": "0", "category": "passed", "result_at": clock.now()}
    stored.move(Status.SUCCEEDED, source=Source.TASK, **facts)


def full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_faceid.services.pacing._earliest", lambda *_args: 2**60)


def test_a_token_on_its_way_in_one_flow_is_waited_for_in_all(
    sandbox: SandboxState, flow: Flows
) -> None:
    flow("withdraw")
    make_session("ann", status=Status.PENDING, flow="withdraw")
    with pytest.raises(errors.Busy) as refusal:
        issue_token("ann")
    assert refusal.value.retry_after == 1
    assert issue_token("bob").fresh
    advance(seconds=31)
    assert issue_token("ann").fresh


def test_a_token_asked_for_in_another_flow_a_moment_ago_is_waited_for_too(
    sandbox: SandboxState, flow: Flows, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow("withdraw")
    between(monkeypatch, lambda: make_session("ann", status=Status.PENDING, flow="withdraw"))
    with pytest.raises(errors.Busy):
        issue_token("ann")
    assert not sandbox.exchanges


@pytest.mark.parametrize("status", [Status.ISSUED, Status.EXPIRED])
def test_who_passes_while_a_new_token_is_prepared_gets_none(
    sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch, status: Status
) -> None:
    old = make_session("ann", status=status, livemode=False)
    between(monkeypatch, lambda: passes(old))
    with pytest.raises(errors.AlreadyVerified):
        issue_token("ann", params={"retry_limit": 1})
    assert not sandbox.exchanges
    assert VerificationSession.objects.get() == old


def test_who_was_verified_once_and_is_no_more_gets_a_token(sandbox: SandboxState) -> None:
    over = clock.now()
    make_session("ann", status=Status.SUCCEEDED, livemode=False, verified_until=over)
    assert issue_token("ann").fresh


@pytest.mark.parametrize("gone_again", [False, True])
def test_a_rival_that_was_faster_is_waited_for_even_when_it_is_gone_again(
    sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch, gone_again: bool
) -> None:
    rival = make_session("ann", flow="default")
    monkeypatch.setattr(issuing, "_holder", lambda *_args: None)
    if gone_again:
        real = Issue._conflict

        def conflict(self: Issue, error: Any) -> Exception:
            services.cancel(rival)
            return real(self, error)

        monkeypatch.setattr(Issue, "_conflict", conflict)
    with pytest.raises(errors.Busy) as refusal:
        issue_token("ann")
    assert refusal.value.retry_after == 1
    assert VerificationSession.objects.get() == rival
    assert not ApiCall.objects.exists()


@pytest.mark.parametrize("params", [{}, {"retry_limit": 1}])
def test_a_repeat_whose_first_is_done_since_its_look_gets_what_that_got(
    sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch, params: dict[str, Any]
) -> None:
    first: list[VerificationSession] = []
    real = Key.replay

    def answered_afterwards(self: Key) -> VerificationSession | None:
        monkeypatch.undo()
        found = real(self)
        first.append(issue_token("ann", params=params, idempotency_key="k").session)
        return found

    monkeypatch.setattr(Key, "replay", answered_afterwards)
    if params:
        with pytest.raises(errors.KeyReused):
            issue_token("ann", idempotency_key="k")
    else:
        assert issue_token("ann", idempotency_key="k") == (first[0], False)
    assert len(sandbox.tokens) == 1


@pytest.mark.django_db(transaction=True)
def test_a_user_who_was_deleted_a_moment_ago_is_told_no(sandbox: SandboxState) -> None:
    ann = User.objects.create_user("ann")
    User.objects.filter(pk=ann.pk).delete()
    with pytest.raises(errors.NotAllowed):
        issue_token(ann, idempotency_key="k")
    assert not sandbox.exchanges
    assert not VerificationSession.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_live_session_that_is_deleted_before_it_is_given_again_is_gone(
    sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue_token("ann")
    real = issuing._remember

    def too_late(key: Key, session: VerificationSession) -> None:
        VerificationSession.objects.all().delete()
        real(key, session)

    monkeypatch.setattr(issuing, "_remember", too_late)
    with pytest.raises(errors.SessionGone):
        issue_token("ann", idempotency_key="k")
    monkeypatch.undo()
    assert issue_token("ann", idempotency_key="k").fresh


def test_a_refused_tap_does_not_even_put_an_overdue_session_to_rest(
    sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = issue_token("ann").session
    advance(minutes=10)
    full(monkeypatch)
    with CaptureQueriesContext(connection) as captured, pytest.raises(errors.Busy):
        issue_token("ann")
    old.refresh_from_db()
    assert (old.status, len(captured)) == (Status.ISSUED, 2)


def test_who_needs_no_token_hears_so_however_full_the_queue_is(
    sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_session("ann", status=Status.SUCCEEDED, livemode=False)
    live = issue_token("bob").session
    full(monkeypatch)
    with pytest.raises(errors.AlreadyVerified):
        issue_token("ann")
    assert issue_token("bob").session == live


@pytest.mark.parametrize(
    ("status", "seconds", "ending"),
    [
        (Status.ISSUED, 601, (Status.EXPIRED, ClosedReason.CLOCK, "")),
        (Status.ISSUED, 599, (Status.EXPIRED, ClosedReason.REPLACED, "")),
        (Status.PENDING, 31, (Status.ERROR, "", "Interrupted")),
    ],
)
def test_what_holds_the_place_is_put_to_rest_with_the_new_session(
    sandbox: SandboxState, status: Status, seconds: int, ending: tuple[str, str, str]
) -> None:
    old = make_session("ann", status=status)
    advance(seconds=seconds)
    assert issue_token("ann").fresh
    old.refresh_from_db()
    assert (old.status, old.closed_reason, old.error_code) == ending
    event = SessionEvent.objects.get(session=old)
    assert (event.to_status, event.delivered_at is None) == (ending[0], False)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("FailedOperation.ImageSizeTooLarge", errors.Invalid),
        ("InternalError", errors.ProviderUnreachable),
    ],
)
def test_no_script_drinks_the_quota_with_tries_that_bring_no_token(
    sandbox: SandboxState, code: str, refused: type[errors.ServiceError]
) -> None:
    sandbox.faults.add(Refuse(Code=code, Count=None))
    for _tap in range(limits.MOST_FAILURES):
        with pytest.raises(refused):
            issue_token("ann")
    calls = ApiCall.objects.count()
    with pytest.raises(errors.TooManyAttempts) as refusal:
        issue_token("ann")
    assert ApiCall.objects.count() == calls
    sandbox.faults.clear()
    advance(seconds=refusal.value.retry_after or 0)
    assert issue_token("ann").session.attempt == 1


def down() -> None:
    raise OSError


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    "trouble",
    [{"ENDPOINT": "http://127.0.0.1:9"}, {"CREDENTIALS": down, "QUOTA_GROUP": "vault"}],
)
def test_an_outage_on_the_way_to_tencent_uses_up_nobodys_tries(
    sandbox: SandboxState, settings: Settings, trouble: dict[str, Any]
) -> None:
    well = settings.FACEID
    account = well["ACCOUNTS"]["default"]
    if "CREDENTIALS" in trouble:
        account = {name: account[name] for name in account if not name.startswith("SECRET")}
    settings.FACEID = {**well, "ACCOUNTS": {"default": {**account, **trouble}}}
    for _tap in range(limits.MOST_FAILURES):
        breaker.forget()
        with pytest.raises(errors.ProviderUnreachable):
            issue_token("ann")
    settings.FACEID = well
    breaker.forget()
    assert issue_token("ann").fresh


def test_a_repeat_whose_first_began_since_its_look_is_told_of_its_key(
    sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Key.replay

    def begun_afterwards(self: Key) -> VerificationSession | None:
        found = real(self)
        self.claim()
        make_session("ann", status=Status.PENDING)
        return found

    monkeypatch.setattr(Key, "replay", begun_afterwards)
    with pytest.raises(errors.KeyInFlight):
        issue_token("ann", idempotency_key="k")
