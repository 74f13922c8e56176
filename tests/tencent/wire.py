"""A loopback server that records what it is sent and plays scripted answers, byte for byte."""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import BinaryIO, NamedTuple

Script = Callable[[socket.socket], object]


class Received(NamedTuple):
    """One request as it stood on the wire; header names in lower case."""

    connection: int
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class Wire:
    """Plays its scripts in order, one per request, and repeats the last one."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.over = threading.Event()
        self._scripts: deque[Script] = deque()
        self._sockets: list[socket.socket] = []
        self._scheme = "https" if tls else "http"
        self._server = _Server(self, tls)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self._scheme}://{self.host}"

    @property
    def last(self) -> Received:
        return self.received[-1]

    def plays(self, *scripts: Script | bytes) -> None:
        self._scripts = deque(sends(item) if isinstance(item, bytes) else item for item in scripts)

    def next_script(self) -> Script:
        return self._scripts.popleft() if len(self._scripts) > 1 else self._scripts[0]

    def opened(self, connection: socket.socket) -> int:
        self._sockets.append(connection)
        return len(self._sockets)

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        for connection in self._sockets:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, wire: Wire, tls: ssl.SSLContext | None) -> None:
        self.wire = wire
        self.tls = tls
        super().__init__(("127.0.0.1", 0), _Connection)


class _Connection(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        wire = self.server.wire
        number = wire.opened(self.request)
        try:
            tls = self.server.tls
            connection = tls.wrap_socket(self.request, server_side=True) if tls else self.request
            with connection, connection.makefile("rb") as stream:
                while (request := _read_request(stream, number)) is not None:
                    wire.received.append(request)
                    if wire.next_script()(connection) is False:
                        return
        except OSError:
            return  # the client left, as many of these tests want


def _read_request(stream: BinaryIO, number: int) -> Received | None:
    words = stream.readline().decode("latin-1").split()
    if len(words) != 3 or not words[2].startswith("HTTP/"):
        return None
    headers: dict[str, str] = {}
    while line := stream.readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", "0")))
    return Received(number, words[0], words[1], headers, body)


def envelope(
    fields: object,
    *,
    status: str = "200 OK",
    content_type: str = "application/json",
    headers: str = "",
) -> bytes:
    """An answer in Tencent's envelope."""
    body = json.dumps({"Response": fields}).encode()
    return answer(body, status=status, content_type=content_type, headers=headers)


def error(code: object, message: object = "No.", **options: str) -> bytes:
    """A refusal in Tencent's envelope."""
    fields = {"Error": {"Code": code, "Message": message}, "RequestId": "request-1"}
    return envelope(fields, **options)


def answer(
    body: bytes,
    *,
    status: str = "200 OK",
    content_type: str = "application/json",
    headers: str = "",
    length: int | None = None,
) -> bytes:
    """Any HTTP answer; `length` lets it promise more than it sends."""
    promised = len(body) if length is None else length
    kind = f"Content-Type: {content_type}\r\n" if content_type else ""
    head = f"HTTP/1.1 {status}\r\n{kind}Content-Length: {promised}\r\n{headers}\r\n"
    return head.encode() + body


def sends(data: bytes) -> Script:
    return lambda connection: connection.sendall(data)


def sends_and_closes(data: bytes) -> Script:
    def script(connection: socket.socket) -> bool:
        connection.sendall(data)
        return False

    return script


def closes(_: socket.socket) -> bool:
    return False


def resets(connection: socket.socket) -> bool:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def drips(wire: Wire, data: bytes, *, seconds: float, at_once: int = 0) -> Script:
    """Sends `at_once` bytes, then byte by byte until the client or the test has had enough."""

    def script(connection: socket.socket) -> bool:
        connection.sendall(data[:at_once])
        for byte in data[at_once:]:
            if wire.over.wait(seconds):
                break
            connection.sendall(bytes([byte]))
        return False

    return script


def hangs(wire: Wire) -> Script:
    def script(_: socket.socket) -> bool:
        wire.over.wait(10)
        return False

    return script
