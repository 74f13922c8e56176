"""The supervisor, with small real processes."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from example_project import processes
from example_project.processes import Child, ChildFailed, Command, Stopped, Supervisor

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SERVES = "import time; print('ready', flush=True); time.sleep(60)"
IGNORES_SIGTERM = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SERVES}"
HAS_A_CHILD = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {IGNORES_SIGTERM!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print("child", child.pid)
{SERVES}
"""


def command(code: str, name: str = "child", *, ready: str | None = None) -> Command:
    arguments = [sys.executable, "-u", "-c", code]
    if ready is None:
        return Command(name, arguments)
    return Command(name, arguments, lambda child: child.said(ready), ready_seconds=10)


def is_gone(pid: int, seconds: float = 10) -> bool:
    """Whether the process ends within the time; one that nobody has reaped yet has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def supervisor(
    tmp_path: Path, out: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Supervisor]:
    monkeypatch.setattr(processes, "GRACE", 0.5)
    logs = tmp_path / "logs"
    with Supervisor(folder=tmp_path, env=dict(os.environ), logs=logs, out=out) as supervisor:
        yield supervisor


def test_a_start_returns_when_the_child_is_ready(supervisor: Supervisor) -> None:
    child = supervisor.start(command(f"import time; time.sleep(0.5); {SERVES}", ready="ready"))
    assert child.said("ready")


def test_output_is_shown_under_the_name_and_kept_in_a_log(
    supervisor: Supervisor, out: io.StringIO, tmp_path: Path
) -> None:
    supervisor.finish(command("print('hello')", "greeter"))
    assert out.getvalue() == "greeter | hello\n"
    assert (tmp_path / "logs/greeter.log").read_text() == "hello\n"


def test_a_child_that_is_not_ready_in_time_is_reported(supervisor: Supervisor) -> None:
    slow = Command("slow", command(SERVES).arguments, lambda _child: False, ready_seconds=0.5)
    with pytest.raises(ChildFailed, match="slow was not ready after"):
        supervisor.start(slow)


def test_a_child_that_ends_before_it_is_ready_is_reported_with_its_last_lines(
    supervisor: Supervisor,
) -> None:
    with pytest.raises(ChildFailed, match=r"(?s)broken ended early, with status 3.*no database"):
        supervisor.start(command("print('no database'); exit(3)", "broken", ready="never"))


def serves_until(told: Path) -> str:
    return f"""
import pathlib, time
print("ready")
while not pathlib.Path({str(told)!r}).exists():
    time.sleep(0.05)
exit(4)
"""


def test_a_child_that_ends_later_ends_the_watch(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(command(serves_until(tmp_path / "told"), ready="ready"))
    (tmp_path / "told").touch()
    with pytest.raises(ChildFailed, match="ended early, with status 4"):
        supervisor.watch()


def test_a_child_that_ends_while_another_is_run_to_its_end_is_reported(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    supervisor.start(command(serves_until(told), "weak", ready="ready"))
    with pytest.raises(ChildFailed, match="weak ended early"):
        supervisor.finish(command(f"open({str(told)!r}, 'w').close(); {SERVES}", "long"))


def test_the_exit_status_of_a_finished_command_is_kept(supervisor: Supervisor) -> None:
    assert supervisor.finish(command("exit(7)")).process.returncode == 7
    assert supervisor.finish(command("exit(0)")).process.returncode == 0


def test_children_that_ignore_sigterm_are_killed_and_grandchildren_too(
    tmp_path: Path, out: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "GRACE", 0.5)
    env = dict(os.environ)
    with Supervisor(folder=tmp_path, env=env, logs=tmp_path, out=out) as supervisor:
        deaf = supervisor.start(command(IGNORES_SIGTERM, "deaf", ready="ready"))
        parent = supervisor.start(command(HAS_A_CHILD, "parent", ready="ready"))
        grandchild = grandchild_of(parent)
    assert deaf.process.returncode == -signal.SIGKILL
    assert is_gone(grandchild)


def grandchild_of(child: Child) -> int:
    return next(int(line.split()[1]) for line in child.lines if line.startswith("child "))


def test_a_signal_asks_for_the_end_and_the_handlers_are_given_back(
    tmp_path: Path, out: io.StringIO
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    env = dict(os.environ)
    with (
        pytest.raises(Stopped) as stopped,
        Supervisor(folder=tmp_path, env=env, logs=tmp_path, out=out) as supervisor,
    ):
        os.kill(os.getpid(), signal.SIGTERM)
        supervisor.watch()
    assert stopped.value.status == 143
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_reader_of_our_output_that_has_gone_does_not_stop_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = io.StringIO()
    closed.close()
    env = dict(os.environ)
    with Supervisor(folder=tmp_path, env=env, logs=tmp_path, out=closed) as supervisor:
        supervisor.finish(command("print('one'); print('two')"))
    assert (tmp_path / "child.log").read_text() == "one\ntwo\n"


PARENT = f"""
import os, sys
from pathlib import Path
from example_project import processes
from example_project.processes import Command, Supervisor

processes.GRACE = 1.0
logs = Path(sys.argv[1])
with Supervisor(folder=logs, env=dict(os.environ), logs=logs) as supervisor:
    arguments = [sys.executable, "-u", "-c", {HAS_A_CHILD!r}]
    child = supervisor.start(Command("child", arguments, lambda child: child.said("ready")))
    print("pid", child.process.pid, flush=True)
    supervisor.watch()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_child_outlives_its_supervisor_however_that_ends(
    number: signal.Signals, tmp_path: Path
) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout
    lines = iter(parent.stdout.readline, "")
    grandchild = int(next(line for line in lines if "| child " in line).split()[-1])
    child = int(next(line for line in lines if line.startswith("pid ")).split()[1])
    parent.send_signal(number)
    assert is_gone(parent.pid) or parent.wait(timeout=10) is not None
    assert is_gone(child)
    assert is_gone(grandchild)
    parent.wait(timeout=10)
    parent.stdout.close()
