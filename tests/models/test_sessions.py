from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from django_faceid import clock
from django_faceid.models import NextAction, Status, VerificationSession
from django_faceid.testing import make_session

pytestmark = pytest.mark.django_db


def test_the_tenth_minute_ends_a_session_to_the_instant_and_without_any_sweep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = make_session()
    end = session.token_expires_at
    assert end is not None
    monkeypatch.setattr(clock, "now", lambda: end - timedelta(microseconds=1))
    assert session.may_start
    monkeypatch.setattr(clock, "now", lambda: end)
    assert session.status == Status.ISSUED
    assert session.effective_status == Status.EXPIRED
    assert not session.may_start
    assert session.seconds_left == 0


def test_a_pending_session_past_its_lease_shows_as_an_error() -> None:
    session = make_session(status=Status.PENDING, lease_until=clock.now())
    assert session.effective_status == Status.ERROR


def test_a_token_that_a_phone_reported_on_is_not_handed_out_again() -> None:
    session = make_session(reported_at=clock.now())
    assert not session.may_start
    assert session.next_action == NextAction.WAIT


def test_a_second_live_session_of_one_subject_and_flow_cannot_be_stored() -> None:
    make_session("ann")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_session("ann")
    make_session("ann", flow="withdraw")
    make_session("bob")


@pytest.mark.parametrize(
    "columns",
    [
        {"status": "issued", "live_key": None},
        {"status": "expired", "live_key": "x" * 32},
        {"status": "issued", "issued_at": None},
        {"status": "issued", "token_expires_at": None},
        {"status": "succeeded", "result_code": ""},
        {"status": "succeeded", "category": "spoof"},
        {"status": "failed", "category": "passed"},
        {"status": "failed", "verdict": "verified"},
        {"status": "canceled", "verdict": "verified"},
        {"status": "succeeded", "review": "rejected", "verdict": "verified"},
        {"status": "nonsense"},
        {"status": "issued", "verdict": "nonsense"},
    ],
)
def test_the_database_refuses_impossible_rows(columns: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_session("ann", **columns)


@pytest.mark.parametrize("status", Status)
def test_every_status_can_be_stored(status: Status) -> None:
    make_session(status=status)
    assert [s.status for s in VerificationSession.objects.with_status(status)] == [status]


def test_deleting_a_user_keeps_the_session_and_its_identity() -> None:
    user = User.objects.create_user("ann")
    session = make_session(user, status=Status.SUCCEEDED)
    key = session.subject_key
    user.delete()
    session.refresh_from_db()
    assert session.user is None
    assert session.subject_key == key


def test_neither_text_nor_repr_shows_the_token() -> None:
    session = make_session(sdk_token="SECRET-TOKEN")
    assert "SECRET-TOKEN" not in f"{session} {session!r}"
    assert str(session) == str(session.public_id)
