"""What the status says of sessions, quota and whatever is overdue."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries, Settings

from django_faceid import clock, services
from django_faceid.models import Status, VerificationSession
from django_faceid.services import status
from django_faceid.testing import advance, faceid_sandbox, make_session, play
from tests.overdue import all_tasks_ran, call, overdue_session, problems, seconds, undelivered_event

pytestmark = pytest.mark.django_db


def run(**options: Any) -> tuple[int, str]:
    """The command's exit status and what it printed."""
    out = io.StringIO()
    try:
        call_command("faceid_status", stdout=out, **options)
    except CommandError as error:
        return error.returncode, out.getvalue()
    return 0, out.getvalue()


# When all is well


def test_an_empty_project_is_well_although_nothing_ever_ran() -> None:
    code, text = run()
    assert code == 0
    assert "PROBLEM" not in text
    assert "never ran" in text


def test_a_busy_project_is_well_while_its_tasks_run() -> None:
    with faceid_sandbox():
        play(services.issue_token("reference-1").session, "pass")
        advance(seconds=120)
        services.collect_results()
        services.issue_token("reference-2")
        all_tasks_ran()
        code, text = run()
    assert code == 0
    assert "1 issued, 1 succeeded" in text
    assert "PROBLEM" not in text


# States, by what time says


def test_sessions_are_counted_by_what_time_has_made_of_them() -> None:
    make_session()
    overdue_session(seconds(1))
    make_session(status=Status.PENDING, lease_until=clock.now() - seconds(1))
    assert status.overview().sessions == {"issued": 1, "expired": 1, "error": 1}


def test_the_oldest_pending_session_is_named() -> None:
    make_session(status=Status.PENDING)
    make_session(status=Status.PENDING, created_at=clock.now() - seconds(25))
    seen = status.overview()
    assert seen.pending.number == 2
    assert seen.pending.oldest is not None
    assert round((seen.at - seen.pending.oldest).total_seconds()) == 25


def test_owed_results_say_how_long_the_soonest_can_still_be_fetched() -> None:
    make_session(status=Status.EXPIRED)
    overdue_session(
        timedelta(hours=2), status=Status.EXPIRED, live_key=None, last_pull_at=clock.now()
    )
    make_session(status=Status.SUCCEEDED)
    make_session(status=Status.CANCELED)
    code, text = run()
    assert "2, the first to close has 69.8 h left" in text
    assert code == 0


def test_what_waits_for_staff_is_told_with_what_one_of_two_wants_otherwise() -> None:
    now = clock.now()
    for hours in (3, 31):
        then = now - timedelta(hours=hours)
        make_session(status=Status.FAILED, review="pending", result_at=then)
    two = make_session(status=Status.SUCCEEDED, flow_snapshot={"second_review": True})
    services.reject(two, actor=User.objects.create_user("ann"), reason="fraud")
    _code, text = run()
    assert re.search(r"waiting for staff +2, oldest 31 h", text)
    assert re.search(r"decided, reversal proposed +1\n", text)
    seen = json.loads(run(json=True)[1])
    assert (seen["review"]["number"], seen["reversals"]["number"]) == (2, 1)


# What is overdue


def test_a_session_pending_for_a_minute_past_its_lease_is_a_problem() -> None:
    all_tasks_ran()
    late = make_session(status=Status.PENDING, lease_until=clock.now() - seconds(50))
    assert problems() == []
    VerificationSession.objects.filter(pk=late.pk).update(lease_until=clock.now() - seconds(70))
    assert problems() == ["pending"]


def test_a_label_two_minutes_behind_is_a_problem() -> None:
    all_tasks_ran()
    overdue_session(seconds(110), next_pull_at=None)
    assert problems() == []
    overdue_session(seconds(130), next_pull_at=None)
    assert problems() == ["overdue"]


def test_an_event_undelivered_for_two_minutes_is_a_problem() -> None:
    all_tasks_ran()
    undelivered_event(seconds(110))
    assert problems() == []
    undelivered_event(seconds(130))
    assert problems() == ["undelivered"]


