from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from django_faceid import clock, conf, services, signals
from django_faceid.models import (
    ApiCall,
    ClosedReason,
    EventKind,
    SessionEvent,
    Source,
    Status,
    VerificationSession,
)
from django_faceid.sandbox.faults import Delay, MissingToken, Refuse, Reset
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import errors, issue_token
from django_faceid.services.minting import TOKEN_LIFETIME
from django_faceid.testing import advance, make_session, play
from tests.services.conftest import Flows

pytestmark = pytest.mark.django_db


def test_the_seed_example_reaches_tencent_unchanged_in_meaning(sandbox: SandboxState) -> None:
    session, fresh = issue_token("ann", params={"check_mode": "liveness", "retry_limit": 1})
    (exchange,) = sandbox.exchanges
    assert fresh
    assert exchange.Request == {
        "CheckMode": "liveness",
        "RetryLimit": 1,
        "Extra": str(session.public_id),
    }
    assert session.sdk_token in sandbox.tokens
    assert session.request_id == exchange.RequestId


def test_an_issued_session_is_complete(sandbox: SandboxState) -> None:
    before = clock.now()
    session = issue_token("ann", source=Source.API).session
    assert session.status == Status.ISSUED
    assert session.livemode is False
    assert session.assurance == "liveness"
    assert session.attempt == 1
    assert session.issued_at is not None
    assert before <= session.issued_at <= clock.now()
    assert session.token_expires_at == session.issued_at + TOKEN_LIFETIME
    call = ApiCall.objects.get()
    event = SessionEvent.objects.get()
    assert (call.outcome, call.request_id) == ("ok", session.request_id)
    assert (event.to_status, event.source, event.call_pk) == ("issued", "api", call.pk)


def test_the_ten_minutes_begin_before_the_request_leaves(sandbox: SandboxState) -> None:
    sandbox.faults.add(Delay(Seconds=0.3))
    session = issue_token("ann").session
    (token,) = sandbox.tokens.values()
    assert session.issued_at is not None
    assert session.issued_at.timestamp() <= token.issued_at


def test_a_second_tap_gets_the_live_session(sandbox: SandboxState) -> None:
    first = issue_token("ann")
    again = issue_token("ann")
    assert again.session == first.session
    assert not again.fresh
    assert again.session.sdk_token == first.session.sdk_token
    assert len(sandbox.tokens) == 1


def test_other_subjects_and_flows_have_sessions_of_their_own(
    sandbox: SandboxState, flow: Flows
) -> None:
    flow("withdraw")
    sessions = {
        issue_token("ann").session,
        issue_token("bob").session,
        issue_token("ann", "withdraw").session,
    }
    assert len(sessions) == 3


@pytest.mark.parametrize("why", ["reported", "parameters", "extra", "too_late"])
def test_a_token_that_does_not_fit_is_replaced(sandbox: SandboxState, why: str) -> None:
    old = issue_token("ann").session
    params: dict[str, Any] = {}
    if why == "reported":
        services.report(old, 0)
    elif why == "parameters":
        params = {"retry_limit": 1}
    elif why == "extra":
        params = {"extra": "order 7"}
    else:
        advance(minutes=9, seconds=30)
    new = issue_token("ann", params=params).session
    old.refresh_from_db()
    assert new != old
    assert (old.status, old.closed_reason) == (Status.EXPIRED, ClosedReason.REPLACED)
    assert (old.attempt, new.attempt) == (1, 2)


def test_a_replaced_session_still_gets_its_late_result(sandbox: SandboxState) -> None:
    old = issue_token("ann").session
    play(old, "pass")
    services.report(old, 0)
    issue_token("ann")
    assert services.fetch_result(old).status == Status.SUCCEEDED
    assert services.is_verified("ann", "default")


def test_a_tap_after_ten_minutes_does_not_wait_for_a_sweep(sandbox: SandboxState) -> None:
    old = issue_token("ann").session
    advance(minutes=10)
    new = issue_token("ann").session
    old.refresh_from_db()
    assert new.status == Status.ISSUED
    assert (old.status, old.closed_reason) == (Status.EXPIRED, ClosedReason.CLOCK)


def test_a_tap_while_another_is_being_answered_is_told_to_wait(sandbox: SandboxState) -> None:
    make_session("ann", status=Status.PENDING)
    with pytest.raises(errors.Busy) as refusal:
        issue_token("ann")
    assert refusal.value.retry_after == 1
    assert not sandbox.exchanges


def test_a_killed_process_does_not_block_its_subject_beyond_the_lease(
    sandbox: SandboxState,
) -> None:
    left_behind = make_session("ann", status=Status.PENDING)
    advance(seconds=31)
    session = issue_token("ann").session
    left_behind.refresh_from_db()
    assert session.status == Status.ISSUED
    assert (left_behind.status, left_behind.error_code) == (Status.ERROR, "Interrupted")


def test_a_token_that_comes_after_recovery_gave_up_is_dropped(sandbox: SandboxState) -> None:
    recovered = False
    real = VerificationSession.move

    def move(self: VerificationSession, to: Status, **facts: Any) -> SessionEvent | None:
        nonlocal recovered
        if to == Status.ISSUED and not recovered:
            recovered = True
            real(VerificationSession.objects.get(pk=self.pk), Status.ERROR, source=Source.TASK)
        return real(self, to, **facts)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(errors.Busy):
        patch.setattr(VerificationSession, "move", move)
        issue_token("ann")
    session = VerificationSession.objects.get()
    assert (session.status, session.sdk_token) == (Status.ERROR, "")
    assert session.events.filter(kind=EventKind.LATE_TOKEN).count() == 1
    assert ApiCall.objects.get().outcome == "ok"


