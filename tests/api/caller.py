"""A frontend that talks to the REST interface over HTTP, signed in as one user."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from rest_framework.test import APIClient

ROOT = "/faceid/"
STATUSES = {200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 409, 411, 413, 415, 422, 429, 503}
"""Every status that docs/api.md tells frontends of."""


class Caller:
    """``caller.post("sessions/", {"flow": "withdraw"}, Idempotency_Key="k")``."""

    def __init__(self, user: User | None, client: Client | None = None) -> None:
        self.user = user
        self.client = client or Client(raise_request_exception=False)
        if user is not None and client is None:
            self.client.force_login(user)

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.send("GET", path, b"", **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        data = b"" if body is None else json.dumps(body).encode()
        return self.send("POST", path, data, **headers)

    def send(
        self,
        method: str,
        path: str,
        data: bytes = b"",
        content_type: str = "application/json",
        **headers: str,
    ) -> HttpResponse:
        """Any request; header names are given with underscores for their dashes."""
        answer = self.client.generic(
            method,
            ROOT + path,
            data,
            content_type,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        return check(cast(HttpResponse, answer))


def check(answer: HttpResponse) -> HttpResponse:
    """What holds for every answer of ours, whatever was asked."""
    assert answer.status_code in STATUSES, (answer.status_code, answer.content[:300])
    assert answer["Cache-Control"] == "private, no-store"
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"
        if answer.request["REQUEST_METHOD"] != "HEAD":  # type: ignore[attr-defined]
            check_problem(answer)
    return answer


def check_problem(answer: HttpResponse) -> None:
    problem = body(answer)
    assert problem["status"] == answer.status_code
    assert problem["type"] == f"urn:django-faceid:problem:{problem['code']}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["next_action"]
    assert answer.headers.get("Retry-After") == (
        str(problem["retry_after"]) if "retry_after" in problem else None
    )


def body(answer: HttpResponse) -> dict[str, Any]:
    """The JSON object in an answer."""
    found: dict[str, Any] = json.loads(answer.content)
    return found


def blamed(answer: HttpResponse) -> list[tuple[str, str]]:
    """The (field, code) pairs of an answer about bad input."""
    assert answer.status_code == 400, answer.content
    problem: Mapping[str, Any] = body(answer)
    assert (problem["code"], problem["next_action"]) == ("invalid", "fix_input")
    return [(error["field"], error["code"]) for error in problem["errors"]]


def with_token(user: User | None) -> Caller:
    """A caller whose user is vouched for in every request, without a session or a cookie."""
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(user)
    return Caller(user, client)
