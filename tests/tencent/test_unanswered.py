"""Calls without an answer: each is one request, and says whether it was sent."""

from __future__ import annotations

import socket
import time

import pytest

from django_faceid.tencent.client import FaceIdClient
from django_faceid.tencent.errors import FaceIdError, Sent, Unreachable

from .conftest import MakeClient
from .failing import REQUEST, closed_port, never_sent, unreachable
from .wire import Script, Wire, answer, closes, error, hangs, resets


@pytest.mark.parametrize(
    "play", ["hang", "reset", "close", "500", "429", "refusal", "html", "redirect", "limit"]
)
def test_a_call_is_exactly_one_request_whatever_happens(
    wire: Wire, make_client: MakeClient, play: str
) -> None:
    client = make_client(timeout=(1, 0.6))
    scripts: dict[str, Script | bytes] = {
        "hang": hangs(wire),
        "reset": resets,
        "close": closes,
        "500": answer(b"", status="500 Oops", headers="Retry-After: 0\r\n"),
        "429": answer(b"", status="429 Slow", headers="Retry-After: 0\r\n"),
        "refusal": error("InternalError"),
        "html": answer(b"<html>"),
        "redirect": answer(b"", status="307 Moved", headers=f"Location: {wire.url}/x\r\n"),
        "limit": error("RequestLimitExceeded"),
    }
    wire.plays(scripts[play])
    with pytest.raises(FaceIdError):
        client.get_token(REQUEST)
    time.sleep(0.1)
    assert len(wire.received) == 1


def test_a_call_may_have_a_timeout_of_its_own(wire: Wire, make_client: MakeClient) -> None:
    client = make_client(timeout=(1, 5))
    wire.plays(hangs(wire))
    start = time.monotonic()
    with pytest.raises(Unreachable):
        client.get_token(REQUEST, timeout=(1, 0.1))
    with pytest.raises(Unreachable):
        client.get_result("TOKEN-1", timeout=(1, 0.1))
    assert time.monotonic() - start < 2


def test_an_answer_that_never_comes_may_have_been_carried_out(
    wire: Wire, make_client: MakeClient
) -> None:
    wire.plays(hangs(wire))
    start = time.monotonic()
    caught = unreachable(make_client(timeout=(1, 0.2)))
    assert time.monotonic() - start < 1
    assert (caught.code, caught.sent, caught.retryable) == ("ReadTimeout", Sent.MAYBE, False)


@pytest.mark.parametrize("script", [resets, closes])
def test_a_connection_that_breaks_may_have_been_carried_out(
    wire: Wire, client: FaceIdClient, script: Script
) -> None:
    wire.plays(script)
    caught = unreachable(client)
    assert (caught.code, caught.sent, caught.retryable) == ("ConnectionLost", Sent.MAYBE, False)


def test_a_refused_connection_was_never_sent(make_client: MakeClient) -> None:
    never_sent(make_client(endpoint=f"http://127.0.0.1:{closed_port()}"))


def test_an_unknown_host_was_never_sent(make_client: MakeClient) -> None:
    never_sent(make_client(endpoint="https://faceid.invalid"))


def test_a_connect_timeout_was_never_sent(make_client: MakeClient) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        with socket.create_connection(address), socket.socket() as waiting:
            waiting.setblocking(False)
            waiting.connect_ex(address)
            client = make_client(endpoint=f"http://127.0.0.1:{address[1]}", timeout=(0.2, 5))
            never_sent(client)


@pytest.mark.parametrize("endpoint", ["http://faceid.example", "https://faceid.example"])
def test_a_failing_proxy_was_never_sent(make_client: MakeClient, endpoint: str) -> None:
    never_sent(make_client(endpoint=endpoint, proxy=f"http://127.0.0.1:{closed_port()}"))


def test_a_proxy_that_refuses_the_tunnel_was_never_sent(
    wire: Wire, make_client: MakeClient
) -> None:
    wire.plays(answer(b"", status="407 Proxy Authentication Required"))
    never_sent(make_client(endpoint="https://faceid.example", proxy=wire.url))
    assert [(got.method, got.body) for got in wire.received] == [("CONNECT", b"")]


def test_the_proxy_gets_the_request_with_the_host_that_was_signed(
    wire: Wire, make_client: MakeClient
) -> None:
    make_client(endpoint="http://faceid.example", proxy=wire.url).get_token(REQUEST)
    assert wire.last.target == "http://faceid.example/"
    assert wire.last.headers["host"] == "faceid.example"
