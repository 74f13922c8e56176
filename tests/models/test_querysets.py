from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from django_faceid import clock
from django_faceid.models import Status, VerificationSession
from django_faceid.models.querysets import ANY
from django_faceid.testing import make_session

pytestmark = pytest.mark.django_db
objects = VerificationSession.objects


def test_a_filter_by_status_goes_by_the_clock_and_not_by_the_label() -> None:
    now = clock.now()
    due = make_session(issued_at=now - timedelta(minutes=10), token_expires_at=now)
    live = make_session()
    abandoned = make_session(status=Status.PENDING, lease_until=now)
    assert list(objects.with_status(Status.ISSUED)) == [live]
    assert list(objects.with_status(Status.EXPIRED)) == [due]
    assert list(objects.with_status(Status.ERROR)) == [abandoned]
    assert list(objects.with_status(Status.PENDING)) == []


def test_a_verification_counts_for_its_own_subject_and_flow() -> None:
    proof = make_session("ann", status=Status.SUCCEEDED, flow="withdraw")
    assert list(objects.verified("ann", flow="withdraw")) == [proof]
    assert list(objects.verified("ann", flow=ANY)) == [proof]
    assert list(objects.verified(flow="withdraw")) == [proof]
    assert not objects.verified("ann", flow="default").exists()
    assert not objects.verified("bob", flow=ANY).exists()


def test_a_verification_runs_out() -> None:
    make_session("ann", status=Status.SUCCEEDED, verified_until=clock.now())
    assert not objects.verified("ann", flow="default").exists()


def test_a_revoked_verification_counts_for_nothing() -> None:
    make_session("ann", status=Status.SUCCEEDED, revoked_at=clock.now())
    assert not objects.verified("ann", flow="default").exists()


def test_a_later_failure_does_not_unverify() -> None:
    make_session("ann", status=Status.SUCCEEDED)
    make_session("ann", status=Status.FAILED, category="spoof", verdict="rejected")
    assert objects.verified("ann", flow="default").exists()


def test_a_sandbox_verification_opens_no_gate_in_production(settings: Settings) -> None:
    make_session("ann", status=Status.SUCCEEDED, livemode=False)
    assert not objects.verified("ann", flow="default").exists()
    settings.FACEID = {**settings.FACEID, "ALLOW_TEST_ENDPOINT": True}
    assert objects.verified("ann", flow="default").exists()
