from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from django_faceid.models import ApiCall
from django_faceid.services import evidence
from django_faceid.services.evidence import Attempt


def slept(attempt: Attempt, after: float, monkeypatch: pytest.MonkeyPatch) -> float:
    """How long an attempt sleeps that is let go so many seconds after its reservation."""
    sleeps: list[float] = []
    shown = SimpleNamespace(monotonic=lambda: attempt.reserved + after, sleep=sleeps.append)
    monkeypatch.setattr(evidence, "time", shown)
    attempt.leave()
    [seconds] = sleeps
    return seconds


def test_a_slow_commit_is_part_of_the_wait_for_the_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = Attempt(ApiCall(), wait=0.3, reserved=time.monotonic())
    assert slept(attempt, 0.2, monkeypatch) == pytest.approx(0.1)


def test_a_slot_that_has_passed_by_then_is_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert slept(Attempt(ApiCall(), wait=0.0, reserved=time.monotonic()), 0.0, monkeypatch) == 0
    assert slept(Attempt(ApiCall(), wait=0.1, reserved=time.monotonic()), 0.2, monkeypatch) == 0
