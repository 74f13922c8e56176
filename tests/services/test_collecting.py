from __future__ import annotations

import pytest
from pytest_django import Settings

from django_faceid import clock, services
from django_faceid.models import Status
from django_faceid.sandbox.faults import Reset
from django_faceid.sandbox.state import SandboxState
from django_faceid.testing import advance, make_session, play

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
    assert "misconfigured" in caplog.text


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
