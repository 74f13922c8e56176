from __future__ import annotations

import datetime
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from django_faceid.tencent.auth import Credentials
from django_faceid.tencent.client import FaceIdClient
from django_faceid.tencent.codes import UNFINISHED
from django_faceid.tencent.errors import (
    BrokenAnswer,
    FaceIdError,
    InvalidRequest,
    Refused,
    Sent,
    Unreachable,
)
from django_faceid.tencent.types import DEFAULT_ENDPOINT, REGIONS, GetFaceIdTokenIntlRequest

from .conftest import CREDENTIALS, MakeClient
from .wire import Script, Wire, answer, closes, envelope, error, hangs, resets

REQUEST = GetFaceIdTokenIntlRequest(CheckMode="liveness", RetryLimit=1)


def unreachable(client: FaceIdClient) -> Unreachable:
    with pytest.raises(Unreachable) as caught:
        client.get_token(REQUEST)
    return caught.value


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


@pytest.mark.parametrize(
    "play", ["hang", "reset", "close", "500", "429", "refusal", "html", "redirect", "limit"]
)
def test_a_call_is_exactly_one_request_whatever_happens(
    wire: Wire, make_client: MakeClient, play: str
) -> None:
    client = make_client(timeout=(1, 0.2))
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


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def never_sent(client: FaceIdClient) -> None:
    caught = unreachable(client)
    assert (caught.code, caught.sent, caught.retryable) == ("ConnectFailed", Sent.NO, True)


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


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return pem, context


@pytest.fixture
def tls_wire(certificate: tuple[Path, ssl.SSLContext]) -> Iterator[Wire]:
    wire = Wire(certificate[1])
    wire.plays(envelope({"SdkToken": "TOKEN-1", "RequestId": "request-1"}))
    yield wire
    wire.close()


def test_a_ca_bundle_is_trusted(
    tls_wire: Wire, make_client: MakeClient, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    client = make_client(endpoint=tls_wire.url, ca_bundle=str(certificate[0]))
    assert client.get_token(REQUEST).SdkToken == "TOKEN-1"
    assert tls_wire.last.headers["host"] == tls_wire.host


def test_an_untrusted_certificate_means_that_nothing_was_sent(
    tls_wire: Wire,
    make_client: MakeClient,
    certificate: tuple[Path, ssl.SSLContext],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    never_sent(make_client(endpoint=tls_wire.url))
    assert tls_wire.received == []


@pytest.mark.parametrize("greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", None])
def test_a_server_that_does_not_complete_the_handshake_was_never_sent_anything(
    make_client: MakeClient, greeting: bytes | None
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        heard = pool.submit(_hears, server, greeting)
        never_sent(make_client(endpoint=f"https://127.0.0.1:{server.getsockname()[1]}"))
        assert b"POST" not in heard.result(5)


def _hears(server: socket.socket, greeting: bytes | None) -> bytes:
    """What a client says that gets a greeting which is not TLS, or (None) no answer at all."""
    heard = b""
    connection, _ = server.accept()
    with connection, suppress(ConnectionResetError):
        if greeting is not None:
            connection.sendall(greeting)
            connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(4096):
            heard += chunk
    return heard


def test_a_tls_connection_that_breaks_after_the_handshake_may_have_been_carried_out(
    tls_wire: Wire, make_client: MakeClient, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    def garbles(connection: socket.socket) -> bool:
        with socket.socket(fileno=connection.detach()) as plain:
            plain.sendall(b"this is no TLS record, nor has it ever been one\r\n")
        return False

    tls_wire.plays(garbles)
    caught = unreachable(make_client(endpoint=tls_wire.url, ca_bundle=str(certificate[0])))
    assert len(tls_wire.received) == 1
    assert (caught.code, caught.sent, caught.retryable) == ("ConnectionLost", Sent.MAYBE, False)


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
        left.set()
        return False

    wire.plays(answers_and_leaves)
    client.get_token(REQUEST)
    assert left.wait(5)
    time.sleep(0.05)
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
