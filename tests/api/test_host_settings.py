"""A host's own settings of Django and DRF change nothing in our answers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings

from tests.api import contrary_host

ROOT = Path(__file__).parents[2]
CHANGING = re.compile(
    r'"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"|"\d{4}-\d\d-\d\dT[\d:.]+Z"'
    r'|("(?:sdk_token|server_param_info|retry_after)": )("[^"]*"|\d+)'
)


def answers_under(settings_module: str, database: Path) -> list[dict[str, Any]]:
    environ = {**os.environ, "DATABASE_URL": f"sqlite:///{database}"}
    command = [sys.executable, "-m", contrary_host.__name__, settings_module]
    run = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr[-3000:]
    found: list[dict[str, Any]] = json.loads(CHANGING.sub(r'\2"…"', run.stdout))
    return found


def test_a_contrary_host_gets_the_same_answers(tmp_path: Path) -> None:
    usual = answers_under("tests.settings", tmp_path / "usual.sqlite3")
    contrary = answers_under(contrary_host.__name__, tmp_path / "contrary.sqlite3")
    assert contrary == usual
    assert [answer.get("status") for answer in usual[:-1]] == [
        *(403, 503, 400, 415, 201, 200, 200, 200, 405, 204, 404, 200)
    ]
    assert usual[-1] == {"calls": ["refused", "ok", "ok"]}


def test_the_contrary_host_is_contrary_indeed() -> None:
    assert contrary_host.DATABASES["default"]["ATOMIC_REQUESTS"]
    assert not settings.DATABASES["default"]["ATOMIC_REQUESTS"]
    assert not hasattr(settings, "REST_FRAMEWORK")
