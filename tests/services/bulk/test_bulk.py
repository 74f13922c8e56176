from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection, connections

from django_faceid import clock, services
from django_faceid.models import (
    ApiCall,
    BulkItem,
    BulkJob,
    JobState,
    Status,
    VerificationSession,
)
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import bulk, bulk_acts
from django_faceid.services.errors import NotAllowed
from tests.services.bulk.conftest import CANCEL, FETCH, PULLS, stands, start

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_worker_that_lost_its_lease_begins_nothing_more(
    operator: User, issued: list[VerificationSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(FETCH, operator)
    real = services.fetch_result

    def slow(*args: Any, **kwargs: Any) -> VerificationSession:
        result = real(*args, **kwargs)
        # Another worker takes over meanwhile.
        BulkJob.objects.filter(pk=job.pk).update(lease_until=clock.now() + timedelta(hours=1))
        return result

    monkeypatch.setattr(bulk_acts, "fetch_result", slow)
    assert services.run_bulk_jobs() == 1
    assert ApiCall.objects.filter(**PULLS).count() == 1


@pytest.mark.skipif(connection.vendor == "sqlite", reason="one writer at a time")
def test_two_workers_share_a_job_without_doing_anything_twice(
    operator: User, issued: list[VerificationSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "TURN", 1)
    job = start(FETCH, operator)

    def work() -> None:
        try:
            services.run_bulk_jobs(seconds=10)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _each in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    services.run_bulk_jobs()
    assert stands(job) == {"done": 3}
    assert ApiCall.objects.filter(**PULLS).count() == 3
    assert LogEntry.objects.count() == 3


def test_a_stopped_job_begins_no_further_session(
    operator: User, issued: list[VerificationSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(FETCH, operator)
    real = services.fetch_result

    def stopped_meanwhile(*args: Any, **kwargs: Any) -> VerificationSession:
        assert services.stop_bulk(job)
        return real(*args, **kwargs)

    monkeypatch.setattr(bulk_acts, "fetch_result", stopped_meanwhile)
    assert services.run_bulk_jobs() == 1
    assert stands(job) == {"done": 1, "waiting": 2}
    assert job.state == JobState.STOPPED
    assert not services.stop_bulk(job)
    assert services.run_bulk_jobs() == 0


@pytest.mark.parametrize("how", ["deleted", "inactive", "without the permission"])
def test_a_job_ends_with_the_rights_of_whoever_started_it(
    operator: User, issued: list[VerificationSession], how: str
) -> None:
    job = start(FETCH, operator)
    if how == "deleted":
        operator.delete()
    else:
        User.objects.update(is_superuser=False, is_active=how != "inactive")
    assert services.run_bulk_jobs() == 0
    assert stands(job) == {"waiting": 3}
    assert (job.state, job.last_error) == (JobState.STOPPED, "not_allowed")


def test_nobody_starts_a_job_without_the_permission(sandbox: SandboxState) -> None:
    with pytest.raises(NotAllowed):
        start(CANCEL, User.objects.create_user("onlooker"))
    assert not BulkJob.objects.exists()


def test_a_session_that_is_deleted_meanwhile_is_out_of_the_job(
    operator: User, issued: list[VerificationSession]
) -> None:
    job = start(FETCH, operator)
    issued[2].delete()
    services.run_bulk_jobs()
    assert stands(job) == {"done": 2}
    assert job.state == JobState.DONE


def test_a_job_has_a_ceiling_and_says_so(
    operator: User, issued: list[VerificationSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST", 2)
    job = start(CANCEL, operator)
    assert job.capped
    services.run_bulk_jobs()
    assert stands(job) == {"done": 2}
    issued[0].refresh_from_db()
    assert issued[0].status == Status.ISSUED, "the newest are taken"
    monkeypatch.setattr(bulk, "MOST", 3)
    assert not start(CANCEL, operator).capped


def test_jobs_take_turns(
    operator: User, issued: list[VerificationSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "TURN", 1)
    jobs = [start(CANCEL, operator), start(CANCEL, operator)]
    order: list[int] = []
    real = bulk_acts.do

    def do(job: BulkJob, item: BulkItem) -> None:
        order.append(job.pk)
        real(job, item)

    monkeypatch.setattr(bulk_acts, "do", do)
    services.run_bulk_jobs()
    assert order == [job.pk for _turn in range(3) for job in jobs]


def test_a_job_without_sessions_is_done_at_once(operator: User) -> None:
    job = start(CANCEL, operator)
    services.run_bulk_jobs()
    job.refresh_from_db()
    assert job.state == JobState.DONE
