"""Finds ports to listen on and asks whether somebody answers on them."""

from __future__ import annotations

import http.client
import socket

HOST = "127.0.0.1"


class PortTaken(Exception):
    """The port that was asked for is in use, or may not be used by us."""


def free_port(wanted: int | None = None, *, preferred: int = 0) -> int:
    """A port that is free now: the wanted one or PortTaken, else the preferred one, else any."""
    if wanted is not None:
        if not _is_free(wanted):
            raise PortTaken(f"Port {wanted} cannot be used: it is taken or not allowed.")
        return wanted
    if preferred and _is_free(preferred):
        return preferred
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        # As servers do: connections of an earlier run that linger do not count.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return False
    return True


def answers(port: int, path: str = "/") -> bool:
    """Whether an HTTP server there answers, and not with a server error."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
