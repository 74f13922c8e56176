from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from django_faceid import clock, services
from django_faceid.models import Status, VerificationSession
from django_faceid.story import clocks, telling
from django_faceid.testing import advance, make_session

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "offset", clock.offset)


def says(session: VerificationSession) -> list[str]:
    """What the two clocks say, on the page and in a terminal."""
    told = [bar.says for bar in clocks.bars(session)]
    in_a_terminal = "\n".join(telling.of_session(session, "", personal=True))
    assert all(each in in_a_terminal for each in told)
    return told


def test_a_live_session_says_how_long_is_left() -> None:
    start, fetch = says(make_session())
    assert start.endswith(" left")
    assert fetch.endswith(" left")


@pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=1)])
def test_a_canceled_session_starts_nothing_and_may_still_be_fetched(later: timedelta) -> None:
    session = make_session()
    services.cancel(session)
    advance(seconds=later.total_seconds())
    start, fetch = says(session)
    assert start == "closed: canceled"
    assert fetch.endswith(" left")


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED])
def test_a_finished_session_waits_for_nothing(status: Status) -> None:
    session = make_session(status=status)
    assert says(session) == ["closed: the result is in", "the result is in"]
    assert not any(bar.running for bar in clocks.bars(session))


def test_a_finished_clock_stands_where_the_result_came() -> None:
    now = clock.now()
    session = make_session(status=Status.FAILED, result_at=now + timedelta(minutes=5))
    advance(minutes=9)
    start, _fetch = clocks.bars(session)
    assert start.x == start.marks[0].x == "500"


@pytest.mark.parametrize(
    ("columns", "start", "fetch"),
    [
        ({"closed_reason": "replaced"}, "closed: a newer token took its place", " left"),
        ({"closed_reason": "clock"}, "ended 20 min ago", " left"),
        ({"result_error": "StorageFailed"}, "ended 20 min ago", " left"),
        ({"sdk_token": ""}, "ended 20 min ago", "closed: no token is held"),
        (
            {"sdk_token": "", "result_error": "InvalidParameterValue.BizTokenExpired"},
            "ended 20 min ago",
            "closed: Tencent will not give it",
        ),
    ],
)
def test_what_is_over_says_why(columns: dict[str, Any], start: str, fetch: str) -> None:
    issued = clock.now() - timedelta(minutes=30)
    session = make_session(
        status=Status.EXPIRED,
        issued_at=issued,
        token_expires_at=issued + timedelta(minutes=10),
        **columns,
    )
    told = says(session)
    assert told[0] == start
    assert told[1].endswith(fetch)


def test_a_late_result_of_a_canceled_session_is_in() -> None:
    session = make_session(
        status=Status.CANCELED, sdk_token="", result_code="0", result_at=clock.now()
    )
    assert says(session) == ["closed: canceled", "the result is in"]
