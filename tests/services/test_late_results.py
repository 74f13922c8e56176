"""Results that come after the token's ten minutes, or never."""

from __future__ import annotations

import logging

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from django_faceid import clock, services
from django_faceid.models import EventKind, Status, VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import fetch_result
from django_faceid.testing import advance, play

pytestmark = pytest.mark.django_db


def test_a_process_finished_at_9_59_and_reported_to_nobody_still_succeeds(
    session: VerificationSession,
) -> None:
    advance(minutes=9, seconds=59)
    play(session, "pass")
    advance(seconds=1)
    assert session.effective_status == Status.EXPIRED
    services.expire_tokens()
    advance(minutes=1)
    assert services.collect_results() == 1
    session.refresh_from_db()
    assert session.status == Status.SUCCEEDED
    assert services.is_verified("ann", "default")


def test_a_process_begun_at_9_59_and_finished_at_10_20_still_succeeds(
    session: VerificationSession, sandbox: SandboxState
) -> None:
    advance(minutes=9, seconds=59)
    sandbox.begin(session.sdk_token)
    advance(seconds=2)
    services.expire_tokens()
    session.refresh_from_db()
    assert fetch_result(session).status == Status.EXPIRED
    advance(seconds=19)
    sandbox.finish(session.sdk_token, "pass")
    advance(minutes=1)
    services.collect_results()
    session.refresh_from_db()
    assert session.status == Status.SUCCEEDED


def test_a_process_that_ends_twenty_minutes_late_is_found_too(
    session: VerificationSession, sandbox: SandboxState
) -> None:
    advance(minutes=9, seconds=59)
    sandbox.begin(session.sdk_token)
    advance(minutes=10, seconds=21)
    services.collect_results()
    sandbox.finish(session.sdk_token, "pass")
    advance(minutes=5)
    services.collect_results()
    session.refresh_from_db()
    assert session.status == Status.SUCCEEDED


def test_a_result_that_is_gone_ends_the_pulls_and_tells_the_operators(
    session: VerificationSession, caplog: pytest.LogCaptureFixture
) -> None:
    advance(hours=73)
    fetch_result(session)
    assert session.result_error == "InvalidParameterValue.BizTokenExpired"
    assert session.next_pull_at is None
    assert session.sdk_token == ""
    assert session.events.get(kind=EventKind.RESULT_ERROR).reason == session.result_error
    assert [r.levelno for r in caplog.records if r.levelno >= logging.ERROR] == [logging.ERROR]


def test_a_canceled_sessions_result_is_kept_and_decides_nothing(
    session: VerificationSession,
) -> None:
    play(session, "pass")
    services.cancel(session)
    fetch_result(session)
    assert (session.status, session.verdict) == (Status.CANCELED, "undecided")
    assert (session.result_code, session.sdk_token) == ("0", "")
    assert session.events.filter(kind=EventKind.LATE_RESULT).count() == 1
    assert not services.is_verified("ann", "default")


def test_a_token_that_no_key_opens_is_given_up_with_its_window(
    session: VerificationSession, settings: Settings
) -> None:
    settings.FACEID = {**settings.FACEID, "ENCRYPTION_KEYS": [Fernet.generate_key().decode()]}
    advance(minutes=2)
    assert services.collect_results() == 1
    session.refresh_from_db()
    assert session.next_pull_at is not None
    assert session.next_pull_at > clock.now()
    advance(hours=80)
    services.collect_results()
    session.refresh_from_db()
    assert session.next_pull_at is None
    assert session.result_error == "TokenUnreadable"
    assert session.events.get(kind=EventKind.RESULT_ERROR).reason == "TokenUnreadable"
