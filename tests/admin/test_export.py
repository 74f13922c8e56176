"""Lists that are taken away: which rows, by whom, whole or said to be broken off."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import cast

import pytest
from asgiref.sync import sync_to_async
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection, connections
from django.http import StreamingHttpResponse
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from django_faceid import clock
from django_faceid.models import ApiCall, Status, VerificationSession
from django_faceid.story import plain, tables
from django_faceid.testing import advance, make_session
from tests.admin.conftest import (
    CALLS,
    EXPORT,
    SESSIONS,
    VIEW,
    StaffClient,
    make_call,
    text,
    token_call,
)
from tests.admin.taking_away import body, cells, objects


def test_a_list_is_taken_away_whole_and_newest_first(auditor: Client) -> None:
    sessions = [make_session() for _each in range(3)]
    ids = [str(session.public_id) for session in reversed(sessions)]
    assert [row["id"] for row in objects(auditor)] == ids
    assert [row["id"] for row in cells(auditor)] == ids


def test_an_export_has_what_the_list_has_after_its_filters(auditor: Client) -> None:
    issued = make_session()
    failed = make_session(status=Status.FAILED, request_id="f4e1c1f2-52f2-4b62-9f0a-8a9d2f9f0b11")
    assert [row["id"] for row in objects(auditor, status="failed")] == [str(failed.public_id)]
    assert [row["id"] for row in objects(auditor, q=str(issued.public_id))] == [
        str(issued.public_id)
    ]
    assert objects(auditor, q="nobody") == []
    assert len(objects(auditor)) == 2


def test_a_status_is_what_time_makes_of_it(auditor: Client) -> None:
    make_session()
    make_session(status=Status.PENDING)
    advance(minutes=11)
    assert [row["status"] for row in objects(auditor)] == ["error", "expired"]


def test_calls_come_with_their_sessions(auditor: Client) -> None:
    session = make_session()
    call = make_call(session, error_code="X", outcome="refused")
    make_call(None)
    lonely, row = objects(auditor, CALLS)
    assert lonely["session"] is None
    assert row["session"] == str(session.public_id)
    assert row["request_id"] == call.request_id
    assert len(objects(auditor, CALLS, session=str(session.pk))) == 1


def test_who_took_what_away_is_on_record_before_the_first_byte(auditor: Client) -> None:
    auditor.get(f"{SESSIONS}export.csv", {"status": "failed", "flow": "default"})
    entry = LogEntry.objects.get()
    assert entry.user.pk == int(auditor.session["_auth_user_id"])
    assert entry.get_change_message() == "Exported as CSV: flow=default, status=failed"
    auditor.get(f"{CALLS}export.jsonl")
    assert (
        LogEntry.objects.latest("pk").get_change_message() == "Exported as JSON Lines: everything"
    )
    assert text(auditor, "/admin/")


def test_the_record_names_nobody_and_no_token(auditor: Client, customer: User) -> None:
    session = make_session(customer)
    token_call(session)
    auditor.get(f"{SESSIONS}export.csv", {"q": "amelia@example.com"})
    auditor.get(f"{SESSIONS}export.csv", {"q": str(session.public_id)})
    named, identified = LogEntry.objects.order_by("pk")
    assert "amelia" not in named.change_message
    assert str(session.public_id) in identified.change_message
    answer = auditor.get(f"{SESSIONS}export.csv", {"q": session.sdk_token})
    assert answer.status_code == 302
    assert session.sdk_token not in answer["Location"]
    assert not LogEntry.objects.filter(change_message__contains=session.sdk_token).exists()


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_an_export_that_breaks_off_does_not_look_whole(
    auditor: Client, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _each in range(3):
        make_session()
    monkeypatch.setattr(tables, "CHUNK", 2)
    response = cast(StreamingHttpResponse, auditor.get(f"{SESSIONS}export.{form}"))
    chunks = iter(cast(Iterable[bytes], response.streaming_content))
    got = [next(chunks) for _each in range(2 if form == "csv" else 1)]
    monkeypatch.setattr(plain, "values", _fail)
    with pytest.raises(RuntimeError, match="database is gone"):
        got.extend(chunks)
    last = b"".join(got).decode().splitlines()[-1]
    assert last in ("# INCOMPLETE: 2 rows", '{"complete":false,"rows":2}')


def _fail(alias: str, rows: object) -> object:
    raise RuntimeError("The database is gone.")


def test_chunks_lose_and_repeat_no_row(auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "CHUNK", 2)
    for number in range(6):
        pks = [session["id"] for session in objects(auditor)]
        assert len(set(pks)) == len(pks) == number
        make_session()


def test_a_row_costs_no_query(auditor: Client, customer: User) -> None:
    def queries(url: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            body(auditor, url)
        return len(seen)

    url = f"{SESSIONS}export.csv"
    queries(url)
    make_session(customer)
    few = queries(url)
    for _each in range(20):
        make_call(make_session())
    assert queries(url) == few
    assert few <= 12


def test_the_file_is_named_and_kept_by_nobody_in_between(auditor: Client) -> None:
    response = auditor.get(f"{SESSIONS}export.csv")
    assert re.fullmatch(
        r'attachment; filename="faceid-verificationsession-\d{8}T\d{6}Z\.csv"',
        response["Content-Disposition"],
    )
    assert "no-store" in response["Cache-Control"]
    assert response["Content-Type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize(
    "query",
    ["verdict__foo=1", "status=%00", "q=%00", "verdict=%00"],
)
@pytest.mark.parametrize("url", [SESSIONS, CALLS])
def test_nonsense_is_never_a_server_error(superuser: Client, url: str, query: str) -> None:
    response = superuser.get(f"{url}export.csv?{query}")
    assert response.status_code in (200, 302, 400)
    if response.status_code == 200:
        list(cast(Iterable[bytes], cast(StreamingHttpResponse, response).streaming_content))


def test_links_are_shown_to_those_who_may_and_keep_the_filter(staff: StaffClient) -> None:
    html = text(staff(*EXPORT), SESSIONS, status="failed")
    assert 'href="export.csv?status=failed"' in html
    assert 'href="export.jsonl?status=failed"' in html
    assert "export.csv" not in text(staff(*VIEW), SESSIONS)


@pytest.mark.django_db(transaction=True)
def test_under_asgi_the_lines_come_one_by_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "CHUNK", 2)
    for _each in range(5):
        make_session()
    root = User.objects.create_superuser("root")

    async def download() -> list[bytes]:
        browser = AsyncClient()
        await browser.aforce_login(root)
        response = cast(StreamingHttpResponse, await browser.get(f"{SESSIONS}export.jsonl"))
        assert response.is_async
        chunks = [chunk async for chunk in cast(AsyncIterator[bytes], response)]
        await sync_to_async(connections.close_all)()
        return chunks

    chunks = asyncio.run(download())
    assert len(chunks) == 4
    assert len(b"".join(chunks).splitlines()) == 6


def test_sessions_that_change_meanwhile_are_told_as_they_are_by_then(auditor: Client) -> None:
    session = make_session()
    response = cast(StreamingHttpResponse, auditor.get(f"{SESSIONS}export.jsonl"))
    VerificationSession.objects.filter(pk=session.pk).update(request_id="changed")
    row = json.loads(next(iter(cast(Iterable[bytes], response.streaming_content))))
    assert row["request_id"] == "changed"
    assert ApiCall.objects.count() == 0
    assert clock.now() - session.created_at < timedelta(minutes=5)
