"""docs/api.md says what is so: its requests are sent, its answers compared with live ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from rest_framework.authentication import BasicAuthentication
from rest_framework.settings import api_settings

from django_faceid.api import messages, problems
from django_faceid.api.views import FaceIdView
from django_faceid.models import IdempotencyClaim, NextAction, VerificationSession
from django_faceid.sandbox.faults import Html, Refuse
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import errors
from django_faceid.testing import advance, make_session, play

from . import documented
from .caller import Caller, body
from .conftest import Flows
from .test_unreachable import accounts

SHOWN_ONCE = {"issue", "session", "waiting", "verified", "failed", "canceled", "list", "flow"}
PREFIX = "problem-"


def run(caller: Caller, name: str, session: str = "") -> HttpResponse:
    """Send the page's request and compare its answer with the page's."""
    request = documented.curl(name)
    assert request.headers.pop("Authorization") == "Token $TOKEN"
    content_type = request.headers.pop("Content-Type", "application/json")
    path = request.path.replace("$ID", session)
    answer = caller.send(request.method, path, request.data, content_type, **request.headers)
    compare(name, answer)
    return answer


def compare(name: str, answer: HttpResponse) -> None:
    if os.environ.get("FACEID_TEST_SHOW"):
        print(f"== {name} {answer.content.decode()}")  # noqa: T201 (for whoever edits the page)
    assert documented.alike(documented.answer(name), body(answer))


def test_the_requests_of_the_page_get_the_answers_of_the_page(
    caller: Caller, state: SandboxState
) -> None:
    issued = run(caller, "issue")
    session = body(issued)["id"]
    assert issued.status_code == 201
    run(caller, "session", session)
    assert run(caller, "waiting", session).status_code == 202
    play(VerificationSession.objects.get(), "pass")
    advance(seconds=5)
    assert run(caller, "verified", session).status_code == 200
    run(caller, "list")
    run(caller, "flow")


def test_a_failure_and_a_cancellation_look_as_on_the_page(
    caller: Caller, stranger: Caller, state: SandboxState
) -> None:
    session = body(caller.post("sessions/", {}))["id"]
    play(VerificationSession.objects.get(), "too_dark")
    compare("failed", caller.post(f"sessions/{session}/result/"))
    session = body(stranger.post("sessions/", {}))["id"]
    run(stranger, "canceled", session)


def test_every_json_block_of_the_page_is_compared() -> None:
    named = set(documented.blocks("json"))
    assert named == SHOWN_ONCE | {f"{PREFIX}{code}" for code in PROBLEMS}
    assert set(documented.blocks("sh")) == SHOWN_ONCE - {"failed"}


# How each problem comes about.


def invalid(caller: Caller, flows: Flows) -> HttpResponse:
    return caller.post("sessions/", {"CheckMode": "liveness", "retry_limit": 9})


def parse_error(caller: Caller, flows: Flows) -> HttpResponse:
    return caller.send("POST", "sessions/", b'{"retry_limit": ')


def not_authenticated(caller: Caller, flows: Flows) -> HttpResponse:
    return Caller(None).get("sessions/")


def authentication_failed(caller: Caller, flows: Flows) -> HttpResponse:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FaceIdView, "authentication_classes", (BasicAuthentication,))
        return Caller(None).get("sessions/", Authorization="Basic bm9ib2R5OnBhc3M=")


def permission_denied(caller: Caller, flows: Flows) -> HttpResponse:
    browser = Client(enforce_csrf_checks=True)
    assert caller.user is not None
    browser.force_login(caller.user)
    return Caller(caller.user, browser).post("sessions/", {})


def not_allowed(caller: Caller, flows: Flows) -> HttpResponse:
    flows({"ALLOW": lambda _who: False})
    return caller.post("sessions/", {})


def not_found(caller: Caller, flows: Flows) -> HttpResponse:
    return caller.get("sessions/0d9f1f7c-8a0b-4a63-b0b1-5d3c3f0f6c1e/")


def method_not_allowed(caller: Caller, flows: Flows) -> HttpResponse:
    return caller.send("DELETE", "sessions/")


def already_verified(caller: Caller, flows: Flows) -> HttpResponse:
    make_session(caller.user, status="succeeded")
    return caller.post("sessions/", {})


def not_cancelable(caller: Caller, flows: Flows) -> HttpResponse:
    session = make_session(caller.user, status="failed")
    return caller.post(f"sessions/{session.public_id}/cancel/")


def idempotency_key_in_flight(caller: Caller, flows: Flows) -> HttpResponse:
    caller.post("sessions/", {}, Idempotency_Key="one")
    IdempotencyClaim.objects.update(answered=False, session=None)
    return caller.post("sessions/", {}, Idempotency_Key="one")


def idempotency_key_reused(caller: Caller, flows: Flows) -> HttpResponse:
    caller.post("sessions/", {}, Idempotency_Key="one")
    return caller.post("sessions/", {"retry_limit": 1}, Idempotency_Key="one")


def length_required(caller: Caller, flows: Flows) -> HttpResponse:
    return caller.send("POST", "sessions/", Transfer_Encoding="chunked")


def body_too_large(caller: Caller, flows: Flows) -> HttpResponse:
    return caller.send("POST", "sessions/", b" " * (6 * 1024 * 1024 + 1))


def unsupported_media_type(caller: Caller, flows: Flows) -> HttpResponse:
    return caller.send("POST", "sessions/", b"flow=default", "application/x-www-form-urlencoded")


def too_many_attempts(caller: Caller, flows: Flows) -> HttpResponse:
    flows({"MAX_ISSUES": {timedelta(minutes=10): 1}})
    make_session(caller.user, status="failed")
    return caller.post("sessions/", {})


def throttled(caller: Caller, flows: Flows) -> HttpResponse:
    cache.clear()
    with pytest.MonkeyPatch.context() as patch:
        rates = {**api_settings.DEFAULT_THROTTLE_RATES, "faceid": "1/min"}
        patch.setattr(api_settings, "DEFAULT_THROTTLE_RATES", rates)
        caller.get("flows/")
        return caller.get("flows/")


def busy(caller: Caller, flows: Flows) -> HttpResponse:
    flows.settings(ACCOUNTS=accounts(RATE=1), MAX_WAIT=0.01)
    Caller(User.objects.create_user("first")).post("sessions/", {})
    return caller.post("sessions/", {})


def provider_unreachable(caller: Caller, flows: Flows) -> HttpResponse:
    flows.state.faults.add(Html())
    return caller.post("sessions/", {})


def provider_unavailable(caller: Caller, flows: Flows) -> HttpResponse:
    flows.state.faults.add(Refuse(Code="UnauthorizedOperation.Arrears"))
    return caller.post("sessions/", {})


def flow_paused(caller: Caller, flows: Flows) -> HttpResponse:
    flows({"ENABLED": False})
    return caller.post("sessions/", {})


PROBLEMS: dict[str, Callable[[Caller, Flows], HttpResponse]] = {
    provoke.__name__: provoke
    for provoke in (
        invalid,
        parse_error,
        not_authenticated,
        authentication_failed,
        permission_denied,
        not_allowed,
        not_found,
        method_not_allowed,
        already_verified,
        not_cancelable,
        idempotency_key_in_flight,
        idempotency_key_reused,
        length_required,
        body_too_large,
        unsupported_media_type,
        too_many_attempts,
        throttled,
        busy,
        provider_unreachable,
        provider_unavailable,
        flow_paused,
    )
}


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_problem_looks_as_on_the_page(code: str, caller: Caller, flows: Flows) -> None:
    answer = PROBLEMS[code](caller, flows)
    assert body(answer)["code"] == code
    compare(PREFIX + code, answer)
    (row,) = [row for row in documented.table("code") if row[0] == code]
    assert str(answer.status_code) in row[1].split(" or ")
    assert body(answer)["next_action"] in row[2]
    assert ("Retry-After" in answer.headers) == ("Retry-After" in row[2])


def test_every_problem_of_a_service_is_on_the_page() -> None:
    known = {kind.code for kind in problems.STATUSES} - {errors.NotReviewable.code}
    listed = [row[0] for row in documented.table("code")]
    assert known <= set(listed)
    assert listed == list(PROBLEMS)


def test_every_next_action_and_every_reason_is_explained() -> None:
    assert [row[0] for row in documented.table("next_action")] == [a.value for a in NextAction]
    assert [row[0] for row in documented.table("reason")] == list(messages.REASONS)


def test_every_field_of_a_session_is_explained(caller: Caller, state: SandboxState) -> None:
    shown: dict[str, Any] = body(caller.post("sessions/", {}))
    assert [row[0] for row in documented.table("field")] == list(shown)


def test_every_parameter_is_explained() -> None:
    from django_faceid.api.inputs import IssueSerializer

    assert [row[0] for row in documented.table("parameter")] == list(IssueSerializer().fields)
