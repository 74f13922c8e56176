"""The README's quickstart, followed to the letter in a blank project with the built wheel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from example_project.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

FIRST_TOKEN = """
from django.contrib.auth import get_user_model
from django.test import Client

user = get_user_model().objects.create_user("ann")
client = Client(headers={"host": "localhost"})
client.force_login(user)
answer = client.post("/faceid/sessions/", {}, content_type="application/json")
print(answer.status_code, bool(answer.json()["sdk_token"]), answer.json()["request_id"])
"""


class Block(NamedTuple):
    language: str
    text: str


def quickstart() -> list[Block]:
    section = README.partition("## In your project, in five steps")[2].partition("\n## ")[0]
    return [Block(*found) for found in re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL)]


class Project:
    """A blank project in an environment of its own."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder
        self.wheel = wheel
        self.port = free_port()
        self.children: list[subprocess.Popen[str]] = []
        self.python = folder / "env" / "bin" / "python"
        kept = {name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "SSL_"))}
        self.env = {**kept, "PATH": f"{self.python.parent}:/usr/bin:/bin", "HOME": str(folder)}

    def run(self, command: str) -> str:
        """One line of a shell block; a line that ends in ``&`` goes on until the test ends."""
        command = command.partition("  #")[0].strip().replace("8011", str(self.port))
        if command.endswith("&"):
            self._start(command.removesuffix("&"))
            return ""
        done = subprocess.run(
            command.replace("install django-faceid", f"install -q {self.wheel}"),
            shell=True,
            cwd=self.folder / "site" if "manage.py" in command else self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _start(self, command: str) -> None:
        child = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {command}"],
            cwd=self.folder / "site",
            env={**self.env, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.children.append(child)
        assert child.stdout is not None
        deadline = time.monotonic() + 30
        while str(self.port) not in child.stdout.readline():
            assert child.poll() is None, f"{command} ended"
            assert time.monotonic() < deadline, f"{command} did not start"

    def append(self, text: str) -> None:
        """A Python block, added to the file that its first line names."""
        name = text.splitlines()[0].removeprefix("# ")
        path = self.folder / "site" / "site_" / name
        with path.open("a", encoding="utf-8") as file:
            file.write("\n" + text.replace("8011", str(self.port)))

    def close(self) -> None:
        for child in self.children:
            child.terminate()
            child.wait(10)
            assert child.stdout is not None
            child.stdout.close()


@pytest.fixture
def project(wheel: Path, tmp_path: Path) -> Iterator[Project]:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True, timeout=120)
    project = Project(tmp_path, wheel)
    yield project
    project.close()


@pytest.mark.slow
def test_a_blank_project_that_follows_the_readme_issues_its_first_token(project: Project) -> None:
    blocks = quickstart()
    for block in blocks:
        if block.language == "sh":
            for line in block.text.splitlines():
                project.run(line)
                if "pip install" in line:
                    (project.folder / "site").mkdir()
                    project.run("python -m django startproject site_ site")
        elif block.text.startswith(("# settings.py", "# urls.py")):
            project.append(block.text)
    (project.folder / "first_token.py").write_text(FIRST_TOKEN)
    seen = project.run("python manage.py shell -v 0 < ../first_token.py")
    assert re.search(r"^201 True [0-9a-f-]{36}$", seen, re.MULTILINE), seen
    assert {block.language for block in blocks} == {"sh", "python"}


def test_the_first_screen_holds_the_two_commands() -> None:
    first_screen = "\n".join(README.splitlines()[:30])
    assert "python3 example_project      # the demo\n" in first_screen
    assert "python3 tests                # the tests; arguments go to pytest\n" in first_screen
    assert "licence" in first_screen


def test_every_link_and_picture_leads_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_smoke_table_shows_the_steps_that_the_demo_plays() -> None:
    source = (ROOT / "example_project" / "smoke.py").read_text(encoding="utf-8")
    table = README.partition("step                        seen")[2].partition("```")[0]
    steps = [line.partition("  ")[0] for line in table.splitlines()[1:] if "  ok  " in line]
    assert len(steps) == 13
    assert all(f'"{step}"' in source for step in steps)
