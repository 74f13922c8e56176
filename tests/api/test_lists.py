"""Lists of sessions by pages, and answers that need not be sent twice."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.core.signing import Signer
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings

from django_faceid.api import cursors
from django_faceid.models import VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.testing import advance, make_session

from .caller import Caller, blamed, body


def page(caller: Caller, cursor: str = "") -> dict[str, Any]:
    return body(caller.get(f"sessions/?cursor={quote(cursor)}"))


def test_pages_hold_every_session_of_the_caller_once_newest_first(
    caller: Caller, stranger: Caller, state: SandboxState
) -> None:
    mine = [make_session(caller.user, status="failed") for _ in range(45)]
    make_session(stranger.user)
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        shown = page(caller, cursor)
        seen += [session["id"] for session in shown["results"]]
        cursor, pages = shown["next"], pages + 1
        if pages == 1:  # what comes in between is no reason to see anything twice
            make_session(caller.user, status="failed")
    assert seen == [str(session.public_id) for session in reversed(mine)]
    assert pages == 3


@pytest.mark.parametrize("count", [0, 1, 20])
def test_a_last_page_has_no_next(count: int, caller: Caller, state: SandboxState) -> None:
    for _ in range(count):
        make_session(caller.user, status="failed")
    shown = page(caller)
    assert (len(shown["results"]), shown["next"]) == (count, None)


def test_a_cursor_tells_nothing_about_how_many_sessions_there_are(
    caller: Caller, state: SandboxState
) -> None:
    for _ in range(21):
        make_session(caller.user, status="failed")
    shown = page(caller)
    public_id, _signature = shown["next"].split(":")
    assert public_id == shown["results"][-1]["id"]


@pytest.mark.parametrize("cursor", ["x", "a:b", "\x00", "1:", "é", "💥", ":" * 5000, "%ff"])
def test_a_cursor_that_is_not_ours_is_refused(
    cursor: str, caller: Caller, state: SandboxState
) -> None:
    assert blamed(caller.get(f"sessions/?cursor={quote(cursor)}")) == [("cursor", "unknown")]
    assert blamed(caller.get(f"sessions/?cursor=a{cursor}"[:100])) == [("cursor", "unknown")]


def test_a_cursor_is_good_for_its_owner_and_its_purpose_only(
    caller: Caller, stranger: Caller, state: SandboxState
) -> None:
    session = make_session(caller.user)
    good = Signer(salt=cursors.SALT).sign(str(session.public_id))
    forged = Signer(salt="another").sign(str(session.public_id))
    assert page(caller, good)["results"] == []
    assert caller.get(f"sessions/?cursor={forged}").status_code == 400
    assert stranger.get(f"sessions/?cursor={good}").status_code == 400


def test_a_session_that_has_not_changed_is_not_sent_again(
    caller: Caller, state: SandboxState
) -> None:
    session = make_session(caller.user)
    for path in (f"sessions/{session.public_id}/", "sessions/"):
        first = caller.get(path)
        etag = first["ETag"]
        assert etag.startswith('W/"')
        advance(seconds=3)
        for known in (etag, etag.removeprefix("W/"), f'"x", {etag}', "*"):
            again = caller.get(path, If_None_Match=known)
            assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
        assert caller.get(path, If_None_Match='W/"x"').status_code == 200
        assert caller.get(path, If_None_Match="nonsense").status_code == 200


def test_whatever_changes_in_the_answer_changes_its_etag(
    caller: Caller, state: SandboxState
) -> None:
    session = make_session(caller.user)
    rows = VerificationSession.objects.filter(pk=session.pk)
    path = f"sessions/{session.public_id}/"
    seen = [caller.get(path)["ETag"], caller.get("sessions/")["ETag"]]

    def changed() -> bool:
        now = [caller.get(path)["ETag"], caller.get("sessions/")["ETag"]]
        differs = all(a != b for a, b in zip(now, seen, strict=True))
        seen[:] = now
        return differs

    assert not changed()
    make_session(caller.user, status="failed")  # one attempt fewer is left
    assert changed()
    rows.update(reported_at=session.issued_at)
    assert changed()
    rows.update(next_pull_at=None)  # nobody will ask any more: from wait to retry
    assert changed()
    advance(minutes=10)  # no row changes, the status does
    assert changed()


def test_an_etag_is_for_one_language(caller: Caller, state: SandboxState) -> None:
    session = make_session(caller.user)
    path = f"sessions/{session.public_id}/"
    english = caller.get(path)["ETag"]
    with override_settings(LANGUAGE_CODE="de"):
        assert caller.get(path, If_None_Match=english).status_code == 200


def test_a_page_of_sessions_costs_no_query_per_session(caller: Caller, state: SandboxState) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert caller.get("sessions/").status_code == 200
        return len(seen)

    for _ in range(6):
        make_session(caller.user, status="failed")
    few = queries()
    for _ in range(12):
        make_session(caller.user, status="failed")
    assert queries() == few
