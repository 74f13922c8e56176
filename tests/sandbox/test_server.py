from __future__ import annotations

import http.client
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest
import requests

from django_faceid.sandbox.faults import Delay, Drip, Reset
from django_faceid.sandbox.server import SandboxServer

from .conftest import TOKEN, Caller


def raw(server: SandboxServer, request: bytes) -> bytes:
    """Everything the server says to ``request`` until it closes the connection."""
    url = urlsplit(server.url)
    with socket.create_connection((url.hostname or "", url.port or 0), timeout=5) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer


def give_up(caller: Caller) -> None:
    with pytest.raises(requests.RequestException):
        caller.send(TOKEN, {}, timeout=30)


def test_it_binds_loopback_unless_told_otherwise(server: SandboxServer) -> None:
    assert server.url.startswith("http://127.0.0.1:")


def test_a_connection_serves_many_requests(server: SandboxServer) -> None:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=5)
    sockets = set()
    for _ in range(3):
        connection.request("POST", "/", b"{}", {"Content-Type": "application/json"})
        response = connection.getresponse()
        assert response.version == 11
        assert response.read()
        sockets.add(connection.sock)
    connection.close()

    assert len(sockets) == 1


def test_a_call_takes_few_milliseconds(caller: Caller) -> None:
    caller.issue()
    times = []
    for _ in range(15):
        started = time.perf_counter()
        caller.send(TOKEN, {})
        times.append(time.perf_counter() - started)

    # Head and body in two packets would each time wait 40 ms for a delayed acknowledgement.
    assert min(times) < 0.03


def test_slow_requests_hold_up_no_others() -> None:
    with SandboxServer() as server:
        account = server.state.account
        patient, quick = (Caller(server.url, account.SecretId, account.SecretKey) for _ in "12")
        server.state.faults.add(Delay(Seconds=60))
        waiting = threading.Thread(target=give_up, args=(patient,))
        waiting.start()
        while not server.state.exchanges:
            time.sleep(0.005)

        started = time.monotonic()
        quick.issue()

        assert time.monotonic() - started < 1
        assert waiting.is_alive()
    waiting.join(5)
    for caller in (patient, quick):
        caller.session.close()


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_refused_in_the_envelope(
    server: SandboxServer, plain: requests.Session, method: str
) -> None:
    response = plain.request(method, server.url, timeout=5)

    assert response.status_code == 200
    assert response.json()["Response"]["Error"]["Code"] == "UnsupportedProtocol"


@pytest.mark.parametrize("header", [b"Transfer-Encoding: chunked", b"Content-Length: -1"])
def test_a_body_without_a_length_is_not_waited_for(server: SandboxServer, header: bytes) -> None:
    answer = raw(server, b"POST / HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n\r\n0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 411 ")


def test_a_drop_is_a_reset_on_the_wire(server: SandboxServer, caller: Caller) -> None:
    server.state.faults.add(Reset(When="after"))

    with pytest.raises(requests.ConnectionError) as error:
        caller.send(TOKEN, {})

    assert "ConnectionResetError" in repr(error.value)


def test_closing_ends_all_threads_at_once() -> None:
    before = set(threading.enumerate())
    server = SandboxServer()
    account = server.state.account
    server.state.faults.add(Delay(Seconds=60), Drip(Seconds=60))
    callers = [Caller(server.url, account.SecretId, account.SecretKey) for _ in range(3)]

    clients = [threading.Thread(target=give_up, args=(each,)) for each in callers[:2]]
    for client in clients:
        client.start()
    while len(server.state.exchanges) < 2:
        time.sleep(0.005)
    callers[2].issue()

    started = time.monotonic()
    server.close()
    assert time.monotonic() - started < 1
    for client in clients:
        client.join(5)
    for caller in callers:
        caller.session.close()
    assert set(threading.enumerate()) == before


def test_closing_gives_the_port_back_and_can_be_repeated() -> None:
    with SandboxServer() as server:
        port = urlsplit(server.url).port or 0
    server.close()

    with SandboxServer(port=port) as again:
        assert again.url == server.url


def test_a_taken_port_is_an_error(server: SandboxServer) -> None:
    with pytest.raises(OSError):
        SandboxServer(port=urlsplit(server.url).port or 0)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org", ""])
def test_the_control_door_opens_on_loopback_only(host: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        SandboxServer(host=host, control_secret="secret")


def test_the_control_door_opens_elsewhere_when_told_to(plain: requests.Session) -> None:
    with SandboxServer(host="0.0.0.0", control_secret="secret", remote_control=True) as server:
        port = urlsplit(server.url).port
        url = f"http://127.0.0.1:{port}/control/state"
        response = plain.get(url, headers={"X-Sandbox-Secret": "secret"}, timeout=5)

    assert response.status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost"])
def test_loopback_has_several_names(plain: requests.Session, host: str) -> None:
    with SandboxServer(host=host, control_secret="secret") as server:
        assert plain.get(f"{server.url}/control/state", timeout=5).status_code == 403
