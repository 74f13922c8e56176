"""Calls while Tencent, or what leads to it, does not answer."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from django_faceid import conf
from django_faceid.models import VerificationSession
from django_faceid.sandbox.faults import (
    CutOff,
    Delay,
    Drip,
    Fault,
    Html,
    HttpStatus,
    Refuse,
    Reset,
)
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import breaker, calls, errors, issue_token
from django_faceid.tencent.errors import BrokenAnswer, FaceIdError, Unreachable
from tests.services.errands import errand, outcomes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient")]


@pytest.fixture
def unanswered() -> Iterator[None]:
    """The process's breaker, closed before and after a test of outages."""
    breaker.forget()
    yield
    breaker.forget()


@pytest.mark.usefixtures("unanswered")
def test_an_unreachable_tencent_is_tried_within_the_deadline_and_on_record(
    sandbox: SandboxState, settings: Settings
) -> None:
    given = settings.FACEID["ACCOUNTS"]["default"]
    nowhere = {**given, "ENDPOINT": "http://127.0.0.1:9"}
    settings.FACEID = {**settings.FACEID, "ACCOUNTS": {"default": nowhere}, "DEADLINE": 3.0}
    started = time.monotonic()
    with pytest.raises(errors.ProviderUnreachable) as refusal:
        issue_token("ann")
    assert time.monotonic() - started < 3.0
    assert refusal.value.retry_after
    assert outcomes() == ["unreachable"] * 3
    assert VerificationSession.objects.get().error_code == "ConnectFailed"


@pytest.mark.usefixtures("unanswered")
def test_a_hanging_tencent_is_left_at_the_deadline(
    sandbox: SandboxState, settings: Settings
) -> None:
    settings.FACEID = {**settings.FACEID, "DEADLINE": 1.5}
    sandbox.faults.add(Delay(Seconds=4.0))
    started = time.monotonic()
    with pytest.raises(errors.ProviderUnreachable):
        issue_token("ann")
    assert time.monotonic() - started < 3.0
    assert outcomes() == ["unreachable"]


@pytest.mark.usefixtures("unanswered")
def test_a_tencent_that_hangs_in_its_answer_is_left_at_the_deadline_too(
    sandbox: SandboxState, settings: Settings
) -> None:
    settings.FACEID = {**settings.FACEID, "DEADLINE": 1.5}
    sandbox.faults.add(Drip(Seconds=0.3))
    started = time.monotonic()
    with pytest.raises(errors.ProviderUnreachable):
        issue_token("ann")
    assert time.monotonic() - started < 2.2
    assert outcomes() == ["broken"]


@pytest.mark.usefixtures("unanswered")
@pytest.mark.parametrize("fault", [CutOff(Count=5), HttpStatus(Status=504, Count=5)])
def test_half_an_answer_or_a_gateways_page_is_none(sandbox: SandboxState, fault: Fault) -> None:
    sandbox.faults.add(fault)
    for _failure in range(5):
        with pytest.raises(BrokenAnswer):
            calls.call(errand())
    with pytest.raises(errors.ProviderUnreachable):
        calls.call(errand())
    assert outcomes() == ["broken"] * 5


@pytest.mark.usefixtures("unanswered")
@pytest.mark.parametrize(
    "fault",
    [Html(Count=5), HttpStatus(Status=403, Count=5), Refuse(Code="OperationDenied", Count=5)],
)
def test_a_firewalls_page_and_a_refusal_are_answers(sandbox: SandboxState, fault: Fault) -> None:
    sandbox.faults.add(fault)
    for _failure in range(5):
        with pytest.raises(FaceIdError):
            calls.call(errand())
    assert calls.call(errand()).SdkToken


@pytest.mark.usefixtures("unanswered")
def test_an_outage_is_answered_at_once_after_five_failures(sandbox: SandboxState) -> None:
    for _failure in range(5):
        sandbox.faults.add(Reset(When="after"))
        with pytest.raises(Unreachable):
            calls.call(errand())
    with pytest.raises(errors.ProviderUnreachable):
        calls.call(errand())
    assert len(outcomes()) == 5


def test_a_vault_that_is_down_is_no_outage_of_tencents(
    sandbox: SandboxState, settings: Settings
) -> None:
    def vault() -> tuple[str, str]:
        raise OSError("down")

    accounts = settings.FACEID["ACCOUNTS"]
    broken = {**accounts["default"], "CREDENTIALS": vault, "QUOTA_GROUP": "broken"}
    settings.FACEID = {**settings.FACEID, "ACCOUNTS": {**accounts, "broken": broken}}
    for _call in range(6):
        with pytest.raises(Unreachable):
            calls.call(errand(account=conf.account("broken")))
    assert calls.call(errand()).SdkToken
