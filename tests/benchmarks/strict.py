"""A server that counts: twenty requests a second and not one more, far away over the network."""

from __future__ import annotations

import random
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django_faceid.sandbox.errors import ApiError
from django_faceid.sandbox.rate import RateLimit

RATE = 20
JITTER = 0.030
BOUND = RATE / (1 + JITTER)
"""Calls a second that can be admitted for certain when each takes 0 to JITTER to get there."""


class StrictServer:
    """Answers each byte with + or -, by the sandbox's reading of a second."""

    def __init__(self, window: str) -> None:
        self.admitted: list[float] = []
        self.refused = 0
        self._limit = RateLimit(RATE, window, time.time if window == "fixed" else time.monotonic)
        self._lock = threading.Lock()

    def ask(self) -> bytes:
        with self._lock:
            try:
                self._limit.admit("a call")
            except ApiError:
                self.refused += 1
                return b"-"
            self.admitted.append(time.monotonic())
            return b"+"

    @contextmanager
    def running(self) -> Iterator[tuple[str, int]]:
        """Serve on loopback; the address."""
        strict = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                while self.request.recv(1):
                    self.request.sendall(strict.ask())

        with _Listener(("127.0.0.1", 0), Handler) as listener:
            threading.Thread(target=listener.serve_forever, daemon=True).start()
            try:
                yield "127.0.0.1", listener.server_address[1]
            finally:
                listener.shutdown()

    @property
    def rate(self) -> float:
        """Calls a second that were admitted."""
        return steady_rate(self.admitted)


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128


class Line:
    """One caller's connection to the strict server, over which a request takes its time."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self) -> bool:
        """Whether the call was admitted."""
        time.sleep(random.uniform(0, JITTER))
        self._socket.sendall(b"?")
        return self._socket.recv(1) == b"+"

    def close(self) -> None:
        self._socket.close()


def steady_rate(moments: list[float]) -> float:
    """Events a second; whole bursts only, after the first, or the phase of the end would count."""
    ordered = sorted(moments)
    whole = len(ordered) // RATE * RATE
    if whole <= RATE:
        return 0.0
    return (whole - RATE) / (ordered[whole - 1] - ordered[RATE - 1])


def percentile(values: list[Any], share: float) -> float:
    """The value below which this share of them lies; 0 of none."""
    return float(sorted(values)[int(share * (len(values) - 1))]) if values else 0.0
