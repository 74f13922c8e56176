"""The example project: its settings, its people, its clock, and its smoke test."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
import pytest
from cryptography.fernet import Fernet
from django.http import HttpRequest, HttpResponse
from django.test import override_settings

from example_project import smoke
from example_project.demo.clock_file import ClockFile
from example_project.demo.middleware import content_security_policy
from example_project.demo.pictures import on_file
from example_project.demo.secret_key import kept_secret_key
from example_project.ports import HOST, free_port

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "example_project" / "demo"
TENCENT = {"TENCENTCLOUD_SECRET_ID": "AKIDexample", "TENCENTCLOUD_SECRET_KEY": "example"}
OURS = ("DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_", "TENCENTCLOUD_", "FACEID_")


def run(run_dir: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run Python as the demo's processes run, with this environment and nothing of our own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    env = {"FACEID_DEMO_RUN_DIR": str(run_dir), **env}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**kept, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def manage(run_dir: Path, *arguments: str, **env: str) -> str:
    done = run(run_dir, "example_project/manage.py", *arguments, **env)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def shell(run_dir: Path, code: str, **env: str) -> Any:
    """What the code prints as JSON."""
    done = run(
        run_dir,
        "-c",
        f"import os, json, django\n"
        f"os.environ['DJANGO_SETTINGS_MODULE'] = 'example_project.settings'\n"
        f"django.setup()\n{code}",
        **env,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory whose database has its tables and nothing else."""
    folder = tmp_path_factory.mktemp("tables")
    manage(folder, "migrate", "--verbosity=0")
    return folder


@pytest.fixture
def migrated(tables: Path, tmp_path: Path) -> Path:
    """The same, for one test to fill."""
    return shutil.copytree(tables, tmp_path / "run")


def test_a_deployment_against_tencent_has_nothing_that_the_app_warns_of(tmp_path: Path) -> None:
    keys = {"FACEID_ENCRYPTION_KEYS": Fernet.generate_key().decode(), "FACEID_HASH_KEY": "k" * 40}
    said = manage(tmp_path, "check", "--deploy", **TENCENT, **keys)
    assert "faceid." not in said
    assert "faceid.W002" in manage(tmp_path, "check", "--deploy", **keys)


def test_nothing_is_wrong_with_the_demo_as_it_comes(tmp_path: Path) -> None:
    assert "no issues" in manage(tmp_path, "check")


def test_setting_up_again_changes_nothing(migrated: Path) -> None:
    first, second = (manage(migrated, "demo_setup") for _ in range(2))
    staff = "staff / staff, auditor / auditor, reviewer / reviewer"
    assert first == second == f"Person    demo / demo\nStaff     {staff}\n"
    people = shell(
        migrated,
        "from django.contrib.auth import authenticate\n"
        "names = ('demo', 'staff', 'auditor', 'reviewer')\n"
        "found = [authenticate(username=n, password=n) for n in names]\n"
        "print(json.dumps([[p.is_staff, p.is_superuser, sorted(p.get_all_permissions())]"
        " for p in found]))",
    )
    assert people[0] == [False, False, []]
    staff, auditor, reviewer = people[1:]
    assert all(person[:2] == [True, False] for person in people[1:])
    assert "faceid.review_verificationsession" in reviewer[2]
    assert "faceid.review_verificationsession" not in auditor[2]
    assert set(staff[2]) == {*auditor[2], *reviewer[2], "faceid.erase_verificationsession"}


def test_an_empty_desk_is_given_a_past_once(migrated: Path) -> None:
    made_up = ("demo_history", "--sessions", "150")
    assert "150 sessions were made up" in manage(migrated, *made_up, **TENCENT)
    assert "nothing is made up" in manage(migrated, *made_up, **TENCENT)
    told = shell(
        migrated,
        "from django_faceid.models import ApiCall, SessionEvent, VerificationSession as S\n"
        "moments = list(S.objects.order_by('id').values_list('created_at', flat=True))\n"
        "owed = S.objects.filter(next_pull_at__isnull=False).exists()\n"
        "print(json.dumps([moments == sorted(moments), owed, S.objects.filter(live_key=None)"
        ".count(), ApiCall.objects.count() > 150, SessionEvent.objects.count() > 300]))",
    )
    assert told == [True, False, 150, True, True]


