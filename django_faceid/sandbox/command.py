"""The sandbox as a command: its options, what it prints, and how it ends."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import TextIO

from .outcomes import Outcome
from .server import SandboxServer
from .state import SECRET_ID, SECRET_KEY, SandboxState

DEFAULT_PORT = 8011
ENVIRONMENT = "FACEID_SANDBOX_"
INTRODUCTION = """\
FaceID sandbox on {url} (Ctrl-C ends it)

Put into your settings:
    FACEID = {{
        "ACCOUNTS": {{
            "default": {{
                "SECRET_ID": {secret_id},
                "SECRET_KEY": {secret_key},
                "ENDPOINT": "{url}",
            }},
        }},
        "ALLOW_TEST_ENDPOINT": True,
    }}

"""
OPEN_DOOR = """\
The control door is {url}/control/. Play a phone ({outcomes}):
    curl {url}/control/play -H "X-Sandbox-Secret: ${environment}CONTROL_SECRET" \\
        -d '{{"SdkToken": "...", "Outcome": "pass"}}'
"""
CLOSED_DOOR = """\
The control door is closed: no phone can be played. A secret opens it, as --control-secret or,
out of the process list, {environment}CONTROL_SECRET in the environment.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sandbox's options to ``parser``, which may be a management command's."""
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (default: loopback)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one")
    parser.add_argument("--rate", type=int, default=20, help="requests per second and action")
    for name, default, meaning in (
        ("secret-id", SECRET_ID, "the SecretId to accept"),
        ("secret-key", SECRET_KEY, "the SecretKey to accept"),
        ("control-secret", None, "opens the control door under /control/"),
    ):
        variable = ENVIRONMENT + name.upper().replace("-", "_")
        parser.add_argument(
            f"--{name}",
            default=os.environ.get(variable, default),
            help=f"{meaning} (or {variable})",
        )
    parser.add_argument(
        "--remote-control",
        action="store_true",
        help="allow the control door on an address that is not loopback",
    )


def run(options: argparse.Namespace, out: TextIO | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C; ``options`` as ``add_arguments`` describes them.

    Raises SystemExit with the reason when the address cannot be used.
    """
    state = SandboxState(
        secret_id=options.secret_id, secret_key=options.secret_key, rate=options.rate
    )
    try:
        server = SandboxServer(
            state,
            options.host,
            options.port,
            options.control_secret,
            remote_control=options.remote_control,
        )
    except (OSError, ValueError) as error:
        raise SystemExit(
            f"The sandbox cannot serve {options.host}:{options.port}: {error}"
        ) from None
    stop = threading.Event()
    previous = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    with server:
        (out or sys.stdout).write(introduction(server.url, options))
        (out or sys.stdout).flush()
        stop.wait()
    for number, handler in previous.items():
        signal.signal(number, handler)


def introduction(url: str, options: argparse.Namespace) -> str:
    """What a developer needs to know next; names no secret but the public default."""
    secret_key = (
        f'"{SECRET_KEY}"'
        if options.secret_key == SECRET_KEY
        else f'os.environ["{ENVIRONMENT}SECRET_KEY"]'
    )
    door = OPEN_DOOR if options.control_secret else CLOSED_DOOR
    return (INTRODUCTION + door).format(
        url=url,
        secret_id=f'"{options.secret_id}"',
        secret_key=secret_key,
        outcomes=", ".join(each.value for each in Outcome),
        environment=ENVIRONMENT,
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Run the sandbox with the command line's options, one log line per request on stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m django_faceid.sandbox",
        description="A stateful stand-in for Tencent Cloud's FaceID endpoint.",
    )
    add_arguments(parser)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    run(parser.parse_args(argv))
