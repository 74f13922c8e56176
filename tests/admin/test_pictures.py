"""Opening a picture: an act, on record, by those who may."""

from __future__ import annotations

import base64
import logging

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.files.storage import storages
from django.db import connections
from django.test import Client, override_settings

from django_faceid import services
from django_faceid.admin.pictures import content_type
from django_faceid.models import SessionEvent, Status, VerificationSession
from django_faceid.sandbox import media as pictures
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import vault
from django_faceid.testing import advance, make_session, play
from tests.admin.conftest import ERASE, LOOK, REVIEW, VIEW, StaffClient, page
from tests.admin.pictures import looks, picture

pytestmark = pytest.mark.usefixtures("kept_kinds")

BEST_FRAME = base64.b64decode(pictures.BEST_FRAME)
VIDEO = base64.b64decode(pictures.VIDEO)


def test_a_look_is_an_act_that_is_on_record_before_a_byte_leaves(
    staff: StaffClient, kept: VerificationSession
) -> None:
    browser = staff(*LOOK)
    response = browser.post(picture(kept))
    assert response.status_code == 200
    assert f'<img src="{picture(kept)}"' in response.content.decode()
    assert looks() == [("best_frame", LogEntry.objects.get().user_id)]
    answer = browser.get(picture(kept))
    assert (answer.status_code, answer.content) == (200, BEST_FRAME)
    assert len(looks()) == 1


def test_no_record_no_bytes(
    staff: StaffClient, kept: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = staff(*LOOK)
    browser.raise_request_exception = False
    monkeypatch.setattr(SessionEvent.objects, "create", lambda **_columns: 1 / 0)
    assert browser.post(picture(kept)).status_code == 500
    assert browser.get(picture(kept)).status_code == 302


def test_a_link_a_prefetch_and_a_copied_address_open_nothing(
    staff: StaffClient, kept: VerificationSession
) -> None:
    looked, other = staff(*LOOK), staff(*LOOK)
    for browser in (looked, other):
        response = browser.get(picture(kept))
        assert (response.status_code, response["Location"]) == (302, page(kept))
    looked.post(picture(kept))
    assert looked.get(picture(kept)).status_code == 200
    assert looked.get(picture(kept, "video")).status_code == 302
    assert other.get(picture(kept)).status_code == 302
    assert len(looks()) == 1


def test_a_look_at_one_session_opens_no_other(
    staff: StaffClient, kept: VerificationSession, sandbox: SandboxState
) -> None:
    session = services.issue_token("ann").session
    play(session, "pass")
    services.fetch_result(session)
    browser = staff(*LOOK)
    browser.post(picture(kept))
    assert browser.get(picture(session)).status_code == 302


def test_a_look_is_over_after_five_minutes(staff: StaffClient, kept: VerificationSession) -> None:
    browser = staff(*LOOK)
    browser.post(picture(kept))
    advance(minutes=6)
    assert browser.get(picture(kept)).status_code == 302


def test_a_forged_request_opens_nothing(kept: VerificationSession) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.create_superuser("root"))
    assert browser.post(picture(kept)).status_code == 403
    assert not looks()


def test_an_answer_with_a_picture_is_kept_by_nobody_and_runs_nothing(
    staff: StaffClient, kept: VerificationSession
) -> None:
    browser = staff(*LOOK)
    for kind, shown_as in (("best_frame", "image/jpeg"), ("video", "video/mp4")):
        view = browser.post(picture(kept, kind))
        answer = browser.get(picture(kept, kind))
        for response in (view, answer):
            assert "no-store" in response["Cache-Control"]
            assert "private" in response["Cache-Control"]
        assert answer["Content-Type"] == shown_as
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer["Content-Disposition"] == "inline"


def test_a_video_has_a_player(staff: StaffClient, kept: VerificationSession) -> None:
    html = staff(*LOOK).post(picture(kept, "video")).content.decode()
    assert f'<video src="{picture(kept, "video")}" controls' in html


