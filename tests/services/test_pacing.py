from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from django_faceid import conf, services
from django_faceid.models import QuotaWindow
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import errors, pacing
from django_faceid.tencent.types import GET_TOKEN

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stopped")]
ACCOUNT = conf.Account(name="default", secret_id="AKID", rate=5)


@pytest.fixture(autouse=True)
def patience(settings: Settings) -> None:
    settings.FACEID = {**settings.FACEID, "MAX_WAIT": 5.0, "GUARD": 0.03}


def reserve(
    account: conf.Account = ACCOUNT, action: str = "A", *, background: bool = False
) -> float:
    with transaction.atomic():
        return pacing.reserve(account, action, background=background).wait


def test_a_second_holds_no_more_calls_than_the_account_may_make() -> None:
    moments = [reserve() for _call in range(16)]
    assert moments == sorted(moments)
    for first, sixth in zip(moments, moments[5:], strict=False):
        assert sixth - first > 1.0


def test_below_the_limit_nobody_waits() -> None:
    assert [reserve() for _call in range(5)] == [0.0] * 5


def test_who_would_wait_too_long_is_told_at_once_and_takes_nothing(settings: Settings) -> None:
    for _call in range(5):
        reserve()
    settings.FACEID = {**settings.FACEID, "MAX_WAIT": 0.5}
    with pytest.raises(errors.Busy) as refusal:
        reserve()
    assert refusal.value.retry_after == 2
    assert len(QuotaWindow.objects.get().slots) == 5
    settings.FACEID = {**settings.FACEID, "MAX_WAIT": 5.0}
    assert reserve() == pytest.approx(1.03)


def fits() -> bool:
    """Whether whoever asks now is let in to reserve."""
    try:
        with pacing.admission(ACCOUNT, "A"):
            return True
    except errors.Busy:
        return False


def test_a_full_queue_is_seen_before_a_row_is_written(settings: Settings) -> None:
    assert fits()
    for _call in range(5):
        reserve()
    assert fits()
    settings.FACEID = {**settings.FACEID, "MAX_WAIT": 0.5}
    with CaptureQueriesContext(connection) as captured, pytest.raises(errors.Busy) as refusal:
        pacing.admission(ACCOUNT, "A").__enter__()
    assert refusal.value.retry_after == 2
    assert {query["sql"].split()[0] for query in captured.captured_queries} == {"SELECT"}


def test_whoever_is_about_to_reserve_is_counted_as_if_they_had(settings: Settings) -> None:
    settings.FACEID = {**settings.FACEID, "MAX_WAIT": 0.5}
    for _call in range(4):
        reserve()
    with pacing.admission(ACCOUNT, "A"):
        assert not fits()
        with pacing.admission(ACCOUNT, "B"):
            reserve()
    assert not fits()


def test_whoever_gave_up_before_reserving_is_counted_no_more(settings: Settings) -> None:
    settings.FACEID = {**settings.FACEID, "MAX_WAIT": 0.5}
    for _call in range(4):
        reserve()
    with pytest.raises(RuntimeError), pacing.admission(ACCOUNT, "A"):
        raise RuntimeError
    assert fits()
    assert reserve() == 0.0


