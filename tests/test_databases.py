"""The models and services once more, on the databases that hosts run in production."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.machine import url

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ["tests/models", "tests/services", "tests/api", "tests/admin"]
# SQLite lets one writer in at a time: what rivals do to each other shows elsewhere.
PROOFS = [
    f"tests/proofs/test_{name}.py" for name in ("races", "review_races", "overtaken", "machine")
]


def run_on(database: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *FOLDERS, *PROOFS],
        cwd=ROOT,
        # A few examples: the long search for an order of acts needs no particular database.
        env={**os.environ, "DATABASE_URL": database, "FACEID_PROOF_EXAMPLES": "5"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert re.search(r"\d{3,} passed", done.stdout)
    assert "skipped" not in done.stdout


@pytest.mark.slow
@pytest.mark.postgres
def test_everything_behaves_the_same_on_postgresql() -> None:
    run_on(url("FACEID_TEST_POSTGRES_URL"))


@pytest.mark.slow
@pytest.mark.mariadb
def test_everything_behaves_the_same_on_mariadb() -> None:
    run_on(url("FACEID_TEST_MARIADB_URL"))
