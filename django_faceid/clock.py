"""The app's one clock, so that tests and demonstrations can move it.

Pacing alone does not read it: twenty requests per second are counted on the database's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone


def _no_offset() -> timedelta:
    return timedelta(0)


offset: Callable[[], timedelta] = _no_offset
"""How far the app's time runs ahead of the machine's; replace it to move the clock."""


def now() -> datetime:
    """The current time, aware, as every rule of the app sees it."""
    return timezone.now() + offset()
