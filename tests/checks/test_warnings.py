"""Settings and surroundings that will hurt later, one warning each."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import override_settings

from django_faceid.beat import BEAT_SCHEDULE
from tests.checks.complaints import KEY, complaints, flow, ids
from tests.given import account, faceid


@pytest.mark.parametrize(
    ("rules", "warns"),
    [
        ({"REVIEW": "always"}, True),
        ({"REVIEW": ["risk"]}, True),
        ({"REVIEW_SAMPLE": 0.01}, True),
        ({"REVIEW": "always", "KEEP_MEDIA": ["best_frame"]}, False),
        ({"REVIEW": "never", "REVIEW_SAMPLE": 0}, False),
    ],
)
def test_a_review_with_nothing_to_look_at_is_warned_of(rules: dict[str, Any], warns: bool) -> None:
    with flow(**rules):
        assert ids() == (["faceid.W007"] if warns else [])


def test_w001_a_region_that_is_not_known() -> None:
    with account(REGION="ap-atlantis"):
        assert ids() == ["faceid.W001"]


@override_settings(DEBUG=False)
def test_w002_a_test_endpoint_in_production() -> None:
    with faceid(ALLOW_TEST_ENDPOINT=True, ENCRYPTION_KEYS=[KEY], HASH_KEY="forever"):
        assert ids() == []
        assert ids(deploy=True) == ["faceid.W002"]


@override_settings(DEBUG=True)
def test_a_test_endpoint_is_fine_while_debugging() -> None:
    with faceid(ALLOW_TEST_ENDPOINT=True, ENCRYPTION_KEYS=[KEY], HASH_KEY="forever"):
        assert ids(deploy=True) == []


def test_w003_and_w004_keys_that_follow_from_secret_key() -> None:
    with faceid():
        messages = complaints(deploy=True)
    assert [message.id for message in messages] == ["faceid.W003", "faceid.W004"]
    assert all("rotating" in message.msg for message in messages)
    assert "who is verified" in messages[1].msg


@pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite: run it without another DB")
@pytest.mark.parametrize("mode", [None, "DEFERRED"])
def test_w005_sqlite_that_locks_late(mode: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "transaction_mode", mode)
    assert ids() == ["faceid.W005"]


@pytest.mark.parametrize("level", [3, "repeatable read", "serializable", None])
def test_w010_a_database_that_fails_where_it_could_wait(
    level: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = connection.settings_dict["OPTIONS"]
    monkeypatch.setitem(options, "isolation_level", level)
    assert ids() == ["faceid.W010"]
    for fine in (2, "read committed"):
        monkeypatch.setitem(options, "isolation_level", fine)
        assert ids() == []


def test_w006_a_beat_that_forgets_a_task() -> None:
    some = {name: entry for name, entry in BEAT_SCHEDULE.items() if "collect" not in name}
    with override_settings(CELERY_BROKER_URL="redis://", CELERY_BEAT_SCHEDULE=some):
        [message] = complaints()
    assert message.id == "faceid.W006"
    assert "collect_results" in message.msg
    assert "expire_tokens" not in message.msg


@pytest.mark.parametrize("schedule", [None, {}])
def test_w006_celery_without_any_schedule(schedule: object) -> None:
    with override_settings(CELERY_BROKER_URL="redis://", CELERY_BEAT_SCHEDULE=schedule):
        assert ids() == ["faceid.W006"]


def test_a_whole_schedule_under_other_names_is_fine() -> None:
    renamed = {f"mine-{name}": entry for name, entry in BEAT_SCHEDULE.items()}
    with override_settings(CELERY_BROKER_URL="redis://", CELERY_BEAT_SCHEDULE=renamed):
        assert ids() == []


def test_a_schedule_kept_by_another_scheduler_is_not_judged() -> None:
    with override_settings(CELERY_BROKER_URL="redis://", CELERY_BEAT_SCHEDULER="db:Scheduler"):
        assert ids() == []


def test_a_project_without_celery_is_not_asked_for_a_schedule() -> None:
    with faceid():
        assert ids() == []
