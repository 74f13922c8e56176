from __future__ import annotations

import time

from django_faceid.models import ApiCall
from django_faceid.services.evidence import Attempt


def test_a_slow_commit_is_part_of_the_wait_for_the_slot() -> None:
    attempt = Attempt(ApiCall(), wait=0.3)
    time.sleep(0.2)  # a slow commit
    began = time.monotonic()
    attempt.leave()
    assert 0.05 < time.monotonic() - began < 0.15


def test_a_slot_that_has_passed_by_then_is_taken_at_once() -> None:
    attempt = Attempt(ApiCall(), wait=0.0)
    began = time.monotonic()
    attempt.leave()
    assert time.monotonic() - began < 0.05
