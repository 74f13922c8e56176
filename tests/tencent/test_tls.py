"""Calls over TLS, trusted and not."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from django_faceid.tencent.errors import Sent

from .conftest import MakeClient
from .failing import REQUEST, never_sent, unreachable
from .wire import Wire, envelope


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
