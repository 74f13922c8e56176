"""Every error code of Tencent, as a frontend sees it."""

from __future__ import annotations

import pytest

from django_faceid.models import ApiCall, VerificationSession
from django_faceid.sandbox.faults import Refuse
from django_faceid.sandbox.state import SandboxState
from django_faceid.tencent.codes import ERROR_CODES, ErrorCategory, ErrorCode, Retry

from .caller import Caller, body

SECRET_TEXT = "what Tencent says is for staff"
UNKNOWN = ("Brand.NewCode", "InternalError.BrandNew", "RequestLimitExceeded.BrandNew")


def expected(known: ErrorCode | None) -> tuple[int, str]:
    """Status and code of the problem that docs/api.md promises for a refused issue."""
    if known is None or known.category is ErrorCategory.TOKEN:
        return 503, "provider_unavailable"
    if known.category is ErrorCategory.INPUT:
        return 400, "invalid"
    if known.category is ErrorCategory.RATE:
        return 503, "busy"
    if known.category is ErrorCategory.PROVIDER and known.retry in (Retry.ONCE, Retry.YES):
        return 503, "provider_unreachable"
    return 503, "provider_unavailable"


def refuse(state: SandboxState, code: str) -> None:
    state.faults.add(Refuse(Code=code, Message=SECRET_TEXT, Count=None))


def last_request_id(state: SandboxState) -> str:
    return state.exchanges[-1].RequestId


@pytest.mark.parametrize("code", ERROR_CODES)
def test_a_refused_issue_is_a_problem_of_ours_with_tencents_request_id(
    code: str, caller: Caller, state: SandboxState
) -> None:
    refuse(state, code)
    answer = caller.post("sessions/", {}, Idempotency_Key="one")
    problem = body(answer)
    assert (answer.status_code, problem["code"]) == expected(ERROR_CODES[code])
    assert SECRET_TEXT not in answer.content.decode()
    assert code not in answer.content.decode()
    assert problem["request_id"] == last_request_id(state)

    session = VerificationSession.objects.get()
    assert problem["session"] == str(session.public_id)
    assert (session.status, session.error_code) == ("error", code)
    calls = list(session.calls.order_by("id"))
    assert {call.error_code for call in calls} == {code}
    assert calls[-1].request_id == problem["request_id"]
    assert calls[-1].trace_id == problem["trace_id"]
    assert len(calls) == len(state.exchanges)

    # Nothing was minted, so the same key may be used again.
    state.faults.clear()
    assert caller.post("sessions/", {}, Idempotency_Key="one").status_code == 201


@pytest.mark.parametrize("code", ERROR_CODES)
def test_a_refused_pull_blames_nobodys_input(
    code: str, caller: Caller, state: SandboxState
) -> None:
    issued = body(caller.post("sessions/", {}))
    refuse(state, code)
    answer = caller.post(f"sessions/{issued['id']}/result/")
    assert SECRET_TEXT not in answer.content.decode()
    assert code not in answer.content.decode()
    shown = body(answer)
    call = ApiCall.objects.filter(action="GetFaceIdResultIntl").latest("id")
    assert (call.error_code, call.request_id) == (code, last_request_id(state))

    category = ERROR_CODES[code].category
    if category is ErrorCategory.TOKEN:
        # This token's result can never be known, and the person may start afresh.
        assert (answer.status_code, shown["status"]) == (200, "issued")
        assert (shown["reason"], shown["next_action"]) == ("technical", "retry")
        return
    busy = category is ErrorCategory.RATE
    again = category is ErrorCategory.PROVIDER and ERROR_CODES[code].retry in (
        Retry.ONCE,
        Retry.YES,
    )
    assert answer.status_code == 503
    assert shown["code"] == (
        "busy" if busy else "provider_unreachable" if again else "provider_unavailable"
    )
    assert shown["session"] == issued["id"]
    assert shown["request_id"] == call.request_id
    assert shown["retry_after"] > 0
    # The process goes on at Tencent: a later pull may still find its result.
    assert VerificationSession.objects.get().owes_result


@pytest.mark.parametrize("code", UNKNOWN)
def test_a_code_that_nobody_knows_yet_is_still_a_problem_of_ours(
    code: str, caller: Caller, state: SandboxState
) -> None:
    refuse(state, code)
    answer = caller.post("sessions/", {})
    assert answer.status_code == 503
    assert code not in answer.content.decode()
    assert body(answer)["code"] in {"busy", "provider_unavailable"}


def test_a_refused_picture_is_blamed_on_the_picture(caller: Caller, state: SandboxState) -> None:
    refuse(state, "FailedOperation.ImageSizeTooLarge")
    answer = caller.post("sessions/", {})
    (error,) = body(answer)["errors"]
    assert (error["field"], error["code"]) == ("image", "refused")


@pytest.mark.parametrize(
    ("code", "attempts"),
    [
        ("InternalError", 3),
        ("ServiceUnavailable", 3),
        ("ResourceInUse", 2),
        ("RequestLimitExceeded", 2),
        ("InvalidParameter", 1),
        ("UnauthorizedOperation.Arrears", 1),
    ],
)
def test_only_what_may_pass_is_tried_again(
    code: str, attempts: int, caller: Caller, state: SandboxState
) -> None:
    refuse(state, code)
    caller.post("sessions/", {})
    assert len(state.exchanges) == ApiCall.objects.count() == attempts