def test_who_is_verified_needs_no_token(sandbox: SandboxState) -> None:
    make_session("ann", status=Status.SUCCEEDED, livemode=False)
    with pytest.raises(errors.AlreadyVerified):
        issue_token("ann")
    assert not sandbox.exchanges


def test_a_flow_may_verify_again(sandbox: SandboxState, flow: Flows) -> None:
    flow(ALLOW_AGAIN=True)
    make_session("ann", status=Status.SUCCEEDED, livemode=False)
    session = issue_token("ann").session
    assert (session.status, session.attempt) == (Status.ISSUED, 1)


def test_flows_that_are_unknown_paused_or_closed_to_a_subject(
    sandbox: SandboxState, flow: Flows
) -> None:
    flow("paused", ENABLED=False)
    flow("closed", ALLOW=lambda who: who == "bob")
    with pytest.raises(errors.Invalid):
        issue_token("ann", "unknown")
    with pytest.raises(errors.FlowPaused):
        issue_token("ann", "paused")
    with pytest.raises(errors.NotAllowed):
        issue_token("ann", "closed")
    assert not sandbox.exchanges
    assert issue_token("bob", "closed").fresh


@pytest.mark.usefixtures("patient")
def test_a_refusal_leaves_an_error_with_its_request_id(sandbox: SandboxState) -> None:
    sandbox.faults.add(Refuse(Code="UnauthorizedOperation.Arrears", Count=None))
    with pytest.raises(errors.ProviderUnavailable) as refusal:
        issue_token("ann")
    session = VerificationSession.objects.get()
    assert (session.status, session.error_code) == (Status.ERROR, "UnauthorizedOperation.Arrears")
    assert session.live_key is None
    assert refusal.value.request_id == session.request_id == ApiCall.objects.get().request_id
    assert refusal.value.session == session


@pytest.mark.parametrize("fault", [MissingToken(), Reset(When="after")])
def test_an_answer_that_may_have_minted_a_token_is_never_repeated(
    sandbox: SandboxState, fault: Reset
) -> None:
    sandbox.faults.add(fault)
    with pytest.raises(errors.ProviderUnreachable):
        issue_token("ann")
    assert len(sandbox.exchanges) == 1
    assert ApiCall.objects.count() == 1
    assert VerificationSession.objects.get().status == Status.ERROR


def test_after_an_error_the_next_tap_starts_anew(sandbox: SandboxState) -> None:
    sandbox.faults.add(Reset(When="after"))
    with pytest.raises(errors.ProviderUnreachable):
        issue_token("ann")
    session = issue_token("ann").session
    assert (session.status, session.attempt) == (Status.ISSUED, 1)


def test_nothing_of_a_refused_tap_stays_behind(sandbox: SandboxState) -> None:
    old = issue_token("ann").session
    services.report(old, 0)
    heard: list[object] = []
    signals.session_expired.connect(lambda **kw: heard.append(kw), weak=False, dispatch_uid="t")
    try:
        with pytest.MonkeyPatch.context() as patch, pytest.raises(errors.Busy):
            patch.setattr("django_faceid.services.pacing._earliest", lambda *_args: 2**60)
            issue_token("ann")
    finally:
        signals.session_expired.disconnect(dispatch_uid="t")
    old.refresh_from_db()
    assert old.status == Status.ISSUED
    assert VerificationSession.objects.count() == ApiCall.objects.count() == 1
    assert heard == []


def test_a_subject_that_used_up_its_tokens_has_to_wait(sandbox: SandboxState, flow: Flows) -> None:
    flow(MAX_ISSUES={timedelta(minutes=10): 2})
    for _attempt in range(2):
        services.cancel(issue_token("ann").session)
    with pytest.raises(errors.TooManyAttempts) as refusal:
        issue_token("ann")
    assert len(sandbox.exchanges) == 2
    advance(seconds=refusal.value.retry_after or 0)
    assert issue_token("ann").fresh


def test_whoever_inherits_a_deleted_users_key_gets_a_token_of_their_own(
    sandbox: SandboxState,
) -> None:
    ann = User.objects.create_user("ann")
    theirs = issue_token(ann).session
    key = ann.pk
    ann.delete()
    somebody = User.objects.create_user("somebody", pk=key)
    issued = issue_token(somebody)
    assert issued.fresh
    assert issued.session != theirs


def test_a_dead_token_is_not_handed_to_python_either(sandbox: SandboxState) -> None:
    live = issue_token("ann", idempotency_key="k")
    assert live.sdk_token == live.session.sdk_token != ""
    advance(minutes=11)
    replayed = issue_token("ann", idempotency_key="k")
    assert replayed.session == live.session
    assert replayed.sdk_token == ""


def test_a_key_that_cannot_encrypt_is_told_before_a_token_is_minted(
    sandbox: SandboxState, settings: Settings
) -> None:
    settings.FACEID = {**settings.FACEID, "ENCRYPTION_KEYS": ["no key"]}
    with pytest.raises(conf.SettingError):
        issue_token("ann")
    assert not sandbox.tokens


def test_waiting_for_a_slot_takes_nothing_off_the_ten_minutes(
    sandbox: SandboxState, settings: Settings
) -> None:
    settings.FACEID = {**settings.FACEID, "MIN_SPACING": 0.5}
    first = issue_token("ann").session.issued_at
    second = issue_token("bob").session.issued_at
    assert first is not None
    assert second is not None
    assert (second - first).total_seconds() >= 0.45
