"""Bulk jobs are forgotten some time after their end, and never before it."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User

from django_faceid import services
from django_faceid.models import BulkAct, BulkItem, BulkJob, EventKind, SessionEvent
from django_faceid.models import VerificationSession as Session
from django_faceid.services import bulk
from django_faceid.testing import advance, make_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> User:
    return User.objects.create_superuser("operator")


def start(operator: User) -> BulkJob:
    return services.start_bulk(BulkAct.CANCEL, Session.objects.all(), actor=operator)


def done(operator: User, sessions: int = 3) -> BulkJob:
    for _each in range(sessions):
        make_session()
    job = start(operator)
    services.run_bulk_jobs()
    return job


def test_a_job_is_forgotten_90_days_after_its_end_and_what_it_did_is_not(operator: User) -> None:
    done(operator)
    advance(days=89)
    services.recover_interrupted()
    assert BulkItem.objects.count() == 3
    advance(days=1)
    services.recover_interrupted()
    assert not BulkJob.objects.exists()
    assert not BulkItem.objects.exists()
    assert Session.objects.count() == 3
    assert SessionEvent.objects.filter(kind=EventKind.TRANSITION, source="staff").count() == 3
    assert LogEntry.objects.count() == 3


def test_a_stopped_job_is_forgotten_with_the_sessions_it_left_alone(operator: User) -> None:
    make_session()
    services.stop_bulk(start(operator))
    advance(days=90)
    assert bulk.forget_old_jobs() == 1
    assert not BulkItem.objects.exists()


def test_a_job_that_runs_is_never_forgotten(operator: User) -> None:
    make_session()
    start(operator)
    advance(days=900)
    assert bulk.forget_old_jobs() == 0
    # It ends now, so its time begins now.
    services.run_bulk_jobs()
    assert bulk.forget_old_jobs() == 0
    assert BulkItem.objects.count() == 1


def test_a_bounded_number_of_rows_goes_at_a_time_the_oldest_first(
    operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "FORGOTTEN_AT_ONCE", 4)
    older = done(operator, sessions=5)
    advance(days=1)
    newer = start(operator)
    services.run_bulk_jobs()
    advance(days=90)
    assert bulk.forget_old_jobs() == 0
    assert (older.items.count(), newer.items.count()) == (1, 5)
    assert bulk.forget_old_jobs() == 1
    assert newer.items.count() == 3
    assert bulk.forget_old_jobs() == 1
    assert not BulkJob.objects.exists()
