"""The demo's runner, with small stand-ins for its processes."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from example_project import runner
from example_project.ports import PortTaken, answers, free_port
from example_project.processes import Command
from tests.launchers.test_processes import SERVES, command, is_gone

SECRETS = ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY")


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small processes in the place of Django, Celery and the sandbox."""

    def services(run_dir: Path, web_port: int, sandbox_port: int | None) -> Iterator[Command]:
        yield command(f"import os; print('pid', os.getpid()); {SERVES}", "web", ready="ready")

    def manage(name: str, *options: str) -> list[str]:
        return [sys.executable, "-c", f"print('{name} was run')"]

    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(runner, "RUN_DIR", tmp_path / "run")
    monkeypatch.setattr(runner, "services", services)
    monkeypatch.setattr(runner, "_manage", manage)
    for name in (*SECRETS, "FACEID_DEMO_RUN_DIR"):
        monkeypatch.delenv(name, raising=False)


def pid_of_web(output: str) -> int:
    return int(output.partition("pid ")[2].split()[0])


@pytest.mark.usefixtures("stand_ins")
@pytest.mark.parametrize("status", [0, 3])
def test_the_exit_status_of_the_smoke_test_is_passed_on(
    status: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runner, "_SMOKE", f"raise SystemExit({status})")
    assert runner.main(["--smoke"]) == status
    output = capfd.readouterr().out
    assert "migrate was run" in output
    assert is_gone(pid_of_web(output))


@pytest.mark.usefixtures("stand_ins")
def test_the_smoke_test_runs_on_a_fresh_state_that_is_removed_when_it_passes(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code = "import os; print('state', os.listdir(os.environ['FACEID_DEMO_RUN_DIR']))"
    monkeypatch.setattr(runner, "_SMOKE", code)
    assert runner.main(["--smoke"]) == 0
    assert "state ['lock', 'logs']" in capfd.readouterr().out.replace(
        "'logs', 'lock'", "'lock', 'logs'"
    )
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.usefixtures("stand_ins")
def test_the_demo_says_where_to_look_and_stops_when_asked_to(
    capfd: pytest.CaptureFixture[str],
) -> None:
    timer = threading.Timer(3, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    port = free_port()
    assert runner.main(["--port", str(port)]) == 0
    timer.join()
    output = capfd.readouterr().out
    assert f"http://127.0.0.1:{port}/admin/" in output
    assert "\n  demo_setup was run\n" in output
    assert is_gone(pid_of_web(output))


@pytest.mark.usefixtures("stand_ins")
def test_a_setup_that_fails_ends_the_run_with_its_last_lines(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = [sys.executable, "-c", "print('no such table'); exit(2)"]
    monkeypatch.setattr(runner, "_manage", lambda *_: broken)
    assert runner.main([]) == 1
    error = capfd.readouterr().err
    assert "migrate failed with status 2" in error
    assert "no such table" in error


@pytest.mark.usefixtures("stand_ins")
def test_a_port_in_use_is_a_sentence_and_not_a_traceback(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert runner.main(["--port", str(taken.getsockname()[1])]) == 1
    assert "is taken or not allowed" in capfd.readouterr().err


@pytest.mark.usefixtures("stand_ins")
def test_the_demo_is_kept_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tells = "import os, pathlib; pathlib.Path(os.environ['FACEID_DEMO_RUN_DIR'], 'told').touch()"
    monkeypatch.setattr(runner, "_manage", lambda *_: [sys.executable, "-c", f"{tells}; exit(2)"])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FACEID_DEMO_RUN_DIR", "elsewhere")
    assert runner.main([]) == 1
    assert (tmp_path / "elsewhere" / "told").exists()
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("stand_ins")
def test_two_demos_do_not_share_one_state(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with runner._run_dir_to_ourselves(tmp_path / "run"):
        assert runner.main([]) == 1
    assert "runs already" in capfd.readouterr().err


def test_with_credentials_of_tencent_no_sandbox_is_started(tmp_path: Path) -> None:
    assert "FACEID_SANDBOX_URL" not in runner.environment(tmp_path, None)
    names = [command.name for command in runner.services(tmp_path, 8000, None)]
    assert names == ["web", "worker", "beat"]
    assert "Tencent Cloud" in runner.where_to_look(8000, None, [], tmp_path)


def test_the_secrets_of_the_sandbox_are_new_each_time_and_on_no_command_line(
    tmp_path: Path,
) -> None:
    first, second = (runner.environment(tmp_path, 8011) for _ in range(2))
    for name in ("SECRET_ID", "SECRET_KEY", "CONTROL_SECRET"):
        secret = first[f"FACEID_SANDBOX_{name}"]
        assert secret != second[f"FACEID_SANDBOX_{name}"]
        for process in runner.services(tmp_path, 8000, 8011):
            assert secret not in " ".join(process.arguments)


def test_a_preferred_port_gives_way_when_it_is_taken_and_a_wanted_one_does_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        assert free_port(preferred=taken) != taken
        with pytest.raises(PortTaken):
            free_port(taken)


def test_nobody_answers_on_a_free_port() -> None:
    assert not answers(free_port())
