"""A host project with a sandbox behind it, and a frontend in front."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import connection
from django.test import override_settings

from django_faceid.sandbox.state import SandboxState
from django_faceid.services import calls
from django_faceid.testing import faceid_sandbox

from .caller import Caller

# It runs hosts of its own, on SQLite whatever the database of these tests is.
collect_ignore = [] if connection.vendor == "sqlite" else ["test_host_settings.py"]

JPEG = base64.b64encode(b"\xff\xd8\xff\xe0 a picture \xff\xd9").decode()


def picture_on_file(who: Any) -> bytes | None:
    """The IMAGE hook of the tests' flows: nobody but ``nina`` has a picture."""
    return b"\xff\xd8\xff on file" if getattr(who, "username", "") == "nina" else None


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[SandboxState]:
    """A sandbox without a quota, since these tests are about answers and not about pace."""
    monkeypatch.setattr(calls, "BACKOFF", 0.0)
    with faceid_sandbox(RATE=1000) as state:
        monkeypatch.setattr(state, "admit", lambda _action: None)
        yield state


@pytest.fixture
def user(db: None) -> User:
    return get_user_model().objects.create_user("nina")


@pytest.fixture
def caller(user: User) -> Caller:
    return Caller(user)


@pytest.fixture
def stranger(db: None) -> Caller:
    return Caller(get_user_model().objects.create_user("somebody else"))


class Flows:
    """Replaces the host's flows and other settings for the rest of a test."""

    def __init__(self, state: SandboxState, stack: ExitStack) -> None:
        self.state = state
        self._stack = stack

    def __call__(self, default: dict[str, Any] | None = None, **others: dict[str, Any]) -> None:
        """``flows({"PARAMS": {...}}, other={...})``."""
        named = {} if default is None else {"default": default}
        self.settings(FLOWS={**named, **others})

    def settings(self, **options: Any) -> None:
        """Keys of ``FACEID``."""
        self._stack.enter_context(override_settings(FACEID={**settings.FACEID, **options}))


@pytest.fixture
def flows(state: SandboxState) -> Iterator[Flows]:
    with ExitStack() as stack:
        yield Flows(state, stack)
