from __future__ import annotations

from unittest.mock import Mock

import pytest
from pytest_django import Settings

from django_faceid import clock, services
from django_faceid.models import Status
from django_faceid.sandbox.faults import Reset
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import collecting
from django_faceid.services.errors import Busy
from django_faceid.testing import advance, make_session, play
from tests.services.conftest import Clock

pytestmark = pytest.mark.django_db


def test_a_result_that_no_client_asks_for_is_fetched_when_it_is_due(sandbox: SandboxState) -> None:
    session = services.issue_token("ann").session
    play(session, "pass")
    assert services.collect_results() == 0
    advance(seconds=90)
    assert services.collect_results() == 1
    session.refresh_from_db()
    assert session.status == Status.SUCCEEDED


def test_a_claim_belongs_to_one_run_until_its_lease_is_over(sandbox: SandboxState) -> None:
    session = make_session(next_pull_at=clock.now())
    assert services.claim_due() == [session.pk]
    assert services.claim_due() == []
    advance(minutes=2)
    assert services.claim_due() == [session.pk]


def test_what_an_outage_stopped_comes_back(sandbox: SandboxState) -> None:
    session = services.issue_token("ann").session
    play(session, "pass")
    advance(seconds=90)
    sandbox.faults.add(Reset(When="after"))
    (pk,) = services.claim_due()
    assert services.collect(pk) == "provider_unreachable"
    advance(minutes=5)
    services.collect_results()
    session.refresh_from_db()
    assert session.status == Status.SUCCEEDED


def test_one_account_that_left_the_settings_does_not_stop_the_others(
    sandbox: SandboxState, caplog: pytest.LogCaptureFixture
) -> None:
    session = services.issue_token("ann").session
    play(session, "pass")
    gone = make_session(next_pull_at=clock.now())
    type(gone).objects.filter(pk=gone.pk).update(account="gone")
    advance(seconds=90)
    assert services.collect_results() == 2
    session.refresh_from_db()
    assert session.status == Status.SUCCEEDED
    assert f"session={gone.public_id} outcome=SettingError" in caplog.text


def test_a_session_deleted_since_its_claim_is_passed_over(sandbox: SandboxState) -> None:
    session = make_session(next_pull_at=clock.now())
    (pk,) = services.claim_due()
    session.delete()
    assert services.collect(pk) == "gone"


def test_after_the_last_look_the_token_is_wiped(sandbox: SandboxState, settings: Settings) -> None:
    session = services.issue_token("ann").session
    for _look in range(12):
        session.refresh_from_db()
        if session.next_pull_at is None:
            break
        advance(seconds=(session.next_pull_at - clock.now()).total_seconds() + 3)
        services.expire_tokens()
        services.collect_results()
    session.refresh_from_db()
    assert (session.status, session.sdk_token, session.next_pull_at) == ("expired", "", None)
    assert session.pulls == 7


def test_a_run_ends_between_two_sessions_and_gives_the_others_back(
    sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch, stopped: Clock
) -> None:
    def slow(pk: int) -> str:
        stopped.sleep(0.3)
        return collect(pk)

    collect = services.collect
    sessions = [make_session(next_pull_at=clock.now()) for _session in range(5)]
    with monkeypatch.context() as slowly:
        slowly.setattr(collecting, "collect", slow)
        assert services.collect_results(0.5) == 2
    assert services.collect_results() == len(sessions) - 2


def test_one_broken_account_holds_up_nobody_else(sandbox: SandboxState, settings: Settings) -> None:
    good = services.issue_token("ann").session
    play(good, "pass")
    accounts = settings.FACEID["ACCOUNTS"]
    broken = {**accounts["default"], "CREDENTIALS": "no.such.vault", "QUOTA_GROUP": "b"}
    settings.FACEID = {**settings.FACEID, "ACCOUNTS": {**accounts, "broken": broken}}
    bad = make_session(account="broken", next_pull_at=clock.now())
    advance(seconds=90)
    assert services.collect_results() == 2
    good.refresh_from_db()
    bad.refresh_from_db()
    assert good.status == Status.SUCCEEDED
    assert bad.next_pull_at is not None
    assert bad.next_pull_at > clock.now()


def test_after_each_pause_for_a_full_quota_there_is_another_try(
    sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch, stopped: Clock
) -> None:
    session = make_session(next_pull_at=clock.now())
    monkeypatch.setattr(collecting, "fetch_result", Mock(side_effect=Busy))
    assert services.collect(session.pk) == Busy.code
    tries = [Busy] * len(collecting.PAUSES) + [session]
    monkeypatch.setattr(collecting, "fetch_result", Mock(side_effect=tries))
    assert services.collect(session.pk) == session.status
    assert stopped.slept.count(0.0) == 2
    assert len(stopped.slept) == 2 * (1 + len(collecting.PAUSES))


def test_many_results_are_collected_at_half_the_quota(
    sandbox: SandboxState, stopped: Clock
) -> None:
    sessions = [make_session(next_pull_at=clock.now()) for _session in range(15)]
    assert services.collect_results() == 15
    assert 1.0 <= stopped.monotonic() < 3.0
    assert len(sandbox.exchanges) == len(sessions)
