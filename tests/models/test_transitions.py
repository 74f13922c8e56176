from __future__ import annotations

import itertools
from typing import Any

import pytest

from django_faceid.models import TRANSITIONS, SessionEvent, Source, Status, VerificationSession
from django_faceid.models.transitions import LIVE, is_legal
from django_faceid.testing import make_session

FACTS = {
    Status.SUCCEEDED: {"result_code": "0", "category": "passed"},
    Status.FAILED: {"result_code": "1201", "category": "capture"},
}


def move(session: VerificationSession, to: Status) -> SessionEvent | None:
    facts: dict[str, Any] = dict(FACTS.get(to, {}))
    if facts:
        facts["result_at"] = session.created_at
    if to == Status.ISSUED:
        issued = make_session()
        facts = {
            name: getattr(issued, name)
            for name in ("issued_at", "token_expires_at", "result_expires_at")
        }
    return session.move(to, source=Source.HOST, **facts)


def test_every_status_has_its_row_in_the_table() -> None:
    assert set(TRANSITIONS) == set(Status)


def test_final_statuses_lead_nowhere() -> None:
    final = {status for status in Status if not TRANSITIONS[status]}
    assert final == {Status.SUCCEEDED, Status.FAILED, Status.CANCELED, Status.ERROR}


@pytest.mark.django_db
@pytest.mark.parametrize(("old", "new"), list(itertools.product(Status, Status)))
def test_a_move_happens_exactly_when_the_table_allows_it(old: Status, new: Status) -> None:
    session = make_session(status=old)
    event = move(session, new)
    session.refresh_from_db()
    if is_legal(old, new):
        assert event is not None
        assert (event.from_status, event.to_status) == (old, new)
        assert session.status == new
        assert session.version == 1
        assert (session.live_key is None) == (new not in LIVE)
    else:
        assert event is None
        assert session.status == old
        assert not session.events.exists()


@pytest.mark.django_db
def test_of_two_workers_that_race_one_makes_the_event() -> None:
    first = make_session()
    second = VerificationSession.objects.get(pk=first.pk)
    assert move(first, Status.SUCCEEDED) is not None
    assert move(second, Status.FAILED) is None
    assert second.status == Status.SUCCEEDED
    assert first.events.count() == 1


@pytest.mark.django_db
def test_a_result_follows_a_sweep_that_was_faster() -> None:
    stale = make_session()
    move(VerificationSession.objects.get(pk=stale.pk), Status.EXPIRED)
    event = move(stale, Status.SUCCEEDED)
    assert event is not None
    assert event.from_status == Status.EXPIRED


@pytest.mark.django_db
def test_a_final_result_wipes_the_token() -> None:
    session = make_session()
    assert session.sdk_token
    move(session, Status.SUCCEEDED)
    assert session.sdk_token == ""
    assert session.next_pull_at is None
