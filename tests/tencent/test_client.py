"""One call as it leaves, and the answer as it comes back."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from django_faceid.tencent.auth import Credentials
from django_faceid.tencent.client import FaceIdClient
from django_faceid.tencent.codes import UNFINISHED
from django_faceid.tencent.errors import BrokenAnswer, InvalidRequest, Refused, Sent
from django_faceid.tencent.types import DEFAULT_ENDPOINT, REGIONS

from .conftest import CREDENTIALS, MakeClient
from .failing import REQUEST, closed_port, unreachable
from .wire import Wire, answer, envelope, error


def test_a_token_is_fetched_in_the_words_of_the_wire(wire: Wire, client: FaceIdClient) -> None:
    response = client.get_token(REQUEST)
    assert (response.SdkToken, response.RequestId) == ("TOKEN-1", "request-1")
    got = wire.last
    assert (got.method, got.target) == ("POST", "/")
    assert json.loads(got.body) == {"CheckMode": "liveness", "RetryLimit": 1}
    expected = {
        "content-type": "application/json",
        "host": wire.host,
        "x-tc-action": "GetFaceIdTokenIntl",
        "x-tc-version": "2018-03-01",
        "x-tc-region": "ap-singapore",
        "x-tc-language": "en-US",
    }
    assert {name: got.headers[name] for name in expected} == expected
    assert abs(int(got.headers["x-tc-timestamp"]) - time.time()) < 5
    assert not {"x-tc-token", "x-tc-traceid", "cookie"} & set(got.headers)


def test_a_result_is_fetched_with_nothing_but_its_token(wire: Wire, client: FaceIdClient) -> None:
    wire.plays(envelope({"Result": "0", "Similarity": 99, "RequestId": "request-2"}))
    response = client.get_result("TOKEN-1")
    assert (response.Result, response.Similarity, response.RequestId) == ("0", 99.0, "request-2")
    assert wire.last.headers["x-tc-action"] == "GetFaceIdResultIntl"
    assert json.loads(wire.last.body) == {"SdkToken": "TOKEN-1"}


def test_an_unfinished_process_is_a_normal_answer(wire: Wire, client: FaceIdClient) -> None:
    wire.plays(envelope({"Result": UNFINISHED, "RequestId": "request-2"}))
    assert client.get_result("TOKEN-1").Result == UNFINISHED


def test_a_result_is_not_asked_for_without_a_token(wire: Wire, client: FaceIdClient) -> None:
    with pytest.raises(InvalidRequest):
        client.get_result("")
    assert wire.received == []


def test_region_and_language_are_sent_as_given(wire: Wire, make_client: MakeClient) -> None:
    for region in REGIONS:
        make_client(region=region, language="zh-CN").get_token(REQUEST)
        assert wire.last.headers["x-tc-region"] == region
        assert wire.last.headers["x-tc-language"] == "zh-CN"


@pytest.mark.parametrize(
    ("trace_id", "sent"),
    [
        ("4bf92f3577b34da6", "4bf92f3577b34da6"),
        ("evil\r\nX-TC-Token: x", "evilX-TC-Token:x"),
        ("ñ-1", "-1"),
        ("t" * 500, "t" * 128),
    ],
)
def test_a_trace_id_is_sent_in_characters_a_header_can_carry(
    wire: Wire, client: FaceIdClient, trace_id: str, sent: str
) -> None:
    client.get_token(REQUEST, trace_id=trace_id)
    assert wire.last.headers["x-tc-traceid"] == sent
    assert "x-tc-token" not in wire.last.headers


def test_a_clock_offset_moves_the_signed_time(wire: Wire, client: FaceIdClient) -> None:
    client.get_token(REQUEST, clock_offset=-400.0)
    assert int(wire.last.headers["x-tc-timestamp"]) == pytest.approx(time.time() - 400, abs=3)


def test_a_signed_request_leaves_when_its_caller_lets_it(wire: Wire, client: FaceIdClient) -> None:
    waited: list[float] = []

    def leave() -> None:
        assert wire.received == []
        time.sleep(1.1)  # a second more than the signature's clock can hide
        waited.append(time.time())

    client.get_token(REQUEST, leave=leave)
    assert len(wire.received) == len(waited) == 1
    assert int(wire.last.headers["x-tc-timestamp"]) < int(waited[0])


def test_fresh_credentials_are_asked_for_before_each_call(
    wire: Wire, make_client: MakeClient
) -> None:
    numbers = iter("12")
    client = make_client(
        credentials=lambda: Credentials("id", "key", f"session-{next(numbers)}"),
    )
    client.get_token(REQUEST)
    client.get_token(REQUEST)
    assert [got.headers["x-tc-token"] for got in wire.received] == ["session-1", "session-2"]


def test_credentials_that_cannot_be_had_mean_that_nothing_was_sent(
    wire: Wire, make_client: MakeClient
) -> None:
    def fail() -> Credentials:
        raise LookupError("the vault is sealed")

    caught = unreachable(make_client(credentials=fail))
    assert (caught.code, caught.sent, caught.retryable) == ("CredentialsUnavailable", Sent.NO, True)
    assert str(caught) == "CredentialsUnavailable: The credentials callable raised LookupError."
    assert wire.received == []


def test_nothing_is_taken_from_the_environment(
    wire: Wire, client: FaceIdClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\ndefault login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    client.get_token(REQUEST)
    assert wire.last.headers["authorization"].startswith("TC3-HMAC-SHA256 Credential=AKIDEXAMPLE")
    assert client.session.trust_env is False


def test_connections_are_used_again(wire: Wire, client: FaceIdClient) -> None:
    wire.plays(
        envelope({"SdkToken": "TOKEN-1"}), error("InternalError"), envelope({"SdkToken": "TOKEN-2"})
    )
    client.get_token(REQUEST)
    with pytest.raises(Refused):
        client.get_token(REQUEST)
    client.get_token(REQUEST)
    assert {got.connection for got in wire.received} == {1}


def test_a_connection_that_the_server_left_idle_is_opened_anew(
    wire: Wire, client: FaceIdClient
) -> None:
    left = threading.Event()

    def answers_and_leaves(connection: socket.socket) -> bool:
        connection.sendall(envelope({"SdkToken": "TOKEN-1"}))
        connection.shutdown(socket.SHUT_RDWR)
        left.set()
        return False

    wire.plays(answers_and_leaves)
    client.get_token(REQUEST)
    assert left.wait(5)
    client.get_token(REQUEST)
    assert [got.connection for got in wire.received] == [1, 2]


def test_threads_share_a_client_without_mixing_answers(wire: Wire, make_client: MakeClient) -> None:
    client = make_client(timeout=(5, 5))
    lock = threading.Lock()
    numbers = iter(range(1000))

    def mints(connection: socket.socket) -> None:
        with lock:
            number = next(numbers)
        connection.sendall(envelope({"SdkToken": f"TOKEN-{number}"}))

    wire.plays(mints)
    with ThreadPoolExecutor(16) as pool:
        tokens = {
            call.SdkToken for call in pool.map(lambda _: client.get_token(REQUEST), range(64))
        }
    assert len(tokens) == len(wire.received) == 64
    assert len({got.connection for got in wire.received}) <= 16


def test_a_closed_client_leaves_no_connection_open(wire: Wire, client: FaceIdClient) -> None:
    gone = threading.Event()

    def answers_and_waits(connection: socket.socket) -> bool:
        connection.sendall(envelope({"SdkToken": "TOKEN-1"}))
        if connection.recv(1) == b"":
            gone.set()
        return False

    wire.plays(answers_and_waits)
    client.get_token(REQUEST)
    client.close()
    assert gone.wait(5)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("endpoint", "faceid.intl.tencentcloudapi.com"),
        ("endpoint", "ftp://faceid.example"),
        ("endpoint", "https://"),
        ("proxy", "127.0.0.1:3128"),
        ("ca_bundle", "/nowhere/ca.pem"),
        ("region", ""),
        ("region", "ap-singapore\r\nX-TC-Token: x"),
        ("language", "de-DE"),
    ],
)
def test_a_malformed_argument_is_refused_by_name(
    make_client: MakeClient, option: str, value: str
) -> None:
    with pytest.raises(ValueError, match=f"^{option} "):
        make_client(**{option: value})


def test_the_defaults_are_tencents_own_endpoint_over_tls() -> None:
    assert DEFAULT_ENDPOINT == "https://faceid.intl.tencentcloudapi.com"
    client = FaceIdClient(CREDENTIALS)
    client.close()


def test_a_broken_answer_is_told_from_no_answer(wire: Wire, client: FaceIdClient) -> None:
    wire.plays(answer(b"<html>"))
    with pytest.raises(BrokenAnswer):
        client.get_token(REQUEST)
