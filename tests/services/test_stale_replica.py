"""Reads that a router sends to a replica which lags: what is decided is decided on the primary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient

from django_faceid import clock, services
from django_faceid.models import (
    ApiCall,
    BulkAct,
    BulkItem,
    EventKind,
    ItemState,
    QuotaWindow,
    SessionEvent,
    Source,
    Status,
    VerificationSession,
)
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import errors, issue_token
from django_faceid.services.results import MOST_REPORTS
from django_faceid.tencent.types import GET_TOKEN
from django_faceid.testing import make_session

LATE = "replica"
pytestmark = pytest.mark.django_db(transaction=True, databases=[DEFAULT_DB_ALIAS, LATE])


class ReadLate:
    """Sends every read of ours to the replica."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return LATE if model._meta.app_label == "faceid" else DEFAULT_DB_ALIAS

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, *objects: Any, **hints: Any) -> bool:
        return True


@pytest.fixture(autouse=True)
def replica(settings: Settings, transactional_db: None) -> Iterator[None]:
    """A replica of which nothing is known yet but its tables."""
    usual = connections.settings[DEFAULT_DB_ALIAS]
    mirror = connections[LATE]
    late = DatabaseWrapper({**usual, "NAME": ":memory:", "OPTIONS": {}}, LATE)
    connections[LATE] = late
    with late.schema_editor() as editor:
        for model in apps.get_app_config("faceid").get_models():
            editor.create_model(model)
    # It has no table of users.
    late.disable_constraint_checking()
    settings.DATABASE_ROUTERS = [ReadLate()]
    yield
    # Its own close() keeps a database in memory open.
    BaseDatabaseWrapper.close(late)
    connections[LATE] = mirror


def catch_up() -> None:
    """The replica knows by now what has happened up to now."""
    sessions = VerificationSession.objects
    sessions.using(LATE).bulk_create(list(sessions.using(DEFAULT_DB_ALIAS)))


def on_the_primary(session: VerificationSession) -> VerificationSession:
    return VerificationSession.objects.using(DEFAULT_DB_ALIAS).get(pk=session.pk)


@pytest.mark.parametrize("ending", ["reported", "canceled"])
def test_a_token_that_is_dead_on_the_primary_is_not_handed_out(
    sandbox: SandboxState, ending: str
) -> None:
    first = issue_token("ann").session
    catch_up()
    if ending == "reported":
        VerificationSession.objects.filter(pk=first.pk).update(reported_at=clock.now())
    else:
        services.cancel(on_the_primary(first))
    again = issue_token("ann")
    assert again.fresh
    assert again.session != first


def test_no_second_token_is_minted_while_the_first_is_on_its_way_to_the_replica(
    sandbox: SandboxState,
) -> None:
    assert issue_token("ann").session == issue_token("ann").session
    assert len(sandbox.tokens) == 1


def test_what_the_replica_has_not_heard_of_counts_against_the_limit(sandbox: SandboxState) -> None:
    for number in range(1, 6):
        session = issue_token("ann").session
        assert session.attempt == number
        on_the_primary(session).move(Status.CANCELED, source=Source.HOST)
    with pytest.raises(errors.TooManyAttempts):
        issue_token("ann")


def test_who_was_verified_a_moment_ago_needs_no_token(sandbox: SandboxState) -> None:
    make_session("ann", status=Status.SUCCEEDED, livemode=False)
    with pytest.raises(errors.AlreadyVerified):
        issue_token("ann")


def test_a_queue_that_is_full_on_the_primary_is_full(
    sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue_token("bob")
    assert QuotaWindow.objects.using(DEFAULT_DB_ALIAS).filter(action=GET_TOKEN).exists()
    monkeypatch.setattr("django_faceid.services.pacing._earliest", lambda *_args: 2**60)
    with CaptureQueriesContext(connection) as captured, pytest.raises(errors.Busy):
        issue_token("ann")
    assert {query["sql"].split()[0] for query in captured} == {"SELECT"}


def test_sessions_claimed_a_moment_ago_do_not_hide_those_that_are_due_after_them() -> None:
    for _session in range(4):
        make_session(next_pull_at=clock.now())
    catch_up()
    claimed = [*services.claim_due(2), *services.claim_due(2)]
    assert len(set(claimed)) == 4


def test_a_process_that_was_killed_is_found_before_the_replica_has_heard_of_it() -> None:
    make_session(status=Status.PENDING, lease_until=clock.now())
    assert services.recover_interrupted() == 1


def test_a_phone_that_reports_without_end_adds_few_rows_all_the_same() -> None:
    session = make_session()
    for sdk_code in range(210, 220):
        services.report(session, sdk_code)
    reports = SessionEvent.objects.using(DEFAULT_DB_ALIAS).filter(kind=EventKind.REPORTED)
    assert reports.count() == MOST_REPORTS


def test_a_look_that_a_killed_worker_had_is_not_had_again(sandbox: SandboxState) -> None:
    staff = User.objects.create_user("staff", is_superuser=True)
    session = issue_token("ann").session
    sessions = VerificationSession.objects.using(DEFAULT_DB_ALIAS)
    job = services.start_bulk(BulkAct.FETCH_RESULT, sessions.all(), actor=staff)
    BulkItem.objects.filter(job=job).update(state=ItemState.STARTED, started_at=clock.now())
    services.fetch_result(session, source=Source.STAFF, actor=staff)
    sessions.update(last_pull_at=None)
    services.run_bulk_jobs()
    assert on_the_primary(session).pulls == 1


def test_a_client_may_act_at_once_on_the_session_it_was_given(sandbox: SandboxState) -> None:
    client = APIClient()
    client.force_authenticate(User.objects.create_user("ann"))
    session = client.post("/faceid/sessions/", {}, format="json").json()
    asked = client.post(f"/faceid/sessions/{session['id']}/result/", {}, format="json")
    canceled = client.post(f"/faceid/sessions/{session['id']}/cancel/", {}, format="json")
    assert (asked.status_code, canceled.status_code) == (202, 200)
    assert ApiCall.objects.using(DEFAULT_DB_ALIAS).count() == 2
