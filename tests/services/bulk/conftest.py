from __future__ import annotations

from collections import Counter

import pytest
from django.contrib.auth.models import User

from django_faceid import services
from django_faceid.models import (
    BulkAct,
    BulkItem,
    BulkJob,
    VerificationSession,
)
from django_faceid.sandbox.state import SandboxState
from django_faceid.testing import play

FETCH, CANCEL = BulkAct.FETCH_RESULT, BulkAct.CANCEL
PULLS = {"action": "GetFaceIdResultIntl"}


@pytest.fixture
def operator() -> User:
    return User.objects.create_superuser("operator")


@pytest.fixture
def issued(sandbox: SandboxState) -> list[VerificationSession]:
    sessions = [services.issue_token(f"reference-{n}").session for n in range(3)]
    for session in sessions:
        play(session, "pass")
    return sessions


def start(act: BulkAct, actor: User) -> BulkJob:
    return services.start_bulk(act, VerificationSession.objects.all(), actor=actor)


def stands(job: BulkJob) -> Counter[str]:
    job.refresh_from_db()
    return job.counts()


def reasons(job: BulkJob) -> dict[str, str]:
    rows = BulkItem.objects.filter(job=job).order_by("id")
    return {str(item.session.public_id): item.reason for item in rows.select_related("session")}
