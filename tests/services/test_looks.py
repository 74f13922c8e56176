from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from pytest_django import Settings

from django_faceid import clock, conf, services
from django_faceid.models import EventKind, Source, Status, VerificationSession
from django_faceid.sandbox.faults import Fault, Html, Refuse, Reset
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import breaker, looks, schedule
from django_faceid.testing import advance, play
from django_faceid.testing import sandbox as running_sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(sandbox: SandboxState) -> VerificationSession:
    return services.issue_token("ann").session


@pytest.fixture
def passed(session: VerificationSession) -> VerificationSession:
    """A session that has passed, which nobody knows until its last look, which is now."""
    play(session, "pass")
    assert session.result_expires_at is not None
    last = session.result_expires_at - schedule.LAST_LOOK
    advance(seconds=(last - clock.now()).total_seconds() + 1)
    services.expire_tokens()
    VerificationSession.objects.filter(pk=session.pk).update(next_pull_at=last)
    return session


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    "fault", [Reset(When="after"), Refuse(Code="InternalError", Count=None), Html()]
)
def test_a_last_look_that_fails_is_not_the_last(
    passed: VerificationSession, sandbox: SandboxState, fault: Fault
) -> None:
    sandbox.faults.add(fault)
    assert services.collect_results() == 1
    passed.refresh_from_db()
    assert passed.sdk_token
    assert passed.next_pull_at is not None
    assert 0 < (passed.next_pull_at - clock.now()).total_seconds() <= 60
    sandbox.faults.clear()
    advance(seconds=61)
    services.collect_results()
    passed.refresh_from_db()
    assert passed.status == Status.SUCCEEDED


def test_an_account_that_comes_back_before_the_window_closes_has_lost_nothing(
    passed: VerificationSession, settings: Settings
) -> None:
    given = settings.FACEID
    settings.FACEID = {**given, "ACCOUNTS": {"other": given["ACCOUNTS"]["default"]}}
    for _minute in range(3):
        assert services.collect_results() == 1
        advance(seconds=61)
    settings.FACEID = given
    services.collect_results()
    passed.refresh_from_db()
    assert passed.status == Status.SUCCEEDED


def no_account(settings: Settings) -> None:
    (account,) = settings.FACEID["ACCOUNTS"].values()
    settings.FACEID = {**settings.FACEID, "ACCOUNTS": {"other": account}}


def open_breaker(settings: Settings) -> None:
    for _failure in range(breaker.FAILURES):
        breaker.breaker_of(conf.account("default")).unanswered()


def refusals(settings: Settings) -> None:
    running_sandbox().faults.add(Refuse(Code="InternalError", Count=None))


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (no_account, "AccountUnusable"),
        (open_breaker, "NotAnswering"),
        (refusals, "InternalError"),
    ],
)
def test_trouble_until_the_window_closes_ends_the_looks_loudly(
    passed: VerificationSession,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    trouble: Callable[[Settings], None],
    code: str,
) -> None:
    trouble(settings)
    services.collect_results()
    passed.refresh_from_db()
    assert (bool(passed.sdk_token), passed.result_error) == (True, "")
    advance(hours=3)
    trouble(settings)
    services.collect_results()
    passed.refresh_from_db()
    assert (passed.status, passed.result_error) == (Status.EXPIRED, code)
    assert (passed.sdk_token, passed.next_pull_at) == ("", None)
    assert passed.events.get(kind=EventKind.RESULT_ERROR).reason == code
    assert f"session={passed} outcome=given_up code={code}" in caplog.text
    advance(minutes=2)
    assert services.collect_results() == 0


def test_a_look_that_came_too_soon_after_another_is_made_up_for(
    session: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "timezone", SimpleNamespace(now=lambda: now))
    advance(seconds=90)
    services.collect_results()
    advance(seconds=1)
    services.report(session, 0)
    services.fetch_result(session, source=Source.API)
    reported = session.reported_at
    assert services.collect_results() == 1
    session.refresh_from_db()
    assert session.pulls == 1
    assert reported is not None
    assert session.last_pull_at is not None
    assert session.next_pull_at == session.last_pull_at + schedule.LEAST_BETWEEN_PULLS
    seen = []
    for _second in range(20):
        advance(seconds=1)
        if services.collect_results():
            seen.append((clock.now() - reported).total_seconds())
    assert seen == [1, 3, 5, 15]


def seconds_to_next_look(session: VerificationSession) -> float:
    session.refresh_from_db()
    assert session.next_pull_at is not None
    assert session.issued_at is not None
    return (session.next_pull_at - session.issued_at).total_seconds()


def test_unfinished_sessions_make_room_while_many_looks_are_due(
    session: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = services.issue_token("bob").session
    monkeypatch.setattr(looks, "PER_SECOND", 1 / 170)  # one look that is due will take minutes
    advance(seconds=90)
    for pk in services.claim_due(1):
        services.collect(pk)
    assert seconds_to_next_look(session) == 420  # and not 240
    for pk in services.claim_due():
        services.collect(pk)
    assert seconds_to_next_look(other) == 240


def test_a_person_who_asks_makes_room_for_nobody(
    session: VerificationSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.issue_token("bob")
    monkeypatch.setattr(looks, "PER_SECOND", 1 / 170)
    advance(seconds=90)
    services.fetch_result(session)
    assert seconds_to_next_look(session) == 240
