"""A request, and how a client says that it got no answer."""

from __future__ import annotations

import socket

import pytest

from django_faceid.tencent.client import FaceIdClient
from django_faceid.tencent.errors import Sent, Unreachable
from django_faceid.tencent.types import GetFaceIdTokenIntlRequest

REQUEST = GetFaceIdTokenIntlRequest(CheckMode="liveness", RetryLimit=1)


def unreachable(client: FaceIdClient) -> Unreachable:
    with pytest.raises(Unreachable) as caught:
        client.get_token(REQUEST)
    return caught.value


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def never_sent(client: FaceIdClient) -> None:
    caught = unreachable(client)
    assert (caught.code, caught.sent, caught.retryable) == ("ConnectFailed", Sent.NO, True)
