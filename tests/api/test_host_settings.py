"""A host's own settings of Django and DRF change nothing in our answers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from pytest_django import Settings

from django_faceid.models import ApiCall
from django_faceid.sandbox.faults import Refuse
from django_faceid.sandbox.state import SandboxState
from tests.api import one_of_everything
from tests.api.caller import Caller, body

ROOT = Path(__file__).parents[2]
CHANGING = re.compile(
    r'"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"|"\d{4}-\d\d-\d\dT[\d:.]+Z"'
    r'|("(?:sdk_token|server_param_info|retry_after)": )("[^"]*"|\d+)'
)


def answers_under(settings_module: str) -> tuple[str, list[dict[str, Any]]]:
    environ = {
        **os.environ,
        "DATABASE_URL": "sqlite://:memory:",
        "DJANGO_SETTINGS_MODULE": settings_module,
    }
    command = [sys.executable, "-m", one_of_everything.__name__]
    run = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr[-3000:]
    found = json.loads(CHANGING.sub(r'\2"…"', run.stdout))
    return found["renderer of the host"], found["answers"]


def test_a_contrary_host_gets_the_same_answers() -> None:
    plain, usual = answers_under("tests.settings")
    loud, contrary = answers_under("tests.api.contrary_host")
    assert (plain, loud) == ("JSONRenderer", "Shouting")
    assert contrary == usual
    assert [answer.get("status") for answer in usual[:-1]] == [
        *(403, 503, 400, 415, 201, 200, 200, 200, 405, 204, 404, 200)
    ]
    assert usual[-1] == {"calls": ["refused", "ok", "ok"]}


class OursElsewhere:
    """Keeps our tables behind another alias than the host's own."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "replica" if model._meta.app_label == "faceid" else "default"

    db_for_write = db_for_read

    def allow_relation(self, *objects: Any, **hints: Any) -> bool:
        return True


@pytest.mark.django_db(transaction=True, databases=["default", "replica"])
def test_atomic_requests_on_another_alias_undo_no_evidence(
    caller: Caller, state: SandboxState, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATABASE_ROUTERS = [OursElsewhere()]
    monkeypatch.setitem(connections.settings["replica"], "ATOMIC_REQUESTS", True)
    state.faults.add(Refuse(Code="UnauthorizedOperation"))
    refused = caller.post("sessions/", {})
    assert (refused.status_code, body(refused)["code"]) == (503, "provider_unavailable")
    assert caller.post("sessions/", {}).status_code == 201
    outcomes = ApiCall.objects.using("default").order_by("id").values_list("outcome", flat=True)
    assert list(outcomes) == ["refused", "ok"]
