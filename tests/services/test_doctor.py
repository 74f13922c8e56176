"""The doctor keeps a file where a flow keeps pictures."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.storage import InMemoryStorage, storages
from pytest_django import Settings

from django_faceid.sandbox.state import SandboxState
from django_faceid.services import doctor
from tests.services.conftest import Flows

pytestmark = pytest.mark.django_db


class Failing(InMemoryStorage):
    """A storage that refuses one act."""

    def __init__(self, act: str) -> None:
        super().__init__()
        setattr(self, act, self._refuse)

    def _refuse(self, *_args: Any, **_options: Any) -> None:
        raise OSError("secret bucket name")


def findings() -> list[doctor.Finding]:
    return [each for each in doctor.examine() if each.name == "storage faceid"]


def failing(settings: Settings, act: str) -> doctor.Finding:
    backend = {"BACKEND": f"{__name__}.Failing", "OPTIONS": {"act": act}}
    settings.STORAGES = {**settings.STORAGES, "faceid": backend}
    [found] = findings()
    assert "secret" not in f"{found}"
    return found


def test_a_storage_is_tried_only_where_pictures_are_kept(sandbox: SandboxState) -> None:
    assert findings() == []


def test_a_storage_that_works_keeps_nothing_of_the_test(sandbox: SandboxState, flow: Flows) -> None:
    flow(KEEP_MEDIA=["best_frame"])
    before = storages["faceid"].listdir("")
    [found] = findings()
    assert found.level is doctor.Level.OK
    folders, files = storages["faceid"].listdir("")
    assert files == before[1]
    assert all(
        not storages["faceid"].listdir(folder)[1] for folder in set(folders) - set(before[0])
    )


@pytest.mark.parametrize("act", ["save", "open"])
def test_a_storage_that_takes_or_gives_nothing_fails(
    sandbox: SandboxState, flow: Flows, settings: Settings, act: str
) -> None:
    flow(KEEP_MEDIA=["best_frame"])
    assert failing(settings, act).level is doctor.Level.FAIL


def test_a_storage_that_deletes_nothing_is_a_warning(
    sandbox: SandboxState, flow: Flows, settings: Settings
) -> None:
    flow(KEEP_MEDIA=["best_frame"])
    assert failing(settings, "delete").level is doctor.Level.WARN