def test_the_environment_picks_database_broker_and_hosts(tmp_path: Path) -> None:
    code = (
        "from django.conf import settings as s\n"
        "print(json.dumps([s.DATABASES['default']['ENGINE'], s.CELERY_BROKER_URL,"
        " s.ALLOWED_HOSTS, s.DEBUG, s.FACEID['ALLOW_TEST_ENDPOINT']]))"
    )
    alone = shell(tmp_path, code)
    assert alone[0].endswith("sqlite3")
    assert alone[1:] == ["files://", ["127.0.0.1", "localhost", "[::1]"], False, True]
    told = shell(
        tmp_path,
        code,
        DATABASE_URL="postgres://user@database/name",
        CELERY_BROKER_URL="redis://broker/0",
        DJANGO_ALLOWED_HOSTS="demo.example",
        DJANGO_DEBUG="1",
        **TENCENT,
    )
    assert told[0].endswith("postgresql")
    assert told[1:] == ["redis://broker/0", ["demo.example"], True, False]


def test_a_phone_and_a_clock_to_play_with_exist_with_a_sandbox_only(tmp_path: Path) -> None:
    code = (
        "from django.urls import get_resolver\n"
        "from django_faceid import clock\n"
        "names = sorted(n for n in get_resolver('example_project.demo.urls').reverse_dict"
        " if isinstance(n, str))\n"
        "print(json.dumps([names, clock.offset().total_seconds()]))"
    )
    (tmp_path / "clock").write_text("600.0")
    assert shell(tmp_path, code) == [
        ["clock", "page", "phone", "sign-in", "wire", "withdraw"],
        600.0,
    ]
    assert shell(tmp_path, code, **TENCENT) == [["page", "wire", "withdraw"], 0.0]


def test_with_tencent_itself_the_page_hands_the_token_over_to_a_real_phone(migrated: Path) -> None:
    manage(migrated, "demo_setup")
    code = (
        "from django.test import Client\n"
        "visitor = Client(headers={'host': 'localhost'})\n"
        "visitor.login(username='demo', password='demo')\n"
        "print(json.dumps(visitor.get('/').content.decode()))"
    )
    assert "startHuiYanAuth" in shell(migrated, code, **TENCENT)
    assert "Let ten minutes pass" in shell(migrated, code)
    assert "Let ten minutes pass" not in shell(migrated, code, **TENCENT)


def test_time_that_passes_at_once_in_many_processes_adds_up(tmp_path: Path) -> None:
    clock = ClockFile(tmp_path / "clock")
    assert clock.offset() == timedelta(0)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(clock.advance, [timedelta(minutes=1)] * 40))
    assert ClockFile(tmp_path / "clock").offset() == timedelta(minutes=40)


def test_the_secret_key_is_made_once_and_nobody_elses_to_read(tmp_path: Path) -> None:
    path = tmp_path / "secret-key"
    key = kept_secret_key(path)
    assert len(key) >= 50
    assert kept_secret_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@override_settings(SECURE_CSP={"default-src": ["'self'"], "object-src": ["'none'"]})
def test_before_django_6_the_demo_sends_the_policy_itself() -> None:
    answer = content_security_policy(lambda _request: HttpResponse())(HttpRequest())
    assert answer.headers["Content-Security-Policy"] == "default-src 'self'; object-src 'none'"


def test_from_django_6_on_django_sends_the_policy(tmp_path: Path) -> None:
    found = shell(
        tmp_path,
        "from django.conf import settings as s\n"
        "print(json.dumps([m for m in s.MIDDLEWARE if 'csp' in m or 'content_security' in m]))",
    )
    own = "example_project.demo.middleware.content_security_policy"
    djangos = "django.middleware.csp.ContentSecurityPolicyMiddleware"
    assert found == [djangos if django.VERSION >= (6, 0) else own]


def test_no_template_has_a_script_or_a_style_of_its_own() -> None:
    templates = list(DEMO.glob("templates/**/*.html"))
    assert templates
    for template in templates:
        inline = re.findall(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", template.read_text())
        assert not inline, template


def test_the_picture_on_file_is_a_small_jpeg() -> None:
    picture = on_file("anybody")
    assert picture.startswith(b"\xff\xd8\xff")
    assert len(picture) < 10_000


def test_the_smoke_test_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert smoke.main("http://127.0.0.1:1", {}) == 1
    assert "Unset TENCENTCLOUD_SECRET_ID" in capsys.readouterr().out


def test_the_smoke_test_stops_at_the_first_failure_and_says_where_to_look(
    capsys: pytest.CaptureFixture[str],
) -> None:
    nobody = f"http://{HOST}:{free_port()}"
    environ = {"FACEID_SANDBOX_URL": nobody, "FACEID_DEMO_RUN_DIR": "the-run-dir"}
    assert smoke.main(nobody, environ) == 1
    report = capsys.readouterr().out
    assert report.count("FAILED") == 1
    assert "do all of the demo's processes run?" in report
    assert "the-run-dir/logs" in report


@pytest.mark.slow
@pytest.mark.worker
def test_the_whole_demo_passes_its_smoke_test(tmp_path: Path) -> None:
    done = run(tmp_path, "example_project", "--smoke")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "issued → expired by the worker" in done.stdout