def test_an_event_that_is_just_being_delivered_does_not_count() -> None:
    undelivered_event(seconds(5))
    assert status.overview().undelivered.number == 0


def test_owed_results_of_an_account_that_left_the_settings_are_a_problem(
    settings: Settings,
) -> None:
    accounts = settings.FACEID["ACCOUNTS"]
    old = {"SECRET_ID": "AKIDold", "SECRET_KEY": "old"}
    settings.FACEID = {**settings.FACEID, "ACCOUNTS": {**accounts, "old": old}}
    make_session(account="old")
    assert problems() == []
    settings.FACEID = {**settings.FACEID, "ACCOUNTS": accounts}
    code, text = run()
    assert code == 1
    assert "'old' left FACEID with 1 results owed → put it back under ACCOUNTS" in text


def owed_result(age: timedelta, asked: timedelta | None) -> VerificationSession:
    """A session whose token was issued so long ago, and about which somebody last asked then."""
    session = overdue_session(age - timedelta(minutes=10), status=Status.EXPIRED, live_key=None)
    assert session.issued_at is not None
    session.last_pull_at = None if asked is None else session.issued_at + asked
    session.save(update_fields=["last_pull_at"])
    return session


@pytest.mark.parametrize("asked", [None, timedelta(minutes=9)])
def test_looks_that_are_claimed_and_never_had_are_a_problem(asked: timedelta | None) -> None:
    all_tasks_ran()
    owed_result(timedelta(minutes=39), asked)
    owed_result(timedelta(minutes=50), timedelta(minutes=11))
    assert problems() == []
    owed_result(timedelta(minutes=41), asked)
    code, text = run()
    assert code == 1
    assert "PROBLEM 1 owed result not asked for, the first for 31 min" in text


def test_results_that_tencent_soon_forgets_are_a_problem_in_time() -> None:
    all_tasks_ran()
    owed_result(timedelta(hours=69, minutes=59), timedelta(hours=69))
    overdue_session(timedelta(hours=71), status=Status.SUCCEEDED)
    assert problems() == []
    owed_result(timedelta(hours=70, minutes=1), timedelta(hours=69))
    code, text = run()
    assert code == 1
    assert "PROBLEM 1 owed result nearly lost or lost, the first in 119 min" in text


def test_results_that_tencent_has_forgotten_stay_a_problem() -> None:
    all_tasks_ran()
    owed_result(timedelta(hours=75), timedelta(hours=69))
    code, text = run(json=True)
    seen = json.loads(text)
    assert code == 1
    assert [problem["code"] for problem in seen["problems"]] == ["closing"]
    assert "the first 3 h ago" in seen["problems"][0]["seen"]
    assert (seen["closing"]["number"], seen["unasked"]["number"]) == (1, 0)


def test_a_short_window_raises_no_alarm_from_the_start(settings: Settings) -> None:
    settings.FACEID = {**settings.FACEID, "RESULT_LIFETIME": timedelta(hours=2)}
    all_tasks_ran()
    with faceid_sandbox():
        services.issue_token("reference-1")
        advance(minutes=109)
        services.expire_tokens()
        VerificationSession.objects.update(last_pull_at=clock.now())
        all_tasks_ran()
        assert problems() == []
        advance(minutes=5)
        all_tasks_ran()
        assert problems() == ["closing"]


def test_who_walked_away_is_never_a_problem() -> None:
    with faceid_sandbox():
        services.issue_token("reference-1")
        seen = set()
        for _half_hour in range(2 * 73):
            advance(minutes=30)
            services.expire_tokens()
            services.collect_results()
            all_tasks_ran()
            seen |= set(problems())
    assert seen == set()
    assert not VerificationSession.objects.exclude(sdk_token="").exists()


# Quota


