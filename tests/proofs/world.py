"""A sandbox with room for everyone, and an ear on every signal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

from django.conf import settings
from django.dispatch import Signal
from django.test import override_settings

from django_faceid import signals, testing
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import calls, limits
from django_faceid.testing import faceid_sandbox

SIGNALS: dict[str, Signal] = {
    name: found for name in dir(signals) if isinstance(found := getattr(signals, name), Signal)
}
PEOPLE = ("ann", "bob")
REVIEWED_FLOW = "withdraw"
VALID_FOR = timedelta(days=2)
FLOWS = {
    "default": {"MAX_ISSUES": {}},
    REVIEWED_FLOW: {
        "MAX_ISSUES": {},
        "ALLOW_AGAIN": True,
        "REVIEW": "on_failure",
        "VALID_FOR": VALID_FOR,
    },
}

Hear = Callable[[str, int], None]


@contextmanager
def roomy_sandbox() -> Iterator[SandboxState]:
    """``faceid_sandbox`` where no quota, limit or pause slows anyone."""
    roomy = {**settings.FACEID, "FLOWS": FLOWS, "GUARD": 0.0, "MAX_IN_FLIGHT": 1000}
    with ExitStack() as stack:
        stack.enter_context(override_settings(FACEID=roomy))
        stack.enter_context(
            mock.patch.object(testing, "SandboxState", partial(SandboxState, rate=1_000_000))
        )
        stack.enter_context(mock.patch.object(calls, "BACKOFF", 0.0))
        stack.enter_context(mock.patch.object(limits, "MOST_FAILURES", 1_000_000))
        yield stack.enter_context(faceid_sandbox(RATE=1000))


@contextmanager
def listening(hear: Hear) -> Iterator[None]:
    """Call ``hear`` with the name and the ``event_id`` of every signal that the app sends."""

    def receiver(name: str) -> Callable[..., None]:
        def receive(event_id: int, **_kwargs: Any) -> None:
            hear(name, event_id)

        return receive

    for name, signal in SIGNALS.items():
        signal.connect(receiver(name), weak=False, dispatch_uid="proofs")
    try:
        yield
    finally:
        for signal in SIGNALS.values():
            signal.disconnect(dispatch_uid="proofs")
