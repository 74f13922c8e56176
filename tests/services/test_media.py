from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Iterator
from typing import Any, cast

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage, storages
from django.db import connection, transaction
from django.test import override_settings
from pytest_django import Settings

from django_faceid import clock, services
from django_faceid.api import messages
from django_faceid.models import (
    EventKind,
    KeptMedia,
    MediaKind,
    NextAction,
    SessionEvent,
    Status,
    StrayFile,
    VerificationSession,
)
from django_faceid.sandbox import media as pictures
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import errors, keeping, media, vault
from django_faceid.services.durable import require_no_transaction
from django_faceid.tencent.client import FaceIdClient
from django_faceid.tencent.types import GetFaceIdResultIntlResponse
from django_faceid.testing import advance, play
from tests.services.conftest import Flows

pytestmark = pytest.mark.django_db

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


# Keeping


def test_what_a_flow_names_is_kept_and_nothing_else(sandbox: SandboxState, flow: Flows) -> None:
    session = services.fetch_result(passed(flow, keep=["video", "best_frame"]))
    assert session.status == Status.SUCCEEDED
    assert sorted(session.media.values_list("kind", flat=True)) == ["best_frame", "video"]
    assert told(session, EventKind.MEDIA_KEPT) == ["best_frame, video"]
    assert not told(session, EventKind.MEDIA_LOST)


def test_a_flow_that_says_nothing_keeps_nothing(sandbox: SandboxState, flow: Flows) -> None:
    session = services.fetch_result(passed(flow, keep=[]))
    assert session.status == Status.SUCCEEDED
    assert not files
    assert not KeptMedia.objects.exists()


def test_what_is_kept_is_what_tencent_sent(kept: VerificationSession) -> None:
    row = kept.media.get(kind="best_frame")
    assert (row.size, row.sha256) == (len(BEST_FRAME), hashlib.sha256(BEST_FRAME).hexdigest())
    assert media.read(row) == BEST_FRAME


def test_the_rule_in_force_when_the_session_began_decides(
    session: VerificationSession, flow: Flows
) -> None:
    flow(KEEP_MEDIA=[])
    assert services.fetch_result(session).media.count() == 3


def test_the_storage_sees_ciphertext_under_names_that_tell_nothing(
    kept: VerificationSession,
) -> None:
    assert len(files) == 3
    for name, content in files.items():
        assert BEST_FRAME[:16] not in base64.urlsafe_b64decode(content)
        assert b"ftyp" not in content
        for personal in ("ann", "best_frame", str(kept.public_id), kept.subject_key):
            assert personal not in name


def test_the_database_sees_no_key_in_the_clear(kept: VerificationSession) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM faceid_keptmedia".replace("key", _quoted("key")))
        stored = [row[0] for row in cursor.fetchall()]
    assert len(stored) == 3
    keys = list(kept.media.values_list("key", flat=True))
    assert all(text.startswith("fernet:") for text in stored)
    assert not set(keys) & set(stored)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def test_no_two_files_share_a_key(kept: VerificationSession) -> None:
    keys = set(kept.media.values_list("key", flat=True))
    assert len(keys) == 3
    assert all(Fernet(key) for key in keys)


@pytest.mark.parametrize(
    ("given", "why"),
    [("", "absent"), (None, "absent"), ("A", "broken"), ("A" * 40, "too_large")],
)
def test_what_tencent_does_not_send_properly_is_noted_and_no_error(
    session: VerificationSession,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    given: str | None,
    why: str,
) -> None:
    monkeypatch.setattr(keeping, "LARGEST", 20)
    answer = GetFaceIdResultIntlResponse(
        Result="0", Description="", RequestId="r", BestFrame=pictures.BEST_FRAME[:24], Video=given
    )
    monkeypatch.setattr(FaceIdClient, "get_result", lambda *_args, **_options: answer)
    services.fetch_result(session)
    assert session.status == Status.SUCCEEDED
    assert told(session, EventKind.MEDIA_KEPT) == ["best_frame"]
    assert told(session, EventKind.MEDIA_LOST) == [f"video {why}, action_video absent"]
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


