"""A running sandbox and a client that signs what it sends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import requests

from django_faceid.sandbox.server import SandboxServer
from django_faceid.sandbox.state import SandboxState
from django_faceid.tencent.auth import TC3Auth

CONTROL_SECRET = "open sesame"
TOKEN = "GetFaceIdTokenIntl"
RESULT = "GetFaceIdResultIntl"


def unproxied() -> requests.Session:
    """A session that looks for no proxy and no password in the environment."""
    session = requests.Session()
    session.trust_env = False
    return session


class Caller:
    """Calls a sandbox as a signing client does; every argument can be bent for a test."""

    def __init__(self, url: str, secret_id: str, secret_key: str) -> None:
        self.url = url
        self.session = unproxied()
        self.secret_id = secret_id
        self.secret_key = secret_key

    def send(
        self,
        action: str,
        parameters: Mapping[str, Any] | str | bytes,
        *,
        headers: Mapping[str, str | None] | None = None,
        auth: Callable[[requests.PreparedRequest], requests.PreparedRequest] | None = None,
        timeout: float = 10,
    ) -> requests.Response:
        body = parameters if isinstance(parameters, (str, bytes)) else json.dumps(parameters)
        common = {
            "Content-Type": "application/json",
            "X-TC-Action": action,
            "X-TC-Version": "2018-03-01",
            "X-TC-Region": "ap-singapore",
        }
        return self.session.post(
            self.url,
            data=body,
            headers={**common, **(headers or {})},
            auth=auth or TC3Auth(self.secret_id, self.secret_key),
            timeout=timeout,
        )

    def call(
        self, action: str, parameters: Mapping[str, Any] | str | bytes, **options: Any
    ) -> dict[str, Any]:
        response = self.send(action, parameters, **options)
        assert response.status_code == 200
        answer: dict[str, Any] = response.json()["Response"]
        return answer

    def code(
        self, action: str, parameters: Mapping[str, Any] | str | bytes, **options: Any
    ) -> str | None:
        """The error code of the answer, or None for a success."""
        code: str | None = self.call(action, parameters, **options).get("Error", {}).get("Code")
        return code

    def issue(self, **parameters: Any) -> str:
        sdk_token: str = self.call(TOKEN, parameters)["SdkToken"]
        return sdk_token

    def result(self, sdk_token: str) -> dict[str, Any]:
        return self.call(RESULT, {"SdkToken": sdk_token})


@pytest.fixture
def state() -> SandboxState:
    return SandboxState()


@pytest.fixture
def server(state: SandboxState) -> Iterator[SandboxServer]:
    with SandboxServer(state, control_secret=CONTROL_SECRET) as server:
        yield server


@pytest.fixture
def plain() -> Iterator[requests.Session]:
    with unproxied() as session:
        yield session


@pytest.fixture
def caller(server: SandboxServer) -> Iterator[Caller]:
    account = server.state.account
    caller = Caller(server.url, account.SecretId, account.SecretKey)
    with caller.session:
        yield caller
