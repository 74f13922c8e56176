"""Methods, addresses and who is asking."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from rest_framework.authentication import (
    BasicAuthentication,
    SessionAuthentication,
    TokenAuthentication,
)
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.settings import api_settings

from django_faceid.api.views import FaceIdView
from django_faceid.sandbox.state import SandboxState
from django_faceid.testing import make_session

from .caller import Caller, body, with_token

ID = "01234567-89ab-4cde-8f01-23456789abcd"
METHODS = {
    "sessions/": {"GET", "HEAD", "POST", "OPTIONS"},
    f"sessions/{ID}/": {"GET", "HEAD", "OPTIONS"},
    f"sessions/{ID}/result/": {"POST", "OPTIONS"},
    f"sessions/{ID}/cancel/": {"POST", "OPTIONS"},
    "flows/": {"GET", "HEAD", "OPTIONS"},
    "flows/default/": {"GET", "HEAD", "OPTIONS"},
}
ALL = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


@pytest.mark.parametrize("path", METHODS)
@pytest.mark.parametrize("method", ALL)
def test_a_method_that_is_not_offered_is_405_with_those_that_are(
    method: str, path: str, caller: Caller, state: SandboxState
) -> None:
    answer = caller.send(method, path)
    assert (answer.status_code == 405) == (method not in METHODS[path])
    assert set(answer["Allow"].split(", ")) == METHODS[path]


@pytest.mark.parametrize("path", METHODS)
def test_options_answers_with_the_methods_and_no_body(path: str, caller: Caller) -> None:
    answer = caller.send("OPTIONS", path)
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("path", ["sessions/", "flows/", "flows/default/"])
def test_head_is_get_without_its_body(path: str, caller: Caller, state: SandboxState) -> None:
    asked, looked = caller.send("HEAD", path), caller.get(path)
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers.get("ETag") == looked.headers.get("ETag")


def test_the_trailing_slash_is_optional_and_a_post_is_never_redirected(
    caller: Caller, state: SandboxState
) -> None:
    issued = caller.post("sessions", {})
    assert issued.status_code == 201
    path = f"sessions/{body(issued)['id']}"
    for answer in (
        caller.get("sessions"),
        caller.get(path),
        caller.get("flows"),
        caller.get("flows/default"),
        caller.post(f"{path}/cancel", {}),
        caller.post(f"{path}/result", {}),
    ):
        assert answer.status_code == 200


@pytest.mark.parametrize("path", METHODS)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_nobody_gets_in_without_being_signed_in(
    method: str, path: str, state: SandboxState
) -> None:
    answer = Caller(None).send(method, path, b"{}" if method == "POST" else b"")
    problem = body(answer)
    # The framework's default authentication, by session, has no challenge to answer 401 with.
    assert (answer.status_code, problem["code"]) == (403, "not_authenticated")
    assert problem["next_action"] == "sign_in"
    assert not state.exchanges


@pytest.mark.parametrize("scheme", [TokenAuthentication, BasicAuthentication])
def test_a_challenge_is_kept(scheme: type, monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setattr(FaceIdView, "authentication_classes", (scheme,))
    answer = Caller(None).post("sessions/", {})
    assert (answer.status_code, body(answer)["code"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"].split()[0] in {"Token", "Basic"}
    wrong = Caller(None).get("flows/", Authorization="Basic bm8=")
    assert (wrong.status_code, body(wrong)["next_action"]) == (401, "sign_in")


def test_a_token_in_a_header_needs_no_csrf_token(
    user: User, monkeypatch: pytest.MonkeyPatch, state: SandboxState
) -> None:
    class OneToken(TokenAuthentication):
        """A host's tokens, without its table of them."""

        def authenticate_credentials(self, key: str) -> tuple[User, str]:
            if key != "good":
                raise AuthenticationFailed
            return user, key

    monkeypatch.setattr(FaceIdView, "authentication_classes", (OneToken, SessionAuthentication))
    app = Caller(None, Client(enforce_csrf_checks=True, raise_request_exception=False))
    assert app.post("sessions/", {}, Authorization="Token good").status_code == 201
    wrong = app.post("sessions/", {}, Authorization="Token bad")
    assert (wrong.status_code, wrong["WWW-Authenticate"]) == (401, "Token")
    assert app.get("sessions/", Authorization="Token a b").status_code == 401
    assert len(state.exchanges) == 1


