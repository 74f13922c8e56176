from __future__ import annotations

from datetime import timedelta

import pytest

from django_faceid.models import Status, VerificationSession
from django_faceid.story import people, telling
from django_faceid.testing import advance, make_session

pytestmark = pytest.mark.django_db


def drawn(session: VerificationSession) -> list[str]:
    """The two bars."""
    return [
        line
        for line in telling.of_session(session, "", personal=True)
        if "[" in line and "]" in line
    ]


def test_a_running_clock_marks_now_and_what_happened() -> None:
    session = make_session()
    assert session.issued_at is not None
    session.reported_at = session.issued_at + timedelta(minutes=2, seconds=30)
    advance(minutes=5)
    token, _result = drawn(session)
    bar = token[token.index("[") + 1 : token.index("]")]
    assert bar == "=" * 10 + "*" + "=" * 9 + "|" + "." * 20
    assert "5 min left" in token or "4 min 59 s left" in token


def test_a_clock_that_is_over_has_no_now() -> None:
    session = make_session()
    advance(minutes=20)
    token, result = drawn(session)
    assert "|" not in token
    assert "ended 10 min" in token
    assert "|" in result


def test_without_a_token_no_clock_is_drawn() -> None:
    session = make_session(status=Status.ERROR, issued_at=None, error_code="Interrupted")
    assert drawn(session) == []
    assert "No clock has started" in "\n".join(telling.of_session(session, "", personal=True))


def test_what_is_pasted_elsewhere_stays_in_one_piece() -> None:
    session = make_session(extra="x" * 300)
    assert any("x" * 300 in line for line in telling.of_session(session, "", personal=True))


def test_a_pseudonym_is_the_same_for_one_person_and_names_nobody() -> None:
    one, two, other = (make_session(who, status=Status.FAILED) for who in "aab")
    known_as = people.pseudonym(one.subject_key)
    assert known_as == people.pseudonym(two.subject_key)
    assert known_as != people.pseudonym(other.subject_key)
