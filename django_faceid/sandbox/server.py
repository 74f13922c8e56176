"""A threaded HTTP/1.1 server for the sandbox, for tests, laptops and staging."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import socket
import socketserver
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any
from urllib.parse import unquote

from .state import SandboxState
from .wsgi import Application, ConnectionDropped

logger = logging.getLogger(__name__)
HEAD_ENCODING = "latin-1"


class SandboxServer:
    """Serves ``state`` from its making until ``close()``, or as a context manager.

    ``port`` 0 takes a free one. ``host`` must be a loopback address when a ``control_secret``
    opens the control door, unless ``remote_control`` says otherwise; ValueError if not.
    """

    def __init__(
        self,
        state: SandboxState | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        control_secret: str | None = None,
        *,
        remote_control: bool = False,
    ) -> None:
        if control_secret and not remote_control and not _is_loopback(host):
            raise ValueError("the control door opens on a loopback address only")
        self.state = state or SandboxState()
        self._application = Application(self.state, control_secret)
        self._listener = _Listener((host, port), self._application)
        self._thread = threading.Thread(
            target=self._listener.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="faceid-sandbox",
            daemon=True,
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where the API is, such as ``http://127.0.0.1:8011``."""
        host, port = self._listener.server_address[:2]
        return f"http://{host!s}:{port}"

    def close(self) -> None:
        """End all threads and close all sockets; calling it again does nothing."""
        self._application.close()
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()

    def __enter__(self) -> SandboxServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Listener(socketserver.TCPServer):
    """One thread per connection, all of them known, so that closing can end them."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], application: Application) -> None:
        self.application = application
        self._connections: dict[threading.Thread, socket.socket] = {}
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections = {t: s for t, s in self._connections.items() if t.is_alive()}
        thread = threading.Thread(
            target=self._converse, args=(request, client_address), daemon=True
        )
        self._connections[thread] = request
        thread.start()

    def server_close(self) -> None:
        super().server_close()
        for thread, connection in self._connections.items():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that gave up waiting is what faults are for.
        if not isinstance(sys.exc_info()[1], OSError):
            logger.exception("event=sandbox_error")

    def _converse(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except Exception:
            self.handle_error(request, client_address)
        finally:
            self.shutdown_request(request)


class _Handler(BaseHTTPRequestHandler):
    """Speaks HTTP/1.1 with keep-alive; headers and body leave in one packet."""

    protocol_version = "HTTP/1.1"
    timeout = 75
    disable_nagle_algorithm = True
    server: _Listener
    _head = b""
    _unsent = 0

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the application logs what matters."""

    def do_POST(self) -> None:
        if "Transfer-Encoding" in self.headers or not self._length().isdecimal():
            self.close_connection = True
            self.send_error(411)
            return
        try:
            for chunk in self.server.application(self._environ(), self._start_response):
                self.wfile.write(self._head + chunk)
                self._head = b""
                self._unsent -= len(chunk)
        except ConnectionDropped:
            self._drop()
        else:
            self.close_connection |= self._unsent > 0

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST

    def _length(self) -> str:
        return str(self.headers.get("Content-Length", "0"))

    def _environ(self) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ = {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote(path, HEAD_ENCODING),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": self._length(),
            "wsgi.input": self.rfile,
        }
        for name, value in self.headers.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return environ

    def _start_response(self, status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        self._unsent = int(dict(headers)["Content-Length"])
        lines = [f"{self.protocol_version} {status}", *(f"{k}: {v}" for k, v in headers), "", ""]
        self._head = "\r\n".join(lines).encode(HEAD_ENCODING)

    def _drop(self) -> None:
        """Reset the connection, as a broken middle box does, rather than end it politely."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.wfile.close()
        self.rfile.close()
        self.connection.close()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
