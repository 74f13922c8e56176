"""One loopback server and one client that talks to it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Protocol

import pytest

from django_faceid.tencent.auth import Credentials, authorization
from django_faceid.tencent.client import FaceIdClient

from .wire import Received, Wire, envelope

CREDENTIALS = Credentials(
    "AKIDEXAMPLE00000000000000000000000001", "EXAMPLEsecretKEY0000000000000001"
)


def signature_of(got: Received) -> str:
    """The Authorization header that fits a received request."""
    return authorization(
        secret_id=CREDENTIALS.SecretId,
        secret_key=CREDENTIALS.SecretKey,
        service="faceid",
        timestamp=int(got.headers["x-tc-timestamp"]),
        method=got.method,
        host=got.headers["host"],
        content_type=got.headers["content-type"],
        payload_sha256=hashlib.sha256(got.body).hexdigest(),
    )


class MakeClient(Protocol):
    def __call__(self, **options: object) -> FaceIdClient: ...


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    wire.plays(envelope({"SdkToken": "TOKEN-1", "RequestId": "request-1"}))
    yield wire
    wire.close()


@pytest.fixture
def make_client(wire: Wire) -> Iterator[MakeClient]:
    made: list[FaceIdClient] = []

    def make(**options: object) -> FaceIdClient:
        arguments = {"credentials": CREDENTIALS, "endpoint": wire.url, "timeout": (1, 1), **options}
        made.append(FaceIdClient(**arguments))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: MakeClient) -> FaceIdClient:
    return make_client()
