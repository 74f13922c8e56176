from __future__ import annotations

import logging

import pytest
from pytest_django import Settings

from django_faceid import clock, services
from django_faceid.api import messages
from django_faceid.models import (
    EventKind,
    NextAction,
    Status,
    VerificationSession,
)
from django_faceid.services import vault
from django_faceid.testing import advance
from tests.services.pictures.conftest import HostStorage, files, told

pytestmark = pytest.mark.django_db


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
