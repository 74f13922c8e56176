"""A few kills of a real process; ``python -m tests.benchmarks crash`` does hundreds."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

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
