"""Erasing the pictures of a session, with a reason and for good."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from django_faceid.models import EventKind, VerificationSession
from django_faceid.services import media, vault
from tests.admin.conftest import ERASE, LOOK, REVIEW, VIEW, StaffClient, page, text
from tests.admin.pictures import picture

pytestmark = pytest.mark.usefixtures("kept_kinds")


def erase(browser: Client, session: VerificationSession, reason: str = "asked for it") -> str:
    response = browser.post(page(session, "erase-pictures"), {"reason": reason}, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def test_erasing_asks_first_and_then_is_for_good(
    staff: StaffClient, kept: VerificationSession
) -> None:
    browser = staff(*ERASE, "view_personal_data")
    assert "Erase pictures…" in text(browser, page(kept))
    asked = text(browser, page(kept, "erase-pictures"))
    assert "cannot be undone" in asked
    assert kept.media.filter(erased_at=None).count() == 3
    assert "Nobody can look at the pictures any more" in erase(browser, kept)
    assert not kept.media.filter(erased_at=None).exists()
    event = kept.events.get(kind=EventKind.MEDIA_ERASED)
    assert (event.reason, event.actor) == ("asked for it", LogEntry.objects.get().user)
    html = text(browser, page(kept))
    assert "erased" in html
    assert "Open the" not in html
    assert "Erase pictures…" not in html
    assert browser.post(picture(kept)).status_code == 302


def test_nothing_is_erased_without_a_reason(staff: StaffClient, kept: VerificationSession) -> None:
    assert "This field is required" in erase(staff(*ERASE), kept, reason="  ")
    assert kept.media.filter(erased_at=None).count() == 3


def test_nothing_is_erased_under_a_legal_hold(
    staff: StaffClient, kept: VerificationSession
) -> None:
    VerificationSession.objects.filter(pk=kept.pk).update(legal_hold=True)
    assert staff(*ERASE).get(page(kept, "erase-pictures")).status_code == 302
    assert "legal hold" in erase(staff(*ERASE), kept)
    assert kept.media.filter(erased_at=None).count() == 3


def test_a_hold_that_is_laid_meanwhile_counts(
    staff: StaffClient, kept: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_faceid.admin.pictures.Pictures._why_not_erase", lambda *_args: "")
    VerificationSession.objects.filter(pk=kept.pk).update(legal_hold=True)
    assert "A legal hold lies on this session" in erase(staff(*ERASE), kept)
    assert kept.media.filter(erased_at=None).count() == 3


@pytest.mark.parametrize("rights", [VIEW, REVIEW, LOOK, ("erase_verificationsession",)])
def test_without_the_right_nobody_erases(
    staff: StaffClient, kept: VerificationSession, rights: tuple[str, ...]
) -> None:
    browser = staff(*rights)
    assert browser.get(page(kept, "erase-pictures")).status_code == 403
    response = browser.post(page(kept, "erase-pictures"), {"reason": "x"})
    assert response.status_code == 403
    assert kept.media.filter(erased_at=None).count() == 3


def test_a_file_that_the_storage_keeps_is_told(
    staff: StaffClient, kept: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault, "remove", lambda _names: False)
    assert "their keys are destroyed" in erase(staff(*ERASE), kept).lower()
    assert media.find(kept, "best_frame") is None
