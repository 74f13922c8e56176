"""One deadline for all that a request waits for: to connect, to be sent, its answer's last byte.

requests and urllib3 limit each wait on the socket by itself, so that an answer that comes byte by
byte may take for ever.
"""

from __future__ import annotations

import http.client
import io
import math
import socket
import time
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection

# Zero would mean a socket that does not wait at all.
LEAST = 0.01


class Until(Timeout):
    """Seconds to connect, for the whole answer, and from now on for everything together."""

    def __init__(self, connect: float, read: float, total: float = math.inf) -> None:
        super().__init__(connect=connect, read=read)
        self._limits = connect, read
        self._deadline = time.monotonic() + total

    def clone(self) -> Until:
        # urllib3 asks for one before each request.
        copied = Until(*self._limits)
        copied._deadline = self._deadline
        return copied

    @property
    def connect_timeout(self) -> float:
        return self._within(self._limits[0])

    @property
    def read_timeout(self) -> float:
        return self._within(self._limits[1])

    def _within(self, seconds: float) -> float:
        return max(LEAST, min(seconds, self._deadline - time.monotonic()))


class TimelyAdapter(HTTPAdapter):
    """Reads each answer, head and body together, within the timeout that its socket begins with."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        _make_timely(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        _make_timely(manager)
        return manager


class _Reader(io.RawIOBase):
    """The socket's file, with less patience at each read."""

    def __init__(self, file: io.RawIOBase, sock: socket.socket) -> None:
        self._file = file
        self._sock = sock
        patience = sock.gettimeout()
        self._deadline = time.monotonic() + (math.inf if patience is None else patience)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(None if left == math.inf else left)
        return self._file.readinto(buffer)

    def close(self) -> None:
        super().close()
        self._file.close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock))


class _InOneWrite(http.client.HTTPConnection):
    """Sends head and body together: after one write a busy process may look away from the other."""

    _head: bytes | None = None

    def endheaders(self, *args: Any, **options: Any) -> None:
        self._head = b""
        super().endheaders(*args, **options)

    def send(self, data: Any) -> None:
        if self._head == b"":
            self._head = data
            return
        whole, self._head = (self._head or b"") + data, None
        super().send(whole)

    def getresponse(self, *args: Any, **options: Any) -> Any:
        if self._head:  # of a request without a body
            self.send(b"")
        return super().getresponse(*args, **options)


class _Connection(_InOneWrite, HTTPConnection):
    response_class = _Response


class _SecureConnection(_InOneWrite, HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _make_timely(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
