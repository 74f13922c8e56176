"""What is committed around a call, and what is rolled back."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection, connections, transaction

from django_faceid.models import ApiCall, Outcome, Status, VerificationSession
from django_faceid.sandbox.faults import Delay, Refuse
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import calls, errors, issue_token, pacing
from django_faceid.services.durable import durably
from django_faceid.services.evidence import Attempt
from django_faceid.tencent.client import FaceIdClient
from django_faceid.tencent.types import (
    GET_TOKEN,
    GetFaceIdTokenIntlRequest,
    GetFaceIdTokenIntlResponse,
)
from django_faceid.testing import faceid_sandbox
from tests.services.errands import Settled, errand, outcomes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient")]


@pytest.mark.django_db(transaction=True)
def test_the_evidence_is_committed_before_the_request_leaves() -> None:
    seen: list[list[str]] = []

    def look_from_elsewhere(client: FaceIdClient, **options: Any) -> Any:
        with ThreadPoolExecutor(1) as elsewhere:
            seen.append(elsewhere.submit(_outcomes_on_a_connection_of_its_own).result())
        return client.get_token(GetFaceIdTokenIntlRequest(), **options)

    with faceid_sandbox():
        calls.call(errand(send=look_from_elsewhere))
    assert seen == [[Outcome.STARTED]]


def _outcomes_on_a_connection_of_its_own() -> list[str]:
    try:
        return outcomes()
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_tencent_thinks() -> None:
    def check(client: FaceIdClient, **options: Any) -> Any:
        assert not connection.in_atomic_block
        return client.get_token(GetFaceIdTokenIntlRequest(), **options)

    with faceid_sandbox():
        calls.call(errand(send=check))


@pytest.mark.django_db(transaction=True)
def test_inside_a_callers_transaction_it_says_clearly_what_is_wrong() -> None:
    with faceid_sandbox() as state:
        with pytest.raises(RuntimeError, match="outside transactions"), transaction.atomic():
            issue_token("ann")
        assert not state.exchanges


@pytest.mark.django_db(transaction=True)
def test_without_autocommit_it_says_the_same_for_nothing_would_be_committed() -> None:
    with faceid_sandbox() as state:
        transaction.set_autocommit(False)
        try:
            with pytest.raises(RuntimeError, match="outside transactions"):
                issue_token("ann")
        finally:
            transaction.rollback()
            transaction.set_autocommit(True)
        assert not state.exchanges


@pytest.mark.django_db(transaction=True)
def test_forty_taps_of_one_person_at_once_make_one_token() -> None:
    with faceid_sandbox() as state, ThreadPoolExecutor(8) as pool:
        state.faults.add(Delay(Seconds=0.2, Count=None))
        results = list(pool.map(_tap, ["ann"] * 40))
        assert len(state.tokens) == 1
    assert "issued" in results
    assert set(results) <= {"issued", "busy"}
    assert VerificationSession.objects.count() == 1


def _tap(who: str) -> str:
    try:
        return issue_token(who).session.status
    except errors.ServiceError as error:
        return error.code
    finally:
        connections.close_all()


def test_an_outcome_outlives_what_follows_from_it(sandbox: SandboxState) -> None:
    def fail(*_facts: Any) -> None:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        calls.call(errand(settle=fail))
    row = ApiCall.objects.get()
    assert row.outcome == Outcome.OK
    assert row.request_id


def test_a_deadlock_before_anything_is_sent_is_nobodys_error(sandbox: SandboxState) -> None:
    victims = [OperationalError("deadlock"), OperationalError("deadlock")]

    def prepare() -> None:
        if victims:
            raise victims.pop()

    assert calls.call(errand(prepare=prepare)).SdkToken
    assert outcomes() == ["ok"]


def test_a_database_that_never_gives_in_is_a_full_queue(sandbox: SandboxState) -> None:
    def prepare() -> None:
        raise OperationalError("deadlock")

    with pytest.raises(errors.Busy):
        calls.call(errand(prepare=prepare))
    assert not sandbox.exchanges


def test_a_window_that_cannot_be_moved_ends_the_repeats_and_not_the_call(
    sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_window: Any) -> None:
        raise OperationalError("lock wait timeout exceeded")

    monkeypatch.setattr(pacing, "back_off", locked)
    sandbox.faults.add(Refuse(Code="RequestLimitExceeded"))
    with pytest.raises(errors.Busy):
        issue_token("ann", idempotency_key="k")
    assert VerificationSession.objects.get().status == Status.ERROR
    assert issue_token("ann", idempotency_key="k").fresh


def test_an_outcome_outlasts_a_database_that_is_away_for_seconds(sandbox: SandboxState) -> None:
    back = time.monotonic() + 1.5

    def settle(*_facts: Any) -> None:
        if time.monotonic() < back:
            raise InterfaceError(0, "")

    calls.call(errand(settle=settle))
    assert outcomes() == ["ok"]


def test_a_commit_whose_answer_was_lost_is_not_made_again(
    sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_the_answer(write: Callable[[], Any], **options: Any) -> Any:
        durably(write, **options)
        return durably(write, **options)

    settled: Settled = []
    sent = errand(settled)
    with monkeypatch.context() as broken:
        broken.setattr(calls, "durably", lose_the_answer)
        row = ApiCall.objects.create(action=GET_TOKEN, account="default", region="ap-singapore")
        attempt = Attempt(row, wait=0.0, reserved=time.monotonic())
        attempt.stop(request_id="request-1", error=None)
        calls._end(sent, attempt, GetFaceIdTokenIntlResponse(SdkToken="T", RequestId="request-1"))
    assert len(settled) == 1
