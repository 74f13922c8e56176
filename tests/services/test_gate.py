from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from pytest_django import Settings

from django_faceid.models import Status
from django_faceid.services import ANY, is_verified
from django_faceid.testing import make_session

pytestmark = pytest.mark.django_db


def test_the_gate_opens_for_one_subject_and_one_flow() -> None:
    ann, bob = User.objects.create_user("ann"), User.objects.create_user("bob")
    make_session(ann, status=Status.SUCCEEDED, flow="withdraw")
    assert is_verified(ann, "withdraw")
    assert is_verified(ann, ANY)
    assert not is_verified(ann, "default")
    assert not is_verified(bob, "withdraw")
    assert not is_verified(str(ann.pk), "withdraw")


@pytest.mark.parametrize("nobody", [None, AnonymousUser()])
def test_nobody_is_never_verified(nobody: Any) -> None:
    make_session("None", status=Status.SUCCEEDED)
    assert not is_verified(nobody, ANY)


@pytest.mark.parametrize(
    "status", [Status.PENDING, Status.ISSUED, Status.EXPIRED, Status.FAILED, Status.CANCELED]
)
def test_nothing_but_a_verdict_opens_it(status: Status) -> None:
    make_session("ann", status=status)
    assert not is_verified("ann", ANY)


def test_a_sandbox_opens_no_production_gate(settings: Settings) -> None:
    make_session("ann", status=Status.SUCCEEDED, livemode=False)
    assert not is_verified("ann", ANY)


def test_whoever_inherits_a_deleted_users_key_inherits_nothing_else() -> None:
    ann = User.objects.create_user("ann")
    make_session(ann, status=Status.SUCCEEDED)
    key = ann.pk
    ann.delete()
    somebody = User.objects.create_user("somebody", pk=key)
    assert not is_verified(somebody, "default")


def test_the_case_of_a_flow_counts_on_every_database() -> None:
    make_session("ann", status=Status.SUCCEEDED, flow="kyc")
    assert is_verified("ann", "kyc")
    assert not is_verified("ann", "KYC")
