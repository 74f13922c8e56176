from __future__ import annotations

import time

import pytest
from django.db import transaction
from pytest_django import Settings

from django_faceid import conf
from django_faceid.models import QuotaWindow
from django_faceid.services import pacing

pytestmark = pytest.mark.django_db
ACCOUNT = conf.Account(name="default", secret_id="AKID", rate=5)


def microseconds() -> int:
    return time.time_ns() // 1000


@pytest.mark.parametrize("looks", [pacing.LOOKS, 0], ids=["looking", "locked"])
def test_a_wait_is_told_by_the_databases_running_clock(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    settings.FACEID = {**settings.FACEID, "MAX_WAIT": 5.0}
    monkeypatch.setattr(pacing, "LOOKS", looks)
    monkeypatch.setattr(pacing, "LATE", 60.0)
    moments = []
    for _call in range(16):
        before = microseconds()
        with transaction.atomic():
            wait = round(pacing.reserve(ACCOUNT, "A").wait * pacing.MICROSECONDS)
        after = microseconds()
        moments.append(QuotaWindow.objects.get().slots[-1])
        assert before <= moments[-1] - wait <= after
    for first, sixth in zip(moments, moments[5:], strict=False):
        assert sixth - first > pacing.MICROSECONDS
