from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import override_settings
from pytest_django import Settings

from django_faceid import services
from django_faceid.models import (
    EventKind,
    KeptMedia,
    SessionEvent,
    VerificationSession,
)
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import errors, media
from tests.services.conftest import Flows
from tests.services.pictures.conftest import BEST_FRAME, HostStorage, files, passed

pytestmark = pytest.mark.django_db


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
