"""The helpers for host projects, used as a host would: in unittest and in pytest."""

from __future__ import annotations

import unittest
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import SimpleTestCase, TestCase, TransactionTestCase
from pytest_django import Settings

from django_faceid import clock, conf, signals
from django_faceid.models import Status, VerificationSession
from django_faceid.sandbox.errors import PhoneRefused
from django_faceid.services import fetch_result, is_verified, issue_token
from django_faceid.testing import advance, faceid_sandbox, make_session, play, sandbox


class Heard:
    """Collects the verdicts that signals announce."""

    def __init__(self) -> None:
        self.verdicts: list[str] = []

    def __call__(self, *, new: str, **_kwargs: Any) -> None:
        self.verdicts.append(new)


class InsideATestCase(TestCase):
    @faceid_sandbox()
    def test_a_whole_onboarding_with_its_signal(self) -> None:
        heard = Heard()
        signals.verdict_changed.connect(heard)
        user = User.objects.create_user("ann")
        session = issue_token(user).session
        play(session, "pass")
        fetch_result(session)
        signals.verdict_changed.disconnect(heard)
        self.assertTrue(is_verified(user, "default"))
        self.assertEqual(heard.verdicts, ["verified"])

    def test_a_context_manager_does_the_same(self) -> None:
        with faceid_sandbox() as state:
            issue_token("ann")
            self.assertEqual(len(state.tokens), 1)
            self.assertIs(sandbox(), state)


class InsideATransactionTestCase(TransactionTestCase):
    @faceid_sandbox()
    def test_signals_come_with_the_commit(self) -> None:
        heard = Heard()
        signals.verdict_changed.connect(heard)
        session = issue_token("ann").session
        play(session, "spoof")
        fetch_result(session)
        signals.verdict_changed.disconnect(heard)
        self.assertEqual(heard.verdicts, ["rejected"])


class OutsideOfASandbox(SimpleTestCase):
    def test_a_phone_needs_a_sandbox(self) -> None:
        with self.assertRaisesMessage(RuntimeError, "inside faceid_sandbox()"):
            sandbox()


@pytest.mark.django_db
def test_both_clocks_move_together_and_go_back() -> None:
    with faceid_sandbox() as state:
        session = issue_token("ann").session
        before, there = clock.now(), state.now()
        advance(minutes=11)
        assert (clock.now() - before).total_seconds() >= 660
        assert state.now() - there >= 660
        assert session.effective_status == Status.EXPIRED
        with pytest.raises(PhoneRefused):
            play(session, "pass")
    assert clock.offset().total_seconds() == 0


@pytest.mark.django_db
def test_a_phone_needs_a_token() -> None:
    with faceid_sandbox(), pytest.raises(ValueError, match="no token"):
        play(make_session(status=Status.ERROR), "pass")


@pytest.mark.django_db
@pytest.mark.parametrize("status", Status)
def test_a_session_can_be_made_in_any_state(status: Status) -> None:
    session = make_session("ann", status=status, flow="withdraw", extra="order 7")
    session.refresh_from_db()
    assert (session.status, session.flow, session.extra) == (status, "withdraw", "order 7")


@pytest.mark.django_db
def test_sessions_made_without_a_subject_are_of_different_people() -> None:
    make_session()
    make_session()
    assert VerificationSession.objects.values("subject_key").distinct().count() == 2


def test_the_settings_are_pointed_at_the_sandbox_for_as_long_as_it_runs(
    settings: Settings,
) -> None:
    before = settings.FACEID
    with faceid_sandbox(RATE=100):
        account = conf.account("default")
        assert account.endpoint.startswith("http://127.0.0.1:")
        assert account.rate == 100
        assert not account.livemode
    assert settings.FACEID is before


def test_they_work_under_plain_unittest() -> None:
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(OutsideOfASandbox)
    result = unittest.TestResult()
    suite.run(result)
    assert result.wasSuccessful()
    assert result.testsRun == 1
