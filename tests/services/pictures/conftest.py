from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, cast

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import InMemoryStorage
from pytest_django import Settings

from django_faceid import services
from django_faceid.models import (
    EventKind,
    MediaKind,
    VerificationSession,
)
from django_faceid.sandbox import media as pictures
from django_faceid.sandbox.state import SandboxState
from django_faceid.services.durable import require_no_transaction
from django_faceid.testing import play
from tests.services.conftest import Flows

ALL = list(MediaKind.values)
BEST_FRAME = base64.b64decode(pictures.BEST_FRAME)


class HostStorage(InMemoryStorage):
    """A storage that notes who asks, and fails when it is told to."""

    fails: tuple[str, ...] = ()
    files: dict[str, bytes]

    def _save(self, name: str, content: Any) -> str:
        require_no_transaction()
        self._maybe_fail("save")
        files[name] = content.read()
        content.seek(0)
        return cast(str, super()._save(name, content))  # type: ignore[misc]

    def delete(self, name: str) -> None:
        self._maybe_fail("delete")
        files.pop(name, None)
        super().delete(name)

    def _open(self, name: str, mode: str = "rb") -> Any:
        self._maybe_fail("open")
        return super()._open(name, mode)  # type: ignore[misc]

    def _maybe_fail(self, act: str) -> None:
        if act in HostStorage.fails:
            raise OSError(f"no space for {pictures.BEST_FRAME}")


files: dict[str, bytes] = {}


@pytest.fixture(autouse=True)
def storage(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """What lies in the storage, by name."""
    path = f"{__name__}.HostStorage"
    settings.STORAGES = {**settings.STORAGES, "faceid": {"BACKEND": path}}
    monkeypatch.setattr(HostStorage, "fails", ())
    files.clear()
    yield files


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HostStorage, "fails", ("save",))


@pytest.fixture
def session(sandbox: SandboxState, flow: Flows) -> VerificationSession:
    """A process that passed and whose result nobody has fetched yet."""
    return passed(flow)


@pytest.fixture
def kept(session: VerificationSession) -> VerificationSession:
    return services.fetch_result(session)


@pytest.fixture
def staff() -> User:
    return User.objects.create_user("staff")


def passed(flow: Flows, keep: list[str] = ALL) -> VerificationSession:
    flow(KEEP_MEDIA=keep)
    session = services.issue_token("ann").session
    play(session, "pass")
    return session


def told(session: VerificationSession, kind: EventKind) -> list[str]:
    return list(session.events.filter(kind=kind).values_list("reason", flat=True))