def test_the_last_minute_of_each_action_is_held_against_its_rate() -> None:
    noon = clock.now().replace(microsecond=0) - seconds(10)
    for waited in (0, 200, 400, 1000):
        call(started_at=noon, waited=waited)
    call(started_at=noon, action="GetFaceIdResultIntl")
    call(started_at=noon - timedelta(minutes=2))
    first, second = status.overview().quota
    assert first == ("default", "GetFaceIdResultIntl", 1, 1, 20, 0)
    assert second == ("default", "GetFaceIdTokenIntl", 4, 3, 20, 0)


def test_accounts_that_share_a_quota_are_told_together_and_by_their_names(
    settings: Settings,
) -> None:
    one = {"SECRET_ID": "AKIDshared", "SECRET_KEY": "key"}
    settings.FACEID = {**settings.FACEID, "ACCOUNTS": {"b": one, "a": one}}
    noon = clock.now().replace(microsecond=0) - seconds(10)
    for account in ("a", "b"):
        for _call in range(10):
            call(account=account, started_at=noon)
    call(account="b", started_at=noon + seconds(1))
    [use] = status.overview().quota
    assert use == ("a, b", "GetFaceIdTokenIntl", 21, 20, 20, 0)
    assert "AKID" not in run()[1] + run(json=True)[1]


def test_refusals_for_the_number_of_calls_are_counted_and_other_refusals_are_not() -> None:
    call(error_code="RequestLimitExceeded")
    call(error_code="RequestLimitExceeded.UinLimitExceeded")
    call(error_code="AuthFailure.SignatureExpire")
    [use] = status.overview().quota
    assert (use.calls, use.refused) == (3, 2)


def test_calls_of_an_account_that_left_the_settings_have_no_rate() -> None:
    call(account="old")
    [use] = status.overview().quota
    assert use.rate is None
    assert "it left FACEID" in run()[1]


# Bounds


def test_what_met_its_bound_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "CAP", 2)
    for _row in range(3):
        overdue_session(seconds(300))
        undelivered_event(seconds(300))
        call()
    seen = status.overview()
    assert seen.sessions_capped
    assert seen.quota_capped
    assert sum(seen.sessions.values()) == 2
    for queue in (seen.overdue, seen.owed, seen.undelivered, seen.due_pulls):
        assert queue.capped == (queue is not seen.due_pulls)
    assert "more than 2, oldest" in run()[1]
    assert "more than 2 sessions still labelled issued" in run()[1]


def test_every_query_is_bounded_and_their_number_is_fixed(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _row in range(5):
        overdue_session(seconds(1))
    with django_assert_num_queries(12) as captured:
        status.overview()
    assert isinstance(captured, CaptureQueriesContext)
    statements = [query["sql"] for query in captured.captured_queries]
    unbounded = [sql for sql in statements if f"LIMIT {status.CAP + 1}" not in sql]
    assert [sql for sql in unbounded if "heartbeat" not in sql] == []


# For programs


def test_json_carries_what_the_table_shows_and_the_exit_status_says_the_same() -> None:
    overdue_session(seconds(130))
    code, text = run(json=True)
    seen = json.loads(text)
    assert code == 1
    assert seen["sessions"] == {"by_state": {"expired": 1}, "capped": False}
    assert seen["overdue"]["number"] == 1
    assert seen["owed"]["by_account"] == {"default": 1}
    assert seen["owed"]["hours_left"] == pytest.approx(71.8, abs=0.1)
    assert {problem["code"] for problem in seen["problems"]} == {"overdue", "task"}
    assert all(problem["advice"] for problem in seen["problems"])


def test_settings_that_cannot_be_read_are_named_in_one_line(settings: Settings) -> None:
    settings.FACEID = {"ACOUNTS": {}}
    with pytest.raises(CommandError, match=r"did you mean ACCOUNTS.*faceid_check"):
        call_command("faceid_status", stdout=io.StringIO())


def test_the_overview_holds_no_token_and_no_secret() -> None:
    session = make_session()
    for _code, text in (run(), run(json=True)):
        assert session.sdk_token not in text
        assert "AKIDtests" not in text
