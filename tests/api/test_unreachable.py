"""When Tencent cannot be reached, or what answers is not Tencent."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest
from django.conf import settings

from django_faceid.models import ApiCall, Outcome, VerificationSession
from django_faceid.sandbox.faults import (
    CutOff,
    Delay,
    Drip,
    Fault,
    Html,
    HttpStatus,
    MissingToken,
    Reset,
)
from django_faceid.sandbox.state import SandboxState

from .caller import Caller, body
from .conftest import Flows

DEADLINE = 2.0

FAULTS: list[tuple[Fault, str]] = [
    (Reset(When="before", Count=None), Outcome.UNREACHABLE),
    (Reset(When="after", Count=None), Outcome.UNREACHABLE),
    (Delay(Seconds=5, Count=None), Outcome.UNREACHABLE),
    (Drip(Seconds=0.1, Count=None), Outcome.BROKEN),
    (Html(Count=None), Outcome.BROKEN),
    (HttpStatus(Status=502, Count=None), Outcome.BROKEN),
    (CutOff(Count=None), Outcome.BROKEN),
    (MissingToken(Count=None), Outcome.BROKEN),
]


@pytest.fixture(autouse=True)
def in_a_hurry(flows: Flows) -> None:
    flows.settings(ACCOUNTS=accounts(TIMEOUT=(1, 1)), DEADLINE=DEADLINE)


def accounts(**changes: Any) -> dict[str, Any]:
    given: Any = settings.FACEID
    return {"default": {**given["ACCOUNTS"]["default"], **changes}}


def post_within_the_deadline(caller: Caller, path: str, **headers: str) -> dict[str, Any]:
    started = time.monotonic()
    answer = caller.post(path, {}, **headers)
    assert time.monotonic() - started < DEADLINE + 1
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) >= 1
    return body(answer)


@pytest.mark.parametrize(("fault", "outcome"), FAULTS, ids=lambda v: getattr(v, "name", None))
def test_an_issue_without_a_usable_answer_is_a_problem_with_a_retry_after(
    fault: Fault, outcome: str, caller: Caller, state: SandboxState
) -> None:
    state.faults.add(fault)
    problem = post_within_the_deadline(caller, "sessions/")
    assert (problem["code"], problem["next_action"]) == ("provider_unreachable", "retry")
    call = ApiCall.objects.get()  # one attempt, since it may have minted a token
    assert (call.outcome, call.trace_id) == (outcome, problem["trace_id"])
    assert VerificationSession.objects.get().status == "error"


@pytest.mark.parametrize(("fault", "outcome"), FAULTS[:-1], ids=lambda v: getattr(v, "name", None))
def test_a_pull_without_a_usable_answer_leaves_the_session_as_it_was(
    fault: Fault, outcome: str, caller: Caller, state: SandboxState
) -> None:
    issued = body(caller.post("sessions/", {}))
    state.faults.add(fault)
    problem = post_within_the_deadline(caller, f"sessions/{issued['id']}/result/")
    assert (problem["code"], problem["session"]) == ("provider_unreachable", issued["id"])
    assert ApiCall.objects.latest("id").outcome == outcome
    session = VerificationSession.objects.get()
    assert (session.status, session.owes_result) == ("issued", True)


def test_a_closed_port_is_tried_again_within_the_deadline(caller: Caller, flows: Flows) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flows.settings(ACCOUNTS=accounts(ENDPOINT=f"http://127.0.0.1:{port}"))
    problem = post_within_the_deadline(caller, "sessions/")
    assert problem["code"] == "provider_unreachable"
    assert [c.outcome for c in ApiCall.objects.all()] == [Outcome.UNREACHABLE] * 3


def test_an_answer_that_may_have_minted_a_token_keeps_its_key(
    caller: Caller, state: SandboxState
) -> None:
    state.faults.add(Reset(When="after"))
    problem = post_within_the_deadline(caller, "sessions/", Idempotency_Key="one")
    again = caller.post("sessions/", {}, Idempotency_Key="one")
    shown = body(again)
    assert (again.status_code, shown["id"]) == (200, problem["session"])
    assert (shown["status"], shown["next_action"]) == ("error", "retry")
    assert (shown["sdk_token"], shown["reason"]) == (None, "technical")
    assert len(state.exchanges) == 1


def test_a_wrong_endpoint_is_the_hosts_secret(
    caller: Caller, flows: Flows, caplog: pytest.LogCaptureFixture
) -> None:
    flows.settings(ALLOW_TEST_ENDPOINT=False)
    problem = post_within_the_deadline(caller, "sessions/")
    assert (problem["code"], problem["retry_after"]) == ("provider_unavailable", 300)
    assert "ENDPOINT" not in str(problem)
    assert [r.levelname for r in caplog.records if "misconfigured" in r.message] == ["CRITICAL"]
