"""Every file in the storage is named by a row, whenever a process is killed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import FileSystemStorage
from pytest_django import Settings

from django_faceid import services
from django_faceid.models import EventKind, KeptMedia, StrayFile, VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import keeping, media, outbox, strays, vault
from django_faceid.testing import advance, play
from tests.services.conftest import Flows

pytestmark = pytest.mark.django_db

Owner = tuple[Any, str]
SAVE: Owner = (vault, "save")
ERASED = "Asked for it."


class Killed(BaseException):
    """What ends a process in the middle."""


class HostStorage(FileSystemStorage):
    """Files in a folder, in a storage that can be told to refuse and to choose names itself."""

    refuses = False
    renames = False

    def delete(self, name: str) -> None:
        if HostStorage.refuses:
            raise OSError("read-only")
        super().delete(name)

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return f"{name}-1" if HostStorage.renames else name


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    backend = {"BACKEND": f"{__name__}.HostStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "faceid": backend}
    monkeypatch.setattr(HostStorage, "refuses", False)
    monkeypatch.setattr(HostStorage, "renames", False)
    return tmp_path


@pytest.fixture
def passed(sandbox: SandboxState, flow: Flows) -> VerificationSession:
    """A session whose result and three pictures nobody has fetched yet."""
    flow(KEEP_MEDIA=["best_frame", "video", "action_video"])
    session = services.issue_token("ann").session
    play(session, "pass")
    return session


@pytest.fixture
def kept(passed: VerificationSession) -> VerificationSession:
    return services.fetch_result(passed)


@pytest.fixture
def staff() -> User:
    return User.objects.create_user("staff")


def stored(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def opened() -> set[str]:
    """The names of the files that a key opens."""
    return set(KeptMedia.objects.filter(erased_at=None).values_list("name", flat=True))


def stray() -> set[str]:
    return set(StrayFile.objects.values_list("name", flat=True))


def die(monkeypatch: pytest.MonkeyPatch, at: Owner, call: int, *, after: bool) -> None:
    """Let the process end right before or after a certain call of a function."""
    owner, name = at
    real, calls = getattr(owner, name), []

    def function(*args: Any, **options: Any) -> Any:
        calls.append(name)
        if len(calls) == call and not after:
            raise Killed
        result = real(*args, **options)
        if len(calls) == call:
            raise Killed
        return result

    monkeypatch.setattr(owner, name, function)


@pytest.mark.parametrize(
    ("at", "call", "after", "left"),
    [
        (SAVE, 1, False, 0),
        (SAVE, 1, True, 1),
        (SAVE, 3, True, 3),
        ((keeping, "record"), 1, True, 3),
    ],
    ids=["before a file", "after a file", "after the last", "before the commit"],
)
def test_a_process_killed_before_the_commit_leaves_no_file_for_good(
    passed: VerificationSession,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    at: Owner,
    call: int,
    after: bool,
    left: int,
) -> None:
    with monkeypatch.context() as killed, pytest.raises(Killed):
        die(killed, at, call, after=after)
        services.fetch_result(passed)
    assert len(stored(folder)) == left
    assert stored(folder) <= stray()
    assert not opened()

    advance(seconds=31)
    assert services.collect_results() == 1
    assert len(opened()) == 3
    advance(hours=1)
    services.recover_interrupted()
    assert stored(folder) == opened()
    assert not stray()


def test_a_process_killed_after_the_commit_has_left_nothing_stray(
    passed: VerificationSession, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed, pytest.raises(Killed):
        die(killed, (outbox, "announce"), 1, after=False)
        services.fetch_result(passed)
    assert not stray()
    advance(hours=2)
    services.recover_interrupted()
    assert stored(folder) == opened()
    assert len(opened()) == 3


def test_nothing_is_stray_once_a_result_is_stored(kept: VerificationSession) -> None:
    assert kept.media.count() == 3
    assert not stray()


def test_a_file_that_somebody_is_still_at_is_left_alone(
    passed: VerificationSession, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault, "save", slowly(vault.save, minutes=19))
    services.fetch_result(passed)
    assert passed.media.count() == 3
    assert stored(folder) == opened()


def slowly(save: Callable[[vault.Sealed], str], **span: float) -> Callable[[vault.Sealed], str]:
    """A storage that takes its time, while the background work goes on."""

    def saved(sealed: vault.Sealed) -> str:
        name = save(sealed)
        advance(**span)
        services.recover_interrupted()
        return name

    return saved


def test_a_file_that_was_given_up_meanwhile_is_nobodys_picture(
    passed: VerificationSession, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault, "save", slowly(vault.save, minutes=29))
    services.fetch_result(passed)
    assert set(passed.media.values_list("kind", flat=True)) == {"video", "action_video"}
    lost = passed.events.get(kind=EventKind.MEDIA_LOST)
    assert lost.reason == "best_frame storage"
    assert stored(folder) == opened()


def test_a_file_that_a_session_takes_at_the_last_moment_stays(
    passed: VerificationSession, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, taken = (strays.store(vault.seal(vault.Picture(b"a picture"))) for _each in range(2))
    advance(hours=1)
    remove = vault.remove

    def meanwhile(names: list[str]) -> bool:
        assert not strays.take(gone), "it is being deleted"
        assert strays.take(taken)
        return remove(names)

    monkeypatch.setattr(vault, "remove", meanwhile)
    assert strays.clear() == 1
    assert stored(folder) == {taken.name}
    assert not stray()


def test_a_process_killed_while_it_erases_leaves_no_file_for_good(
    kept: VerificationSession, folder: Path, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed, pytest.raises(Killed):
        die(killed, (vault, "remove"), 2, after=False)
        media.erase(kept, actor=staff, reason=ERASED)
    assert len(stored(folder)) == 2
    assert stored(folder) == stray()
    advance(hours=1)
    services.recover_interrupted()
    assert not stored(folder)
    assert not stray()


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_after_a_session_is_deleted_leaves_no_file_for_good(
    kept: VerificationSession, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed, pytest.raises(Killed):
        die(killed, (vault, "remove"), 1, after=False)
        kept.delete()
    assert not VerificationSession.objects.exists()
    assert len(stored(folder)) == 3
    advance(hours=1)
    services.recover_interrupted()
    assert not stored(folder)


def test_what_the_storage_refuses_to_delete_is_tried_again_each_hour(
    kept: VerificationSession,
    folder: Path,
    staff: User,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(HostStorage, "refuses", True)
    assert not media.erase(kept, actor=staff, reason=ERASED)
    advance(hours=1)
    caplog.clear()
    services.recover_interrupted()
    # A storage in trouble is asked for one file, not for all.
    loud = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(loud) == 1
    assert len(stored(folder)) == 3
    monkeypatch.setattr(HostStorage, "refuses", False)
    services.recover_interrupted()
    assert len(stored(folder)) == 1, "the refused one rests"
    advance(hours=1)
    services.recover_interrupted()
    assert not stored(folder)
    assert not stray()


@pytest.mark.django_db(transaction=True)
def test_a_session_can_be_deleted_whose_files_the_storage_still_refuses(
    kept: VerificationSession, folder: Path, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HostStorage, "refuses", True)
    media.erase(kept, actor=staff, reason=ERASED)
    kept.delete()
    assert stray() == stored(folder)
    assert len(stray()) == 3


def test_a_storage_may_choose_names_itself(
    passed: VerificationSession, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HostStorage, "renames", True)
    with monkeypatch.context() as killed, pytest.raises(Killed):
        die(killed, (keeping, "record"), 1, after=False)
        services.fetch_result(passed)
    assert stray() == stored(folder)
    advance(seconds=31)
    services.collect_results()
    advance(hours=1)
    services.recover_interrupted()
    assert stored(folder) == opened()
    assert len(opened()) == 3


def test_a_run_deletes_a_bounded_number_of_files(
    passed: VerificationSession, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _each in range(5):
        strays.store(vault.seal(vault.Picture(b"a picture")))
    advance(hours=1)
    monkeypatch.setattr(strays, "BATCH", 2)
    assert strays.clear() == 2
    assert strays.clear(seconds=-1) == 0
    assert len(stored(folder)) == len(stray()) == 3
