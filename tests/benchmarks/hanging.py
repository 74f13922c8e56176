"""The host's own pages while Tencent accepts connections and never answers."""

from __future__ import annotations

import argparse
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

from .children import in_child
from .databases import environment, migrated
from .tables import Bounds, machine, table

USER_HEADER = "X-Benchmark-User"
READERS = 8
OURS, RIVAL = "/faceid/sessions/", "/unprotected/"


@contextmanager
def black_hole() -> Iterator[str]:
    """An endpoint that accepts every connection and says nothing; its URL."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=512)) as listener:
        yield "http://{}:{}".format(*listener.getsockname())


@contextmanager
def host(threads: int, variables: dict[str, str]) -> Iterator[str]:
    """The host project under waitress with a pool of threads; its address, host:port."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        address = "{}:{}".format(*free.getsockname())
    command = [sys.executable, "-m", "waitress", f"--listen={address}", f"--threads={threads}"]
    command += ["--call", "django.core.wsgi:get_wsgi_application"]
    server = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL)
    try:
        _wait_for(address)
        yield address
    finally:
        server.kill()
        server.wait()


def make_users(count: int) -> None:
    """The people who ask for tokens."""
    from django.contrib.auth import get_user_model

    get_user_model().objects.bulk_create(
        get_user_model()(pk=number, username=str(number)) for number in range(1, count + 1)
    )


def read_pages(address: str, seconds: float) -> float:
    """Pages a second that ``READERS`` clients get, each one after another."""
    end = time.monotonic() + seconds

    def read(_number: int) -> int:
        count = 0
        with closing(http.client.HTTPConnection(address, timeout=60)) as connection:
            while time.monotonic() < end:
                connection.request("GET", "/page/")
                answer = connection.getresponse()
                answer.read()
                count += answer.status == 200 and time.monotonic() < end
        return count

    with ThreadPoolExecutor(READERS) as readers:
        return sum(readers.map(read, range(READERS))) / seconds


@contextmanager
def posting(address: str, path: str, clients: int) -> Iterator[None]:
    """People who ask for tokens meanwhile, and come back when they are told to."""
    over = threading.Event()

    def post(number: int) -> None:
        while not over.is_set():
            with closing(http.client.HTTPConnection(address, timeout=60)) as connection:
                headers = {USER_HEADER: str(number), "Content-Type": "application/json"}
                try:
                    connection.request("POST", path, "{}", headers)
                    pause = float(connection.getresponse().headers.get("Retry-After", 1))
                except OSError:  # the server is gone
                    return
            over.wait(pause)

    for number in range(1, clients + 1):
        threading.Thread(target=post, args=(number,), daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _wait_for(address: str) -> None:
    parts = urlsplit(f"//{address}")
    for _try in range(200):
        try:
            socket.create_connection((parts.hostname, parts.port or 80), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"{address} does not come up")


def _pages(address: str, path: str, clients: int, seconds: float) -> tuple[float, float]:
    """Pages a second without and with people who ask for tokens at ``path``."""
    in_child({}, read_pages, address, 2.0)  # warm
    alone = in_child({}, read_pages, address, seconds)
    with posting(address, path, clients):
        time.sleep(1)
        return alone, in_child({}, read_pages, address, seconds)


def main(argv: list[str]) -> int:
    """Let Tencent hang; 1 when the host's pages suffer."""
    options = argparse.ArgumentParser(prog="hanging", description=__doc__)
    options.add_argument("--clients", type=int, default=20, help="people who ask for tokens")
    options.add_argument("--threads", type=int, default=24, help="threads of the host's server")
    options.add_argument("--seconds", type=float, default=15, help="length of each measurement")
    given = options.parse_args(argv)
    bounds, lines = Bounds(), []
    machine()
    with migrated() as database, black_hole() as endpoint:
        variables = {**os.environ, **environment(database, BENCHMARK_ENDPOINT=endpoint)}
        in_child(environment(database), make_users, given.clients)
        for name, path in (("django-faceid", OURS), ("requests, no cap, no breaker", RIVAL)):
            with host(given.threads, variables) as address:
                alone, beside = _pages(address, path, given.clients, given.seconds)
            kept = 100 * beside / alone
            lines.append((name, f"{alone:.0f}", f"{beside:.0f}", f"{kept:.1f}"))
            if path == OURS:
                bounds.at_least("pages kept while Tencent hangs, %", kept, 95)
    head = ("", "pages/s", f"with {given.clients} asking", "% kept")
    table(f"{given.threads} threads, {READERS} readers", head, lines)
    machine()
    return bounds.exit_status
