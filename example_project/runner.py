"""Runs everything the demo consists of: web server, sandbox, Celery worker and beat.

With TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY in the environment there is no sandbox,
and the demo talks to Tencent Cloud.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from example_project.ports import HOST, PortTaken, answers, free_port
from example_project.processes import ChildFailed, Command, Stopped, Supervisor

ROOT = Path(__file__).resolve().parent.parent
RUN_DIR = ROOT / "example_project" / ".run"
_SMOKE = """
import os, sys
from example_project.smoke import main
sys.exit(main(sys.argv[1], os.environ))
"""


class CannotRun(Exception):
    """The demo cannot be started; the text says why."""


def main(arguments: Sequence[str]) -> int:
    """Run the demo until it is stopped, or its smoke test to the end; the exit status."""
    options = _options(arguments)
    run_dir = Path(tempfile.mkdtemp(prefix="faceid-smoke-")) if options.smoke else _kept_in()
    try:
        status = _run(run_dir, options.port, smoke=options.smoke)
    except Stopped as stopped:
        status = stopped.status if options.smoke else 0
    except (CannotRun, ChildFailed, PortTaken) as failure:
        print(f"\n{failure}", file=sys.stderr, flush=True)
        return 1
    if options.smoke and status == 0:
        shutil.rmtree(run_dir)
    return status


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 example_project", description="Runs the demo of django-faceid."
    )
    parser.add_argument("--port", type=int, help="of the web server; a free one when not given")
    parser.add_argument(
        "--smoke", action="store_true", help="run every journey once on a fresh database and end"
    )
    return parser.parse_args(arguments)


def _run(run_dir: Path, port: int | None, *, smoke: bool) -> int:
    web_port = free_port(port, preferred=0 if smoke else 8000)
    sandbox_port = None if _has_credentials() else free_port()
    env = dict(os.environ) | environment(run_dir, sandbox_port)
    with (
        _run_dir_to_ourselves(run_dir),
        Supervisor(folder=ROOT, env=env, logs=run_dir / "logs") as supervisor,
    ):
        _finish(supervisor, Command("migrate", _manage("migrate", "--verbosity=0")))
        users = _finish(supervisor, Command("setup", _manage("demo_setup")))
        for command in services(run_dir, web_port, sandbox_port):
            supervisor.start(command)
            # The past comes before the worker, which counts what happens from its start on.
            if command.name == "sandbox" and not smoke:
                _finish(supervisor, Command("history", _manage("demo_history")))
        print(where_to_look(web_port, sandbox_port, users, run_dir), flush=True)
        if not smoke:
            supervisor.watch()
        smoke_command = Command("smoke", _python("-c", _SMOKE, f"http://{HOST}:{web_port}"))
        return supervisor.finish(smoke_command).process.returncode


def environment(run_dir: Path, sandbox_port: int | None) -> dict[str, str]:
    """What the children find in their environment, beside what we found in ours."""
    common = {
        "DJANGO_SETTINGS_MODULE": "example_project.settings",
        "FACEID_DEMO_RUN_DIR": str(run_dir),
        "PYTHONUNBUFFERED": "1",
    }
    if sandbox_port is None:
        return common
    return common | {
        "FACEID_SANDBOX_URL": f"http://{HOST}:{sandbox_port}",
        "FACEID_SANDBOX_SECRET_ID": "AKID" + secrets.token_hex(16),
        "FACEID_SANDBOX_SECRET_KEY": secrets.token_hex(16),
        "FACEID_SANDBOX_CONTROL_SECRET": secrets.token_hex(16),
    }


def services(run_dir: Path, web_port: int, sandbox_port: int | None) -> Iterator[Command]:
    """The commands that run on, in the order of their start."""
    if sandbox_port is not None:
        arguments = _python("-m", "django_faceid.sandbox", "--port", str(sandbox_port))
        yield Command("sandbox", arguments, lambda _child: answers(sandbox_port))
    web = _manage("runserver", "--noreload", "--insecure", f"{HOST}:{web_port}")
    yield Command("web", web, lambda _child: answers(web_port))
    celery = _python("-m", "celery", "--quiet", "-A", "example_project.worker")
    alone = ("--without-gossip", "--without-mingle")
    worker = [*celery, "worker", "--pool=threads", "--concurrency=4", "--loglevel=INFO", *alone]
    yield Command("worker", worker, lambda child: child.said(" ready."))
    schedule = f"--schedule={run_dir / 'beat-schedule'}"
    beat = [*celery, "beat", "--loglevel=INFO", "--pidfile=", schedule]
    yield Command("beat", beat, lambda child: child.said("beat: Starting"))


def where_to_look(
    web_port: int, sandbox_port: int | None, users: Sequence[str], run_dir: Path
) -> str:
    """The few lines a visitor needs once everything runs."""
    line = "─" * 72
    provider = f"sandbox at http://{HOST}:{sandbox_port}" if sandbox_port else "Tencent Cloud"
    return "\n".join(
        [
            line,
            f"  Demo      http://{HOST}:{web_port}/",
            f"  Admin     http://{HOST}:{web_port}/admin/",
            *(f"  {user}" for user in users),
            f"  FaceID    {provider}",
            f"  Logs      {run_dir / 'logs'}",
            "  Stop with Ctrl-C.",
            line,
        ]
    )


def _finish(supervisor: Supervisor, command: Command) -> list[str]:
    child = supervisor.finish(command)
    if child.process.returncode:
        raise child.failure(f"failed with status {child.process.returncode}")
    return list(child.lines)


@contextmanager
def _run_dir_to_ourselves(run_dir: Path) -> Iterator[None]:
    run_dir.mkdir(parents=True, exist_ok=True)
    with (run_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRun(f"The demo runs already, in {run_dir}. Stop that one first.") from None
        yield


def _kept_in() -> Path:
    """Where the demo keeps what it made; our children do not start where we did."""
    given = os.environ.get("FACEID_DEMO_RUN_DIR")
    return Path(given).resolve() if given else RUN_DIR


def _has_credentials() -> bool:
    names = ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY")
    return all(os.environ.get(name) for name in names)


def _python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def _manage(*arguments: str) -> list[str]:
    return _python("example_project/manage.py", *arguments)