@pytest.mark.parametrize(
    ("content", "shown_as"),
    [
        (BEST_FRAME, "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 9, "image/png"),
        (VIDEO, "video/mp4"),
        (b"\x1aE\xdf\xa3" + b"0" * 9, "video/webm"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "octet"),
        (b"<!doctype html><script>alert(1)</script>", "octet"),
        (b"", "octet"),
    ],
)
def test_only_first_bytes_say_what_a_browser_may_show(content: bytes, shown_as: str) -> None:
    expected = "application/octet-stream" if shown_as == "octet" else shown_as
    assert content_type(content) == expected


def test_what_is_no_picture_is_a_file_to_save(
    staff: StaffClient, kept: VerificationSession
) -> None:
    row = kept.media.get(kind="best_frame")
    sealed = vault.seal(vault.Picture(b"<script>alert(1)</script>"))
    row.name, row.key = vault.save(sealed), sealed.key
    row.save()
    browser = staff(*LOOK)
    assert "Save it as a file" in browser.post(picture(kept)).content.decode()
    answer = browser.get(picture(kept))
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == "attachment"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-1", 0, 1),
        ("bytes=10-", 10, None),
        ("bytes=-5", -5, None),
        ("bytes=-999999999", 0, None),
        ("bytes=5-999999999", 5, None),
    ],
)
def test_a_player_gets_the_part_that_it_asks_for(
    staff: StaffClient, kept: VerificationSession, asked: str, first: int, last: int | None
) -> None:
    browser = staff(*LOOK)
    browser.post(picture(kept, "video"))
    answer = browser.get(picture(kept, "video"), headers={"Range": asked})
    part = VIDEO[first:] if last is None else VIDEO[first : last + 1]
    begin = len(VIDEO) + first if first < 0 else first
    assert (answer.status_code, answer.content) == (206, part)
    end = begin + len(part) - 1
    assert answer["Content-Range"] == f"bytes {begin}-{end}/{len(VIDEO)}"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("bytes=999999-", 416),
        ("bytes=-0", 416),
        ("bytes=9-3", 416),
        ("bytes=-", 200),
        ("bytes=0-1,4-5", 200),
        ("lines=1-2", 200),
        ("bytes=" + "9" * 400 + "-", 200),
        ("nonsense", 200),
    ],
)
def test_a_part_that_is_not_there_or_makes_no_sense(
    staff: StaffClient, kept: VerificationSession, asked: str, status: int
) -> None:
    browser = staff(*LOOK)
    browser.post(picture(kept, "video"))
    answer = browser.get(picture(kept, "video"), headers={"Range": asked})
    assert (answer.status_code, answer.content) == (status, VIDEO if status == 200 else b"")


@pytest.mark.parametrize("rights", [VIEW, REVIEW, ERASE, ("view_personal_data",)])
def test_without_the_right_nobody_looks(
    staff: StaffClient, kept: VerificationSession, rights: tuple[str, ...]
) -> None:
    browser = staff(*rights)
    assert browser.get(picture(kept)).status_code == 403
    assert browser.post(picture(kept)).status_code == 403
    assert not looks()


@pytest.mark.parametrize("kind", ["nothing", "best_frame%00", "Best_Frame", "key"])
def test_an_unknown_kind_is_not_found(
    staff: StaffClient, kept: VerificationSession, kind: str
) -> None:
    assert staff(*LOOK).post(picture(kept, kind)).status_code == 404


def test_a_session_that_keeps_nothing_has_nothing_to_open(
    staff: StaffClient, customer: User
) -> None:
    session = make_session(customer, status=Status.FAILED)
    response = staff(*LOOK).post(picture(session))
    assert (response.status_code, response["Location"]) == (302, page(session))
    assert not looks()


def test_a_storage_that_fails_is_told_and_no_look(
    staff: StaffClient, kept: VerificationSession
) -> None:
    browser = staff(*LOOK)
    browser.post(picture(kept))
    for row in kept.media.all():
        storages["faceid"].delete(row.name)
    assert browser.get(picture(kept)).status_code == 503
    response = browser.post(picture(kept), follow=True)
    assert "It cannot be read" in response.content.decode()
    assert len(looks()) == 1


def test_looking_works_with_atomic_requests(
    staff: StaffClient, kept: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = staff(*LOOK)
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)
    assert browser.post(picture(kept)).status_code == 200
    assert browser.get(picture(kept)).status_code == 200


def test_no_picture_is_in_a_log_or_on_an_error_page(
    staff: StaffClient,
    kept: VerificationSession,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = staff(*LOOK)
    browser.raise_request_exception = False
    browser.post(picture(kept))
    monkeypatch.setattr("django_faceid.admin.pictures.content_type", lambda _content: 1 / 0)
    with override_settings(DEBUG=True):
        response = browser.get(picture(kept))
    assert response.status_code == 500
    page_text = response.content.decode()
    assert "ZeroDivisionError" in page_text
    key = kept.media.get(kind="best_frame").key
    for secret in (str(BEST_FRAME)[2:24], pictures.BEST_FRAME[:24], key):
        assert secret not in page_text
        assert secret not in caplog.text
