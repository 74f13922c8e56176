from __future__ import annotations

import http.client
import socket
import time
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from django_faceid.tencent import timing
from django_faceid.tencent.errors import BrokenAnswer, FaceIdError, Sent, Unreachable
from django_faceid.tencent.timing import TimelyAdapter, Until
from django_faceid.tencent.types import GetFaceIdTokenIntlRequest

from .conftest import MakeClient
from .wire import Wire, answer, drips, envelope, sends_and_closes

REQUEST = GetFaceIdTokenIntlRequest()
TOKEN = {"SdkToken": "TOKEN-1", "RequestId": "request-1"}


def test_an_answer_whose_head_drips_is_given_up_near_the_read_timeout(
    wire: Wire, make_client: MakeClient
) -> None:
    client = make_client(timeout=(1, 0.3))
    wire.plays(drips(wire, envelope(TOKEN), seconds=0.02))
    start = time.monotonic()
    with pytest.raises(Unreachable) as caught:
        client.get_token(REQUEST)
    assert (caught.value.code, caught.value.sent) == ("ReadTimeout", Sent.MAYBE)
    assert 0.3 <= time.monotonic() - start < 0.9


def test_head_and_body_have_one_read_timeout_together(wire: Wire, make_client: MakeClient) -> None:
    client = make_client(timeout=(1, 1.0))

    def late_and_never_whole(connection: socket.socket) -> bool:
        wire.over.wait(0.5)
        connection.sendall(answer(b"{", length=9))
        wire.over.wait(10)
        return False

    wire.plays(late_and_never_whole)
    start = time.monotonic()
    with pytest.raises(BrokenAnswer) as caught:
        client.get_token(REQUEST)
    assert str(caught.value) == "CutOff: The answer took too long to arrive."
    assert 1.0 <= time.monotonic() - start < 1.5


@pytest.mark.parametrize("sent_at_once", [0, 80])
def test_a_call_may_have_a_limit_for_everything_after_it_leaves(
    wire: Wire, make_client: MakeClient, sent_at_once: int
) -> None:
    client = make_client(timeout=(5, 5))
    wire.plays(drips(wire, answer(b" " * 999), seconds=0.02, at_once=sent_at_once))
    start = time.monotonic()
    with pytest.raises(FaceIdError):
        client.get_token(REQUEST, timeout=(5, 5, 0.3), leave=lambda: time.sleep(0.2))
    assert 0.5 <= time.monotonic() - start < 1.0


@pytest.mark.parametrize("proxied", [False, True])
def test_an_answer_has_its_whole_time_on_a_connection_that_is_used_again(
    wire: Wire, make_client: MakeClient, proxied: bool
) -> None:
    where = {"endpoint": "http://faceid.example", "proxy": wire.url} if proxied else {}
    client = make_client(timeout=(1, 1.0), **where)

    def late(connection: socket.socket) -> None:
        wire.over.wait(0.6)
        connection.sendall(envelope(TOKEN))

    wire.plays(late)
    for _call in range(3):
        assert client.get_token(REQUEST).SdkToken == "TOKEN-1"
    assert {got.connection for got in wire.received} == {1}


def test_an_answer_through_a_proxy_is_given_up_in_time_too(
    wire: Wire, make_client: MakeClient
) -> None:
    client = make_client(endpoint="http://faceid.example", proxy=wire.url, timeout=(1, 0.3))
    wire.plays(drips(wire, envelope(TOKEN), seconds=0.02))
    start = time.monotonic()
    with pytest.raises(Unreachable):
        client.get_token(REQUEST)
    assert time.monotonic() - start < 0.9


def test_a_body_that_ends_with_its_connection_is_read(wire: Wire, make_client: MakeClient) -> None:
    whole = envelope(TOKEN, headers="Connection: close\r\n")
    wire.plays(sends_and_closes(whole))
    client = make_client(timeout=(1, 1))
    assert client.get_token(REQUEST).SdkToken == "TOKEN-1"
    assert client.get_token(REQUEST).SdkToken == "TOKEN-1"
    assert [got.connection for got in wire.received] == [1, 2]


def test_head_and_body_leave_in_one_write_each_time(
    wire: Wire, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[bytes] = []
    send = http.client.HTTPConnection.send

    def written(connection: Any, data: Any) -> None:
        writes.append(data)
        send(connection, data)

    monkeypatch.setattr(http.client.HTTPConnection, "send", written)
    client = make_client()
    wire.plays(lambda connection: connection.sendall(envelope(TOKEN)))
    for _request in range(2):
        client.get_token(REQUEST)
    assert [(data[:6], data[-2:]) for data in writes] == [(b"POST /", b"{}")] * 2
    assert {got.connection for got in wire.received} == {1}


def test_a_request_without_a_body_leaves_too(wire: Wire) -> None:
    wire.plays(lambda connection: connection.sendall(envelope(TOKEN)))
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", TimelyAdapter())
        assert session.get(wire.url, timeout=2).status_code == 200


def test_what_is_left_of_a_limit_shrinks_with_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(timing, "time", SimpleNamespace(monotonic=lambda: now))
    limit = Until(3.0, 10.0, 0.2)
    assert limit.connect_timeout == pytest.approx(0.2)
    now = 0.1
    assert limit.clone().read_timeout == pytest.approx(0.1)
    now = 0.25
    assert 0 < limit.read_timeout < 0.05


def test_without_a_limit_each_step_has_its_own() -> None:
    limit = Until(3.0, 10.0)
    assert (limit.connect_timeout, limit.read_timeout) == (3.0, 10.0)
