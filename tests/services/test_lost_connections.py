"""With a database server that ends our connection while Tencent thinks: a failover, an admin."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections

from django_faceid import services
from django_faceid.models import ApiCall, Status
from django_faceid.services import calls
from django_faceid.tencent.client import FaceIdClient
from django_faceid.testing import faceid_sandbox, play

pytestmark = pytest.mark.django_db(transaction=True)

OUR_ID = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT CONNECTION_ID()"}
END = {"postgresql": "SELECT pg_terminate_backend(%s, 5000)", "mysql": "KILL %s"}
ISOLATION = {"postgresql": "SHOW transaction_isolation", "mysql": "SELECT @@tx_isolation"}


def lose_connection() -> None:
    """Let the server end this thread's connection, as another of its clients may."""
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(_end, ask(OUR_ID)).result()


def ask(statements: dict[str, str]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statements[connection.vendor])
        return cursor.fetchone()[0]


def _end(number: int) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(END[connection.vendor], [number])
    finally:
        connections.close_all()


@pytest.fixture
def losing(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lose the connection each time that Tencent has carried a call out."""

    def lose_after(name: str) -> None:
        send = getattr(FaceIdClient, name)

        def sent(*args: Any, **options: Any) -> Any:
            answer = send(*args, **options)
            lose_connection()
            return answer

        monkeypatch.setattr(FaceIdClient, name, sent)

    return lose_after


def test_a_token_survives_the_connection_that_asked_for_it(losing: Callable[[str], None]) -> None:
    before = ask(ISOLATION)
    losing("get_token")
    with faceid_sandbox() as state:
        issued = services.issue_token("ann", idempotency_key="a-key-of-anns-phone")
        assert list(state.tokens) == [issued.sdk_token]
        assert services.issue_token("ann", idempotency_key="a-key-of-anns-phone").sdk_token
        assert len(state.tokens) == 1
    row = ApiCall.objects.get()
    assert (row.outcome, row.request_id) == ("ok", issued.session.request_id)
    assert ask(ISOLATION) == before


def test_a_result_survives_the_connection_that_asked_for_it(losing: Callable[[str], None]) -> None:
    with faceid_sandbox():
        session = services.issue_token("ann").session
        play(session, "pass")
        losing("get_result")
        assert services.fetch_result(session).status == Status.SUCCEEDED
    assert session.events.filter(to_status="succeeded").count() == 1


def test_an_outcome_alone_survives_it_too(
    losing: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "PATIENCE", 0.0)

    def fail(*_args: Any, **_options: Any) -> None:
        lose_connection()
        raise ValueError("a bug")

    monkeypatch.setattr("django_faceid.models.VerificationSession.move", fail)
    with faceid_sandbox(), pytest.raises(ValueError, match="a bug"):
        services.issue_token("ann")
    row = ApiCall.objects.get()
    assert (row.outcome, bool(row.request_id)) == ("ok", True)
