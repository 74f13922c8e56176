from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from django_faceid.sandbox import command
from django_faceid.sandbox.state import SECRET_ID, SECRET_KEY

from .conftest import TOKEN, Caller


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "django_faceid.sandbox", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def url_in(line: str) -> str:
    return line.split()[3]


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(arguments)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal_ends_it_quietly(number: signal.Signals) -> None:
    with running() as process:
        caller = Caller(url_in(first_line(process)), SECRET_ID, SECRET_KEY)
        with caller.session:
            caller.issue()

            process.send_signal(number)
            _, errors = process.communicate(timeout=5)

    assert process.returncode == 0
    assert "Traceback" not in errors
    assert f"action={TOKEN}" in errors


def test_secrets_come_from_the_environment_and_are_not_printed(
    plain: requests.Session,
) -> None:
    secrets = {
        "FACEID_SANDBOX_SECRET_ID": "AKIDmine",
        "FACEID_SANDBOX_SECRET_KEY": "my key",
        "FACEID_SANDBOX_CONTROL_SECRET": "my door",
    }
    with running(**secrets) as process:
        line = first_line(process)
        caller = Caller(url_in(line), "AKIDmine", "my key")
        with caller.session:
            caller.issue()
        state = f"{url_in(line)}/control/state"
        response = plain.get(state, headers={"X-Sandbox-Secret": "my door"}, timeout=5)
        process.terminate()
        assert process.stdout is not None
        assert process.stderr is not None
        printed = process.stdout.read() + process.stderr.read()

    assert response.json()["Tokens"]["Issued"] == 1
    assert "AKIDmine" in printed
    assert "my key" not in printed
    assert "my door" not in printed


def test_the_command_line_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEID_SANDBOX_SECRET_ID", "from the environment")

    assert parsed().secret_id == "from the environment"
    assert parsed("--secret-id", "given").secret_id == "given"


def test_it_says_what_to_put_into_the_settings() -> None:
    text = command.introduction("http://127.0.0.1:8011", parsed())
    settings: dict[str, object] = {}

    exec(text[text.index("FACEID =") : text.index("\n\nThe")].replace("\n    ", "\n"), settings)

    assert settings["FACEID"] == {
        "ACCOUNTS": {
            "default": {
                "SECRET_ID": SECRET_ID,
                "SECRET_KEY": SECRET_KEY,
                "ENDPOINT": "http://127.0.0.1:8011",
            }
        },
        "ALLOW_TEST_ENDPOINT": True,
    }


def test_it_says_how_to_open_a_closed_door() -> None:
    assert "--control-secret" in command.introduction("http://127.0.0.1:8011", parsed())


def test_the_printed_curl_line_plays_a_phone() -> None:
    with running("--control-secret", "open") as process:
        caller = Caller(url_in(first_line(process)), SECRET_ID, SECRET_KEY)
        with caller.session:
            sdk_token = caller.issue()
            assert process.stdout is not None
            text = ""
            while "Outcome" not in text:
                text += process.stdout.readline()
            line = text[text.index("curl ") :].replace('"..."', f'"{sdk_token}"')
            environment = {**os.environ, "FACEID_SANDBOX_CONTROL_SECRET": "open", "no_proxy": "*"}
            subprocess.run(
                line, shell=True, check=True, capture_output=True, env=environment, timeout=10
            )

            assert caller.result(sdk_token)["Result"] == "0"


def test_an_address_that_cannot_be_used_is_a_sentence_not_a_traceback() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(SystemExit, match=f"cannot serve 127.0.0.1:{port}"):
            command.main(["--port", str(port)])


def test_a_door_open_to_the_network_must_be_asked_for() -> None:
    with pytest.raises(SystemExit, match="loopback"):
        command.main(["--host", "0.0.0.0", "--control-secret", "open", "--port", "0"])