def test_a_session_cookie_needs_its_csrf_token(user: User, state: SandboxState) -> None:
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(user)
    caller = Caller(user, browser)
    refused = caller.post("sessions/", {})
    assert (refused.status_code, body(refused)["code"]) == (403, "permission_denied")
    assert "CSRF" in body(refused)["detail"]
    assert not state.exchanges
    token = "a" * 32
    browser.cookies["csrftoken"] = token
    assert caller.post("sessions/", {}, X_CSRFToken=token).status_code == 201
    assert caller.get("sessions/").status_code == 200


def test_a_broken_body_under_csrf_is_still_a_problem(user: User, state: SandboxState) -> None:
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(user)
    browser.cookies["csrftoken"] = "a" * 32
    caller = Caller(user, browser)
    for data, content_type in [
        (b"{", "application/json"),
        (b"csrfmiddlewaretoken=a", "application/x-www-form-urlencoded"),
        (b"--b--", "multipart/form-data; boundary=b"),
        (b"x", "multipart/form-data"),
    ]:
        assert caller.send("POST", "sessions/", data, content_type).status_code in (400, 403, 415)
    assert not state.exchanges


@pytest.mark.parametrize("ending", ["/", "/result/", "/cancel/"])
def test_somebody_elses_session_does_not_exist(
    ending: str, caller: Caller, stranger: Caller, state: SandboxState
) -> None:
    method = "GET" if ending == "/" else "POST"
    theirs = make_session(stranger.user)
    answers = [
        caller.send(method, f"sessions/{name}{ending}", b"" if method == "GET" else b"{}")
        for name in (theirs.public_id, uuid.uuid4())
    ]
    assert [a.status_code for a in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    theirs.refresh_from_db()
    assert (theirs.status, theirs.reported_at) == ("issued", None)
    assert not state.exchanges


@pytest.mark.parametrize("name", [ID.upper(), ID.replace("-", ""), "1", "%00", "%ff", "a b", "💥"])
def test_what_is_no_id_is_a_problem_too(name: str, caller: Caller) -> None:
    for method, path in [("GET", "/"), ("POST", "/result/"), ("POST", "/cancel/")]:
        answer = caller.send(method, f"sessions/{name}{path}")
        assert (answer.status_code, body(answer)["code"]) == (404, "not_found")
    assert caller.get(f"flows/{name}/").status_code == 404


def test_a_query_string_with_a_thousand_fields_is_a_problem(caller: Caller) -> None:
    answer = caller.get("sessions/?" + "&".join(f"a{n}=1" for n in range(1500)))
    assert (answer.status_code, body(answer)["code"]) == (400, "parse_error")


def test_the_host_sets_the_rate_and_a_throttled_caller_learns_when_to_return(
    user: User, monkeypatch: pytest.MonkeyPatch, state: SandboxState
) -> None:
    cache.clear()
    rates = {**api_settings.DEFAULT_THROTTLE_RATES, "faceid": "2/min"}
    monkeypatch.setattr(api_settings, "DEFAULT_THROTTLE_RATES", rates)
    caller = with_token(user)
    statuses = [caller.get("flows/").status_code for _ in range(2)]
    answer = caller.post("sessions/", {})
    assert [*statuses, answer.status_code] == [200, 200, 429]
    assert (body(answer)["code"], body(answer)["next_action"]) == ("throttled", "retry")
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert not state.exchanges
    cache.clear()


def test_users_without_a_row_are_the_hosts_mistake(
    state: SandboxState, caplog: pytest.LogCaptureFixture
) -> None:
    stateless: Any = SimpleNamespace(pk=7, is_authenticated=True)
    for answer in (with_token(stateless).get("flows/"), with_token(stateless).post("sessions/")):
        assert (answer.status_code, body(answer)["code"]) == (503, "provider_unavailable")
    assert "AUTH_USER_MODEL" in caplog.text
    assert not state.exchanges


def test_answers_differ_by_language_and_say_so(caller: Caller) -> None:
    assert "Accept-Language" in caller.get("flows/")["Vary"]
