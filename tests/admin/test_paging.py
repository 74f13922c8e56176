from __future__ import annotations

import pytest
from django.test import Client

from django_faceid.admin.paging import CappedPaginator
from django_faceid.models import VerificationSession
from django_faceid.testing import make_session
from tests.admin.conftest import SESSIONS, text


@pytest.fixture
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_faceid.admin.paging.MOST_COUNTED", 3)


@pytest.mark.usefixtures("_few")
@pytest.mark.django_db
@pytest.mark.parametrize(("rows", "count", "capped"), [(2, 2, False), (3, 3, False), (5, 3, True)])
def test_counting_stops_at_the_cap(rows: int, count: int, capped: bool) -> None:
    for _ in range(rows):
        make_session()
    paginator = CappedPaginator(VerificationSession.objects.all(), 50)
    assert (paginator.count, paginator.capped) == (count, capped)


@pytest.mark.usefixtures("_few")
def test_a_list_says_when_there_is_more_than_it_counts(superuser: Client) -> None:
    for _ in range(3):
        make_session()
    assert "3+ match" not in text(superuser, SESSIONS)
    make_session()
    assert "3+ match" in text(superuser, SESSIONS)
