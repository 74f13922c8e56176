"""One errand to Tencent: how often it is tried, and what stays on record."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import transaction
from django.views.debug import ExceptionReporter
from pytest_django import Settings

from django_faceid import conf, services
from django_faceid.models import ApiCall, VerificationSession
from django_faceid.sandbox.faults import Charset, Html, HttpStatus, Refuse, Reset
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import calls, errors, fetch_result, issue_token, pacing
from django_faceid.tencent.client import FaceIdClient
from django_faceid.tencent.errors import BrokenAnswer, FaceIdError, Refused, Unreachable
from django_faceid.tencent.types import GET_TOKEN, GetFaceIdTokenIntlRequest
from django_faceid.testing import make_session
from tests.services.conftest import Clock
from tests.services.errands import Settled, errand, outcomes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient")]


def test_a_success_is_one_request_and_one_row(sandbox: SandboxState) -> None:
    settled: Settled = []
    answer = calls.call(errand(settled))
    row = ApiCall.objects.get()
    assert len(sandbox.exchanges) == 1
    assert (row.outcome, row.request_id, row.http_status) == ("ok", answer.RequestId, 200)
    assert (row.attempt, row.trace_id, row.region) == (1, "trace", "ap-singapore")
    assert settled == [(row, settled[0][1], answer)]


def test_a_session_deleted_meanwhile_leaves_the_evidence_of_its_call(
    sandbox: SandboxState,
) -> None:
    session = make_session()

    def erased_meanwhile(client: FaceIdClient, **options: Any) -> Any:
        answer = client.get_token(GetFaceIdTokenIntlRequest(), **options)
        VerificationSession.objects.all().delete()
        return answer

    def settle(*_facts: Any) -> None:
        session.refresh_from_db()

    with pytest.raises(errors.SessionGone):
        calls.call(errand(send=erased_meanwhile, prepare=lambda: session, settle=settle))
    row = ApiCall.objects.get()
    assert (row.session, row.outcome, bool(row.request_id)) == (None, "ok", True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("when", ["while_asked", "before_the_repeat"])
def test_a_session_deleted_between_two_attempts_leaves_the_evidence_of_the_first(
    sandbox: SandboxState, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session()
    sandbox.faults.add(Refuse(Code="InternalError", Count=1))

    def erase(*_args: Any) -> None:
        VerificationSession.objects.all().delete()

    def send(client: FaceIdClient, **options: Any) -> Any:
        try:
            return client.get_token(GetFaceIdTokenIntlRequest(), **options)
        finally:
            if when == "while_asked":
                erase()

    def settle(*_facts: Any) -> None:
        session.refresh_from_db()

    if when == "before_the_repeat":
        monkeypatch.setattr(calls, "time", Mock(wraps=time, sleep=erase))
    with pytest.raises(errors.SessionGone):
        calls.call(errand(send=send, prepare=lambda: session, settle=settle))
    row = ApiCall.objects.get()
    assert (row.session, row.outcome, row.error_code) == (None, "refused", "InternalError")


def test_a_deleted_sessions_evidence_keeps_none_of_tencents_words(sandbox: SandboxState) -> None:
    sandbox.faults.add(Refuse(Code="InvalidParameter", Count=1))
    session = make_session()

    def erased_meanwhile(client: FaceIdClient, **options: Any) -> Any:
        VerificationSession.objects.all().delete()
        return client.get_token(GetFaceIdTokenIntlRequest(), **options)

    def settle(*_facts: Any) -> None:
        session.refresh_from_db()

    with pytest.raises(errors.SessionGone):
        calls.call(errand(send=erased_meanwhile, prepare=lambda: session, settle=settle))
    row = ApiCall.objects.get()
    assert (row.outcome, row.error_code, row.message) == ("refused", "InvalidParameter", "")


def test_a_refusal_that_may_pass_is_repeated_each_time_with_evidence(
    sandbox: SandboxState,
) -> None:
    sandbox.faults.add(Refuse(Code="InternalError", Count=2))
    settled: Settled = []
    calls.call(errand(settled))
    rows = list(ApiCall.objects.order_by("id"))
    assert [row.outcome for row in rows] == ["refused", "refused", "ok"]
    assert [row.attempt for row in rows] == [1, 2, 3]
    assert [row.error_code for row in rows] == ["InternalError", "InternalError", ""]
    assert len({row.request_id for row in rows} - {""}) == 3
    assert len(settled) == 1


def test_a_success_after_a_failure_is_not_thrown_away(sandbox: SandboxState) -> None:
    sandbox.faults.add(Refuse(Code="InternalError"))
    answer = calls.call(errand())
    assert list(sandbox.tokens) == [answer.SdkToken]


def test_an_error_sent_with_a_charset_is_still_an_error(sandbox: SandboxState) -> None:
    sandbox.faults.add(Charset())
    assert calls.call(errand()).SdkToken
    sandbox.faults.add(Refuse(Code="FailedOperation"))
    with pytest.raises(Refused):
        calls.call(errand())


def test_three_attempts_are_enough(sandbox: SandboxState) -> None:
    sandbox.faults.add(Refuse(Code="InternalError", Count=None))
    settled: Settled = []
    with pytest.raises(Refused):
        calls.call(errand(settled))
    assert outcomes() == ["refused"] * 3
    assert isinstance(settled[0][2], Refused)


@pytest.mark.parametrize(
    ("fault", "error", "outcome"),
    [
        (Refuse(Code="InvalidParameter"), Refused, "refused"),
        (Reset(When="after"), Unreachable, "unreachable"),
        (HttpStatus(Status=502), BrokenAnswer, "broken"),
        (Html(), BrokenAnswer, "broken"),
    ],
)
def test_what_cannot_or_must_not_be_repeated_is_one_request(
    sandbox: SandboxState, fault: Refuse, error: type[FaceIdError], outcome: str
) -> None:
    sandbox.faults.add(fault)
    with pytest.raises(error):
        calls.call(errand())
    assert len(sandbox.exchanges) == 1
    assert outcomes() == [outcome]


def test_a_frequency_refusal_waits_for_a_new_second_and_is_repeated_once(
    sandbox: SandboxState,
) -> None:
    sandbox.faults.add(Refuse(Code="RequestLimitExceeded", Count=2))
    started = time.monotonic()
    with pytest.raises(Refused):
        calls.call(errand())
    assert len(sandbox.exchanges) == 2
    assert time.monotonic() - started > 0.9


def test_a_wrong_clock_is_corrected_by_tencents_and_remembered(sandbox: SandboxState) -> None:
    sandbox.set_skew(3600)
    calls.call(errand())
    assert outcomes() == ["refused", "ok"]
    calls.call(errand())
    assert outcomes() == ["refused", "ok", "ok"]


def test_what_prepare_refuses_leaves_no_evidence_and_sends_nothing(sandbox: SandboxState) -> None:
    def refuse() -> None:
        raise errors.KeyInFlight

    with pytest.raises(errors.KeyInFlight):
        calls.call(errand(prepare=refuse))
    assert outcomes() == []
    assert not sandbox.exchanges


def test_an_endpoint_that_is_not_tencents_is_never_called(
    sandbox: SandboxState, settings: Settings
) -> None:
    settings.FACEID = {**settings.FACEID, "ALLOW_TEST_ENDPOINT": False}
    with pytest.raises(conf.SettingError):
        calls.call(errand())
    assert not sandbox.exchanges


def test_a_refused_call_that_has_waited_long_enough_is_told_so_and_waits_no_more(
    sandbox: SandboxState, settings: Settings, stopped: Clock
) -> None:
    settings.FACEID = {**settings.FACEID, "MAX_WAIT": 1.2, "MIN_SPACING": 0.6}
    with transaction.atomic():
        pacing.reserve(conf.account("default"), GET_TOKEN)
    sandbox.faults.add(Refuse(Code="RequestLimitExceeded", Count=1))
    # Tencent says that others spend its quota, so the next moment is a second away.
    with pytest.raises(errors.Busy) as refusal:
        issue_token("ann")
    assert refusal.value.retry_after == 1
    assert stopped.slept == pytest.approx([0.6])
    assert outcomes() == ["refused"]


def test_all_attempts_of_a_call_wait_no_longer_than_one_may(
    sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch
) -> None:
    before: list[float] = []

    def reserve(*_args: Any, waited: float, **_options: Any) -> pacing.Slot:
        before.append(waited)
        return pacing.Slot(0.01 * 2 ** len(before), time.monotonic())

    monkeypatch.setattr(pacing, "reserve", reserve)
    sandbox.faults.add(Refuse(Code="InternalError", Count=2))
    calls.call(errand())
    assert before == pytest.approx([0.0, 0.02, 0.06])


def test_the_log_has_one_line_per_attempt_and_nothing_secret(
    sandbox: SandboxState, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "django_faceid")
    session = issue_token("ann").session
    fetch_result(session)
    ours = [record.getMessage() for record in caplog.records if record.name == "django_faceid"]
    assert len(ours) == 2
    assert all(f"session={session.public_id}" in line for line in ours)
    assert f"request_id={session.request_id}" in ours[0]
    assert session.sdk_token not in caplog.text
    assert sandbox.account.SecretKey not in caplog.text


@pytest.mark.parametrize("code", ["AuthFailure.SecretIdNotFound", "UnauthorizedOperation.Arrears"])
def test_money_and_keys_wake_somebody_up(
    sandbox: SandboxState, caplog: pytest.LogCaptureFixture, code: str
) -> None:
    sandbox.faults.add(Refuse(Code=code))
    with pytest.raises(errors.ProviderUnavailable):
        issue_token("ann")
    assert [r.levelname for r in caplog.records if r.name == "django_faceid"] == ["CRITICAL"]


def test_credentials_may_be_fetched_for_each_call(
    sandbox: SandboxState, settings: Settings
) -> None:
    asked: list[int] = []

    def fresh() -> tuple[str, str]:
        asked.append(threading.get_ident())
        return sandbox.account.SecretId, sandbox.account.SecretKey

    given = settings.FACEID["ACCOUNTS"]["default"]
    account = {
        **given,
        "SECRET_ID": "",
        "SECRET_KEY": "",
        "CREDENTIALS": fresh,
        "QUOTA_GROUP": "main",
    }
    settings.FACEID = {**settings.FACEID, "ACCOUNTS": {"default": account}}
    session = issue_token("ann").session
    services.fetch_result(session)
    assert len(asked) == 2


@pytest.mark.parametrize("where", ["send", "settle"])
def test_an_error_page_shows_no_secret(
    sandbox: SandboxState, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_options: Any) -> Any:
        raise RuntimeError("a bug")

    if where == "send":
        monkeypatch.setattr("requests.adapters.HTTPAdapter.send", fail)
    else:
        monkeypatch.setattr(VerificationSession, "move", fail)
    try:
        issue_token("ann", params={"meta_data": "MetaData" + "OfThePhone"})
    except RuntimeError:
        page = str(ExceptionReporter(None, *sys.exc_info()).get_traceback_text())
        page += str(ExceptionReporter(None, *sys.exc_info()).get_traceback_data())
    assert "a bug" in page
    assert sandbox.account.SecretKey not in page
    assert "MetaData" + "OfThePhone" not in page
    for token in sandbox.tokens:
        assert token not in page