@pytest.mark.parametrize("times", [1, pacing.LOOKS])
def test_a_moment_that_somebody_else_takes_meanwhile_is_theirs(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    settings.FACEID = {**settings.FACEID, "MIN_SPACING": 0.1}
    reserve()
    real = pacing._look
    theirs: list[None] = []

    def look(account: conf.Account, action: str) -> Any:
        seen = real(account, action)
        if len(theirs) < times:
            theirs.append(None)
            monkeypatch.setattr(pacing, "_look", real)
            reserve()
            monkeypatch.setattr(pacing, "_look", look)
        return seen

    monkeypatch.setattr(pacing, "_look", look)
    reserve()
    assert len(theirs) == times
    window = QuotaWindow.objects.get()
    assert len(window.slots) == len(set(window.slots)) == window.version == times + 2


def test_a_moment_that_passes_while_the_row_is_locked_is_left_unused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = pacing._look

    def look(account: conf.Account, action: str) -> Any:
        seen = real(account, action)
        return seen._replace(since=seen.since - pacing.LATE)

    monkeypatch.setattr(pacing, "_look", look)
    reserve()
    assert len(QuotaWindow.objects.get().slots) == 1 + pacing.LOOKS


def test_who_has_waited_already_waits_no_longer_than_anybody(settings: Settings) -> None:
    for _call in range(5):
        reserve()
    with pytest.raises(errors.Busy), transaction.atomic():
        pacing.reserve(ACCOUNT, "A", waited=4.5)
    with transaction.atomic():
        assert pacing.reserve(ACCOUNT, "A", waited=3.5).wait == pytest.approx(1.03)


def test_a_call_in_a_full_queue_writes_nothing_at_all(
    sandbox: SandboxState, settings: Settings
) -> None:
    account = conf.account("default")
    for _call in range(account.rate):
        reserve(account, GET_TOKEN)
    settings.FACEID = {**settings.FACEID, "MAX_WAIT": 0.1}
    with CaptureQueriesContext(connection) as captured, pytest.raises(errors.Busy):
        services.issue_token("reference-1")
    assert [q["sql"] for q in captured.captured_queries if "INSERT" in q["sql"]] == []
    assert sandbox.tokens == {}


def test_a_rollback_gives_the_moment_back() -> None:
    for _call in range(4):
        reserve()
    with pytest.raises(RuntimeError), transaction.atomic():
        pacing.reserve(ACCOUNT, "A")
        raise RuntimeError
    assert reserve() == 0.0


def test_actions_and_accounts_have_windows_of_their_own() -> None:
    other = conf.Account(name="other", secret_id="AKIDother", rate=5)
    for _call in range(5):
        reserve()
    assert reserve(action="B") == 0.0
    assert reserve(other) == 0.0


def test_accounts_of_one_quota_group_share_a_window() -> None:
    one = conf.Account(name="one", secret_id="1", quota_group="main", rate=5)
    two = conf.Account(name="two", secret_id="2", quota_group="main", rate=5)
    for _call in range(5):
        reserve(one)
    assert reserve(two) == pytest.approx(1.03)


def test_a_refusal_starts_a_new_second() -> None:
    with transaction.atomic():
        pacing.back_off(ACCOUNT, "A")
    assert reserve() == pytest.approx(1.03)


def test_a_refusal_while_our_own_calls_fill_the_second_moves_it_a_little_each_time() -> None:
    for _call in range(5):
        reserve()
    for _refusal in range(2):
        with transaction.atomic():
            pacing.back_off(ACCOUNT, "A")
    assert reserve() == pytest.approx(1.43)


def test_no_number_of_refusals_at_once_opens_the_window_again() -> None:
    for _call in range(5):
        reserve()
    for _refusal in range(60):
        with transaction.atomic():
            pacing.back_off(ACCOUNT, "A")
        assert len(pacing._look(ACCOUNT, "A").slots) == 5
    with pytest.raises(errors.Busy):
        reserve()


def test_the_guard_is_a_setting(settings: Settings) -> None:
    settings.FACEID = {**settings.FACEID, "GUARD": 0.5}
    for _call in range(5):
        reserve()
    assert reserve() == pytest.approx(1.5)


def test_an_account_whose_rate_fell_keeps_within_it() -> None:
    for _call in range(5):
        reserve()
    slower = conf.Account(name="default", secret_id="AKID", rate=2)
    assert reserve(slower) == pytest.approx(1.03)


def test_background_work_takes_half_of_an_idle_quota() -> None:
    account = conf.Account(name="default", secret_id="AKID", rate=20)
    assert [reserve(account, background=True) for _call in range(10)] == [0.0] * 10
    with pytest.raises(errors.Busy):
        reserve(account, background=True)
    assert [reserve(account) for _call in range(10)] == [0.0] * 10


def test_background_work_gives_way_but_never_starves() -> None:
    for _call in range(5):
        reserve()
    assert [reserve(background=True) for _call in range(2)]
    with pytest.raises(errors.Busy):
        reserve(background=True)
    assert reserve() == pytest.approx(1.03)


def test_people_who_fill_the_queue_leave_background_work_its_two_calls(
    settings: Settings,
) -> None:
    account = conf.Account(name="default", secret_id="AKID", rate=20)
    settings.FACEID = {**settings.FACEID, "MIN_SPACING": None, "MAX_WAIT": 0.5}
    with pytest.raises(errors.Busy):
        while True:
            reserve(account)
    with pacing.admission(account, "A", background=True):
        assert [reserve(account, background=True) < 1.5 for _call in range(2)] == [True] * 2
    with pytest.raises(errors.Busy):
        reserve(account, background=True)


def test_a_quota_no_larger_than_its_share_is_not_filled_by_background_work() -> None:
    account = conf.Account(name="default", secret_id="AKID", rate=1)
    with pytest.raises(errors.Busy):
        while True:
            assert reserve(account, background=True) <= 5.0


def test_a_burst_leaves_over_half_a_second(settings: Settings) -> None:
    settings.FACEID = {**settings.FACEID, "MIN_SPACING": None}
    assert [reserve() for _call in range(5)] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert reserve() == pytest.approx(1.03)


def test_a_long_queue_leaves_evenly_so_that_no_burst_comes_back(settings: Settings) -> None:
    settings.FACEID = {**settings.FACEID, "MIN_SPACING": None, "MAX_WAIT": 4.0}
    moments = [reserve() for _call in range(20)]
    gaps = [later - sooner for sooner, later in pairwise(moments)]
    assert gaps[:4] == pytest.approx([0.1] * 4)
    assert all(0.19 < gap < 0.24 for gap in gaps[-5:])


def test_calls_can_be_spaced_evenly(settings: Settings) -> None:
    settings.FACEID = {**settings.FACEID, "MIN_SPACING": 0.15}
    assert [reserve() for _call in range(4)] == pytest.approx([0.0, 0.15, 0.3, 0.45])


def test_a_database_clock_that_was_set_back_does_not_starve_background_work() -> None:
    ahead = (time.time_ns() // 1000) + 600_000_000
    QuotaWindow.objects.create(
        group=ACCOUNT.quota_name, action="A", slots=[ahead] * 5, background=[ahead] * 5
    )
    for _call in range(5):
        reserve()
    assert [reserve(background=True) for _call in range(2)]
    assert ahead not in QuotaWindow.objects.get().background


def test_a_database_clock_that_was_set_back_is_no_outage() -> None:
    ahead = (time.time_ns() // 1000) + 600_000_000
    QuotaWindow.objects.create(group=ACCOUNT.quota_name, action="A", slots=[ahead] * 5)
    assert fits()
    assert reserve() == 0.0
