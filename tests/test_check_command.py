"""`faceid_check`: what is wrong with an installation, and what to do about it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import override_settings

from django_faceid.models import ApiCall, VerificationSession
from django_faceid.sandbox.faults import HttpStatus, Refuse
from django_faceid.services import doctor
from django_faceid.testing import advance, faceid_sandbox, make_session

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parent.parent


def check(**options: Any) -> tuple[int, list[str]]:
    """The doctor's exit code and lines."""
    out = io.StringIO()
    try:
        call_command("faceid_check", stdout=out, **options)
    except CommandError as error:
        return error.returncode, out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


def line(lines: list[str], name: str) -> str:
    [found] = [each for each in lines if f" {name}  " in each]
    return found


def test_a_healthy_installation_has_nothing_but_ok() -> None:
    call_command("faceid_tick", stdout=io.StringIO())
    keys = {"ENCRYPTION_KEYS": ["q6p8xJ5N3yWk0C1vT7dLw9eRzBqXfYhGmUaSiOjK2lE="]}
    with override_settings(FACEID={**settings.FACEID, **keys}), faceid_sandbox():
        code, lines = check()
    assert code == 0
    assert {each.split()[0] for each in lines} == {"ok"}
    assert "accepted" in line(lines, "default credentials")


def test_the_doctor_calls_tencent_like_everybody_else_but_for_no_session() -> None:
    make_session()
    with faceid_sandbox():
        check()
    [row] = ApiCall.objects.all()
    assert (row.session, row.action, row.outcome) == (None, "GetFaceIdResultIntl", "refused")
    assert row.request_id
    assert VerificationSession.objects.count() == 1


def test_rejected_credentials_fail_with_advice() -> None:
    with faceid_sandbox(SECRET_KEY="not-the-right-one"):
        code, lines = check()
    assert code == 1
    found = line(lines, "default credentials")
    assert found.startswith("FAIL")
    assert "AuthFailure.SignatureFailure" in found
    assert "→" in found
    assert "not-the-right-one" not in "".join(lines)


def test_an_account_that_tencent_locked_fails_with_advice() -> None:
    with faceid_sandbox() as sandbox:
        sandbox.faults.add(Refuse(Code="ResourceUnavailable.InArrears"))
        code, lines = check()
    assert code == 1
    assert line(lines, "default account").startswith("FAIL")


def test_a_quota_that_others_spend_is_a_warning() -> None:
    with faceid_sandbox() as sandbox:
        sandbox.faults.add(Refuse(Code="RequestLimitExceeded", Count=9))
        code, lines = check()
    assert code == 0
    assert line(lines, "default quota").startswith("warn")


@pytest.mark.parametrize(("skew", "level"), [(0, "ok"), (-60, "warn"), (90, "warn"), (400, "FAIL")])
def test_a_clock_that_is_off_is_told_with_its_direction(skew: float, level: str) -> None:
    with faceid_sandbox() as sandbox:
        sandbox.set_skew(skew)
        _code, lines = check()
    found = line(lines, "default clock")
    assert found.startswith(level)
    assert level == "ok" or ("behind" if skew > 0 else "ahead of") in found


def test_an_endpoint_that_nobody_answers_at_fails() -> None:
    with faceid_sandbox(ENDPOINT="http://user:password@127.0.0.1:9"):
        code, lines = check()
    assert code == 1
    assert "127.0.0.1" in line(lines, "default endpoint")
    assert "password" not in "".join(lines)


def test_a_portal_in_between_fails() -> None:
    with faceid_sandbox() as sandbox:
        sandbox.faults.add(HttpStatus(Status=404, Count=None))
        code, lines = check()
    assert code == 1
    assert line(lines, "default endpoint").startswith("FAIL")


def broken_credentials() -> tuple[str, str]:
    raise RuntimeError("a vault's secret")


def test_credentials_that_cannot_be_had_are_blamed_and_not_the_network() -> None:
    hook = {"CREDENTIALS": broken_credentials, "QUOTA_GROUP": "main"}
    with faceid_sandbox(**hook):
        code, lines = check()
    assert code == 1
    assert "CREDENTIALS" in line(lines, "default credentials")
    assert "vault" not in "".join(lines)


def test_an_unknown_region_is_a_warning() -> None:
    with faceid_sandbox(REGION="ap-atlantis"):
        _code, lines = check()
    assert line(lines, "faceid.W001").startswith("warn")
    assert line(
        lines, "default region" if "default region" in "".join(lines) else "default account"
    )


def test_only_the_named_account_is_asked() -> None:
    accounts: dict[str, Any] = {"default": {}, "other": {}}
    with override_settings(FACEID={**settings.FACEID, "ACCOUNTS": accounts}), faceid_sandbox():
        _code, lines = check(account="other")
        assert "other credentials" in "".join(lines)
        assert "default credentials" not in "".join(lines)
        code, lines = check(account="nobody")
    assert code == 1
    assert "not configured" in line(lines, "nobody")


def test_settings_that_are_wrong_fail_before_tencent_is_asked() -> None:
    with override_settings(FACEID={"ACCOUNTS": {"default": {"RAET": 1}}, "MAX_WAIT": 0}):
        code, lines = check()
    assert code == 1
    assert line(lines, "faceid.E002").startswith("FAIL")
    assert line(lines, "faceid.E004").startswith("FAIL")
    assert not ApiCall.objects.exists()


def test_tasks_that_never_ran_are_a_warning_that_says_what_to_run() -> None:
    with faceid_sandbox():
        code, lines = check()
        assert code == 0
        found = line(lines, "collect_results")
        assert found.startswith("warn")
        assert "faceid_tick" in found
        call_command("faceid_tick", stdout=io.StringIO())
        advance(minutes=4)
        _code, lines = check()
    assert line(lines, "collect_results").startswith("warn")


def test_keys_that_follow_from_secret_key_are_a_warning() -> None:
    with faceid_sandbox():
        _code, lines = check()
    assert line(lines, "ENCRYPTION_KEYS").startswith("warn")
    assert line(lines, "HASH_KEY").startswith("ok")


def test_a_database_without_tables_fails_and_is_asked_no_more(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'empty.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    process = subprocess.run(
        [sys.executable, "-m", "django", "faceid_check"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 1
    assert "run manage.py migrate" in line(process.stdout.splitlines(), "migrations")
    assert "credentials" not in process.stdout
    assert "Traceback" not in process.stderr


def test_every_finding_that_is_not_well_says_what_to_do() -> None:
    with faceid_sandbox(SECRET_KEY="wrong", REGION="ap-atlantis") as sandbox:
        sandbox.set_skew(-90)
        findings = list(doctor.examine())
    unwell = [finding for finding in findings if finding.level is not doctor.Level.OK]
    assert len(unwell) > 5
    assert all(finding.advice for finding in unwell)
