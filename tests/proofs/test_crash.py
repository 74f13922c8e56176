"""Kills of a real process; ``python -m tests.benchmarks crash`` does hundreds."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_dozen_kills_lose_double_and_block_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "crash", "--kills=12", "--database=sqlite"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    minted = re.search(r"tokens minted +(\d+)", done.stdout)
    assert minted is not None
    assert int(minted[1]) > 12


def test_a_picture_whose_process_is_killed_before_its_key_is_stored_is_deleted_in_an_hour(
    tmp_path: Path,
) -> None:
    status, [found] = tale("die", tmp_path)
    assert status == -signal.SIGKILL
    [file] = found[0]
    left_behind, within_the_hour, after_it = tale("clear", tmp_path)[1]
    assert left_behind == within_the_hour == [[file], [], [file]]
    assert after_it == [[], [], []]


def tale(act: str, folder: Path) -> tuple[int, list[Any]]:
    """How a process ended, and what it told on its way."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.proofs.killed_upload", act, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert told, done.stderr
    return done.returncode, told