@pytest.mark.usefixtures("broken")
def test_a_canceled_sessions_late_result_keeps_nothing_and_waits_for_no_storage(
    session: VerificationSession,
) -> None:
    services.cancel(session)
    services.fetch_result(session)
    assert session.result_code == "0"
    assert not files
    assert not KeptMedia.objects.exists()


def test_a_session_canceled_while_its_pictures_are_stored_keeps_nothing(
    session: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancel_meanwhile(sealed: vault.Sealed) -> str:
        services.cancel(VerificationSession.objects.get(pk=session.pk))
        return save(sealed)

    save = vault.save
    monkeypatch.setattr(vault, "save", cancel_meanwhile)
    services.fetch_result(session)
    assert (session.status, session.result_code) == (Status.CANCELED, "0")
    assert not files
    assert not KeptMedia.objects.exists()


def test_a_session_deleted_while_its_pictures_are_stored_leaves_no_file(
    session: VerificationSession, storage: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = keeping.upload

    def slowly(*args: Any) -> keeping.Haul:
        haul = upload(*args)
        VerificationSession.objects.all().delete()
        return haul

    monkeypatch.setattr(keeping, "upload", slowly)
    with pytest.raises(errors.SessionGone):
        services.fetch_result(session)
    assert storage == {}


def test_of_two_pulls_the_first_keeps_and_the_others_files_go(
    session: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another_pull_wins(sealed: vault.Sealed) -> str:
        monkeypatch.setattr(vault, "save", save)
        advance(seconds=3)
        services.fetch_result(VerificationSession.objects.get(pk=session.pk))
        return save(sealed)

    save = vault.save
    monkeypatch.setattr(vault, "save", another_pull_wins)
    services.fetch_result(session)
    assert session.status == Status.SUCCEEDED
    assert sorted(files) == sorted(session.media.values_list("name", flat=True))
    assert len(told(session, EventKind.MEDIA_KEPT)) == 1


def test_a_process_killed_after_its_upload_leaves_the_token_for_the_next_pull(
    session: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(keeping, "record", lambda *_args, **_options: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            services.fetch_result(session)
    session.refresh_from_db()
    assert session.status == Status.ISSUED
    assert session.sdk_token
    assert not KeptMedia.objects.exists()
    advance(seconds=31)
    assert services.collect_results() == 1
    session.refresh_from_db()
    assert session.status == Status.SUCCEEDED
    assert session.media.count() == 3


def test_the_attempt_is_on_record_before_the_storage_is_asked(
    session: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_at_the_record(sealed: vault.Sealed) -> str:
        outcomes.append(session.calls.latest("pk").outcome)
        return save(sealed)

    outcomes: list[str] = []
    save = vault.save
    monkeypatch.setattr(vault, "save", look_at_the_record)
    services.fetch_result(session)
    assert outcomes == ["ok"] * 3


# A storage that fails


@pytest.mark.usefixtures("broken")
def test_a_result_waits_for_its_pictures_and_the_log_is_loud(
    session: VerificationSession, caplog: pytest.LogCaptureFixture
) -> None:
    services.fetch_result(session)
    assert (session.status, session.result_error) == (Status.ISSUED, "StorageFailed")
    assert session.sdk_token
    assert session.next_pull_at is not None
    assert session.next_pull_at > clock.now()
    assert not services.is_verified("ann", "default")
    loud = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(loud) == 3
    assert f"session={session.public_id} kind=best_frame outcome=OSError" in loud[0]


@pytest.mark.usefixtures("broken")
def test_a_client_is_told_to_come_back_and_nothing_of_the_storage(
    session: VerificationSession,
) -> None:
    services.report(session, 0)
    services.fetch_result(session)
    assert session.next_action == NextAction.WAIT
    assert messages.reason(session) is None


def test_pictures_come_once_the_storage_is_back(
    session: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as outage:
        outage.setattr(HostStorage, "fails", ("save",))
        services.fetch_result(session)
    advance(minutes=2)
    assert services.collect_results() == 1
    session.refresh_from_db()
    assert (session.status, session.result_error) == (Status.SUCCEEDED, "")
    assert session.media.count() == len(files) == 3


def test_a_storage_that_takes_one_of_three_leaves_no_file_behind(
    session: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_once(sealed: vault.Sealed) -> str:
        monkeypatch.setattr(HostStorage, "fails", ("save",) if files else ())
        return save(sealed)

    save = vault.save
    monkeypatch.setattr(vault, "save", only_once)
    services.fetch_result(session)
    assert session.status == Status.ISSUED
    assert not files


@pytest.mark.usefixtures("broken")
def test_the_last_look_stores_the_result_without_its_pictures(
    session: VerificationSession,
) -> None:
    looks = 0
    while session.next_pull_at is not None:
        advance(seconds=(session.next_pull_at - clock.now()).total_seconds() + 3)
        services.expire_tokens()
        looks += services.collect_results()
        session.refresh_from_db()
    assert session.status == Status.SUCCEEDED
    assert session.result_error == ""
    assert told(session, EventKind.MEDIA_LOST) == [
        "best_frame storage, video storage, action_video storage"
    ]
    assert not session.media.exists()
    assert looks < 30


def test_a_host_without_such_a_storage_loses_no_result(
    session: VerificationSession, settings: Settings
) -> None:
    settings.STORAGES = {k: v for k, v in settings.STORAGES.items() if k != "faceid"}
    services.fetch_result(session)
    assert (session.status, session.result_error) == (Status.ISSUED, "StorageFailed")


# Looking


def test_a_look_is_on_record_before_the_bytes_are_handed_over(
    kept: VerificationSession, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert media.open_media(kept, "best_frame", actor=staff) == BEST_FRAME
    monkeypatch.setattr(HostStorage, "fails", ("open",))
    with pytest.raises(media.Unreadable):
        media.open_media(kept, "video", actor=staff)
    looks = kept.events.filter(kind=EventKind.MEDIA_VIEWED)
    assert list(looks.values_list("reason", "actor", "source")) == [
        ("best_frame", staff.pk, "host"),
        ("video", staff.pk, "host"),
    ]


def test_no_look_without_a_record(
    kept: VerificationSession, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SessionEvent.objects, "create", lambda **_columns: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        media.open_media(kept, "best_frame", actor=staff)


@pytest.mark.django_db(transaction=True)
def test_no_look_that_a_caller_could_roll_back(kept: VerificationSession, staff: User) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        media.open_media(kept, "best_frame", actor=staff)


def test_there_is_nothing_to_look_at_where_nothing_is_kept(
    sandbox: SandboxState, flow: Flows, staff: User
) -> None:
    session = services.fetch_result(passed(flow, keep=["video"]))
    assert media.open_media(session, "best_frame", actor=staff) is None
    assert media.open_media(session, "'; DROP TABLE", actor=staff) is None
    assert not session.events.filter(kind=EventKind.MEDIA_VIEWED)


def test_a_picture_opens_with_old_keys_too(
    kept: VerificationSession, settings: Settings, staff: User
) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new one"
    assert media.open_media(kept, "best_frame", actor=staff) == BEST_FRAME


def test_without_its_key_a_picture_is_unreadable_and_the_log_says_so(
    kept: VerificationSession, staff: User, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=[]),
        pytest.raises(media.Unreadable, match="key"),
    ):
        media.open_media(kept, "best_frame", actor=staff)
    assert "undecryptable" in caplog.text


def test_a_file_that_was_tampered_with_is_unreadable(
    kept: VerificationSession, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = kept.media.get(kind="video")
    other = kept.media.get(kind="best_frame")
    KeptMedia.objects.filter(pk=row.pk).update(name=other.name)
    with pytest.raises(media.Unreadable):
        media.open_media(kept, "video", actor=staff)


# Erasing


def test_erasing_takes_keys_and_files_and_says_why(kept: VerificationSession, staff: User) -> None:
    assert media.erase(kept, actor=staff, reason="asked for it") is True
    assert not files
    assert not kept.media.exclude(key="")
    assert not kept.media.filter(erased_at=None)
    event = kept.events.get(kind=EventKind.MEDIA_ERASED)
    assert (event.reason, event.actor) == ("asked for it", staff)
    assert event.note == "best_frame, video, action_video"
    assert media.open_media(kept, "best_frame", actor=staff) is None


def test_a_file_that_the_storage_keeps_opens_for_nobody(
    kept: VerificationSession,
    staff: User,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    row = kept.media.get(kind="video")
    monkeypatch.setattr(HostStorage, "fails", ("delete",))
    assert media.erase(kept, actor=staff, reason="asked for it") is False
    assert f"action=remove_media name={row.name}" in caplog.text
    row.refresh_from_db()
    with pytest.raises(media.Unreadable):
        media.read(row)


def test_nothing_is_erased_under_a_legal_hold(kept: VerificationSession, staff: User) -> None:
    VerificationSession.objects.filter(pk=kept.pk).update(legal_hold=True)
    with pytest.raises(errors.NotErasable, match="hold"):
        media.erase(kept, actor=staff, reason="asked for it")
    assert len(files) == 3
    assert kept.media.filter(erased_at=None).count() == 3


@pytest.mark.parametrize("reason", ["", "  ", "x" * 129])
def test_nothing_is_erased_without_a_reason(
    kept: VerificationSession, staff: User, reason: str
) -> None:
    with pytest.raises(errors.Invalid):
        media.erase(kept, actor=staff, reason=reason)
    assert len(files) == 3


def test_nothing_is_erased_twice(kept: VerificationSession, staff: User) -> None:
    media.erase(kept, actor=staff, reason="asked for it")
    with pytest.raises(errors.NotErasable):
        media.erase(kept, actor=staff, reason="again")


@pytest.mark.django_db(transaction=True)
def test_a_session_that_a_host_deletes_takes_its_files_along(kept: VerificationSession) -> None:
    VerificationSession.objects.filter(pk=kept.pk).delete()
    assert not files


@pytest.mark.django_db(transaction=True)
def test_a_deletion_that_is_rolled_back_takes_no_file(kept: VerificationSession) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        kept.delete()
        _ = 1 / 0
    assert len(files) == 3
    VerificationSession.objects.get().delete()
    assert not files


# Secrets


def test_no_picture_and_no_key_is_in_a_log_or_a_repr(
    session: VerificationSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    HostStorage.fails = ("save",)
    services.fetch_result(session)
    HostStorage.fails = ()
    advance(minutes=2)
    services.collect_results()
    row = session.media.get(kind="best_frame")
    sealed = vault.seal(vault.Picture(BEST_FRAME))
    upload = keeping.Upload(MediaKind.VIDEO, StrayFile(name="name"), row.key, 1, "digest")
    shown = f"{caplog.text} {row!r} {sealed!r} {upload!r} {keeping.Haul((upload,), {})!r}"
    shown += repr(media.read(row))
    for secret in (pictures.BEST_FRAME[:24], row.key, sealed.key, str(BEST_FRAME)[:24]):
        assert secret not in shown


def test_any_django_storage_will_do(
    session: VerificationSession, settings: Settings, tmp_path: Any, staff: User
) -> None:
    backend = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": tmp_path},
    }
    settings.STORAGES = {**settings.STORAGES, "faceid": backend}
    storage: Storage = storages["faceid"]
    assert isinstance(storage, FileSystemStorage)
    services.fetch_result(session)
    assert media.open_media(session, "best_frame", actor=staff) == BEST_FRAME
    media.erase(session, actor=staff, reason="asked for it")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
