from __future__ import annotations

import base64
import hashlib
import logging
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.db import connection
from pytest_django import Settings

from django_faceid import services
from django_faceid.models import (
    EventKind,
    KeptMedia,
    MediaKind,
    Status,
    StrayFile,
    VerificationSession,
)
from django_faceid.sandbox import media as pictures
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import errors, keeping, media, vault
from django_faceid.tencent.client import FaceIdClient
from django_faceid.tencent.types import GetFaceIdResultIntlResponse
from django_faceid.testing import advance
from tests.services.conftest import Flows
from tests.services.pictures.conftest import BEST_FRAME, HostStorage, files, passed, told

pytestmark = pytest.mark.django_db


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
