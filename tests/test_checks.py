from __future__ import annotations

import re
import sys
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.checks import CheckMessage, run_checks
from django.db import connection
from django.test import override_settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from django_faceid import checks, conf
from django_faceid.beat import BEAT_SCHEDULE

KEYS = {"SECRET_ID": "AKIDexample", "SECRET_KEY": "example-secret"}
KEY = Fernet.generate_key().decode()
CHECKS = Path(checks.__file__)


def complaints(*, deploy: bool = False) -> list[CheckMessage]:
    return run_checks(tags=["faceid"], include_deployment_checks=deploy)


def ids(*, deploy: bool = False) -> list[str]:
    return [message.id or "" for message in complaints(deploy=deploy)]


def faceid(**general: Any) -> override_settings:
    return override_settings(FACEID={"ACCOUNTS": {"default": KEYS}, **general})


def account(**values: Any) -> override_settings:
    return override_settings(FACEID={"ACCOUNTS": {"default": {**KEYS, **values}}})


def flow(**values: Any) -> override_settings:
    return faceid(FLOWS={"withdraw": values})


def picture_of(who: object) -> bytes:
    return b""


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


@pytest.mark.parametrize(
    "general",
    [
        {"FLOWS": {"withdraw": {"REVIEW": "sometimes"}}},
        {"FLOWS": {"withdraw": {"REVIEW_SAMPLE": 2}}},
        {"REVIEW_REASONS": {"reject": {"Not a code": "Words"}}},
    ],
)
def test_an_unknown_rule_sample_or_reason_is_out_of_range(general: dict[str, Any]) -> None:
    with faceid(**general):
        assert ids() == ["faceid.E004"]


def test_the_smallest_settings_are_fine() -> None:
    with faceid():
        assert complaints() == []


def test_settings_with_everything_are_fine() -> None:
    with override_settings(
        FACEID={
            "ACCOUNTS": {
                "default": KEYS,
                "sts": {
                    "CREDENTIALS": "tests.test_checks.picture_of",
                    "QUOTA_GROUP": "main",
                    "PROXY": "http://proxy.example:3128",
                    "CA_BUNDLE": __file__,
                },
            },
            "FLOWS": {
                "withdraw": {
                    "ACCOUNT": "sts",
                    "PARAMS": {
                        "check_mode": "compare",
                        "secure_level": "4",
                        "action_list": ["blink", "nod"],
                        "retry_limit": 3,
                    },
                    "IMAGE": picture_of,
                    "ALLOW": "tests.test_checks.picture_of",
                    "CLIENT_MAY_SET": ["action_list", "meta_data"],
                    "KEEP_MEDIA": ["best_frame", "video", "action_video"],
                },
                "signup": {"PARAMS": {"check_mode": "compare"}, "IMAGE": "client"},
            },
            "ENCRYPTION_KEYS": [KEY],
            "HASH_KEY": "forever",
        }
    ):
        assert complaints(deploy=True) == []


@pytest.mark.parametrize("value", [None, [], "FACEID"])
def test_e001_faceid_is_no_dict(value: object) -> None:
    with override_settings(FACEID=value):
        assert ids(deploy=True) == ["faceid.E001"]


def test_e001_faceid_is_missing() -> None:
    with override_settings():
        from django.conf import settings

        del settings.FACEID
        [message] = complaints()
    assert message.id == "faceid.E001"
    assert "SECRET_ID" in (message.hint or "")


@pytest.mark.parametrize("context", [faceid(MAX_WIAT=1), account(RAET=1), flow(IMGAE=None)])
def test_e002_an_unknown_key_anywhere(context: override_settings) -> None:
    with context:
        [message] = complaints()
    assert message.id == "faceid.E002"
    assert "did you mean" in message.msg


@pytest.mark.parametrize(
    "context",
    [
        faceid(MAX_WAIT="2"),
        faceid(FLOWS=[]),
        faceid(FLOWS={"withdraw": None}),
        account(RATE="20"),
        flow(ENABLED="yes"),
        override_settings(FACEID={"ACCOUNTS": {"default": "AKID"}}),
    ],
)
def test_e003_a_value_of_the_wrong_type(context: override_settings) -> None:
    with context:
        assert ids() == ["faceid.E003"]


@pytest.mark.parametrize(
    "context",
    [
        faceid(MAX_WAIT=0),
        account(RATE=0),
        account(ENDPOINT="https://[half-an-address"),
        account(CA_BUNDLE="/no/such/file.pem"),
        flow(VALID_FOR=timedelta(0)),
    ],
)
def test_e004_a_value_out_of_range(context: override_settings) -> None:
    with context:
        assert ids() == ["faceid.E004"]


@pytest.mark.parametrize(
    "values", [{}, {"SECRET_ID": "AKID"}, {"CREDENTIALS": "tests.test_checks.picture_of"}]
)
def test_e005_an_account_without_credentials(values: dict[str, Any]) -> None:
    with override_settings(FACEID={"ACCOUNTS": {"default": values}}):
        assert ids() == ["faceid.E005"]


@pytest.mark.parametrize(
    "context",
    [
        account(CREDENTIALS="corp.sts.credentials"),
        flow(IMAGE="nowhere.picture"),
        flow(ALLOW="tests.test_checks.KEY"),
        flow(ALLOW="tests.a_module_that_fails.rule"),
    ],
)
def test_e006_a_path_that_cannot_be_imported(
    context: override_settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tests.a_module_that_fails", None)
    with context:
        assert ids() == ["faceid.E006"]


def test_e007_an_endpoint_that_is_not_tencents() -> None:
    with account(ENDPOINT="http://127.0.0.1:8011"):
        assert ids() == ["faceid.E007"]


def test_an_endpoint_that_is_not_tencents_is_fine_where_tests_are_allowed() -> None:
    endpoint = {"default": {**KEYS, "ENDPOINT": "http://127.0.0.1:8011"}}
    with override_settings(FACEID={"ACCOUNTS": endpoint, "ALLOW_TEST_ENDPOINT": True}):
        assert complaints() == []


def test_e008_a_flow_of_an_unknown_account() -> None:
    with flow(ACCOUNT="sg"):
        [message] = complaints()
    assert message.id == "faceid.E008"
    assert "'sg'" in message.msg


def test_e008_the_built_in_flow_needs_the_default_account() -> None:
    with override_settings(FACEID={}):
        assert ids() == ["faceid.E008"]


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"check_moed": "liveness"}, "check_moed"),
        ({"CheckMode": "liveness"}, "CheckMode"),
        ({"check_mode": "both"}, "check_mode must be one of"),
        ({"secure_level": 4}, "secure_level must be a string"),
        ({"retry_limit": 6}, "retry_limit must be between 1 and 5"),
        ({"secure_level": "1", "action_list": ["blink"]}, "action_list is only allowed"),
        ({"action_list": ["blink", "mouth", "nod"]}, "one or two"),
        ({"action_list": [object()]}, "action_list takes"),
        ({"image": "AAAA"}, "image is only allowed"),
        ({7: 7}, "7"),
    ],
)
def test_e009_parameters_that_tencent_would_refuse(params: dict[Any, Any], says: str) -> None:
    with flow(PARAMS=params):
        [message] = complaints()
    assert message.id == "faceid.E009"
    assert says in message.msg


def test_e009_suggests_the_parameter_that_was_meant() -> None:
    with flow(PARAMS={"secure_levl": "1"}):
        [message] = complaints()
    assert message.hint == "Did you mean secure_level?"


def test_e010_a_comparison_without_a_picture() -> None:
    with flow(PARAMS={"check_mode": "compare"}):
        assert ids() == ["faceid.E010"]


@pytest.mark.parametrize("name", ["action_lsit", "image", "CheckMode", 7, ["action_list"], None])
def test_e011_names_that_a_client_cannot_set(name: object) -> None:
    with flow(CLIENT_MAY_SET=["action_list", name]):
        assert ids() == ["faceid.E011"]


@pytest.mark.parametrize("key", ["too short", "", None, 7, KEY[:-2], b"\xff" * 44])
def test_e012_a_bad_key_among_good_ones_is_not_repeated(key: object) -> None:
    with faceid(ENCRYPTION_KEYS=[KEY, key]):
        [message] = complaints()
    assert message.id == "faceid.E012"
    assert "[1]" in message.msg
    assert not key or str(key) not in str(message)


def test_e013_times_without_zones() -> None:
    with override_settings(USE_TZ=False):
        assert ids() == ["faceid.E013"]


@pytest.mark.parametrize("name", ["", "x" * 65, "with/slash", 7, None])
def test_e014_names_that_have_no_place(name: Any) -> None:
    with faceid(FLOWS={name: {}}):
        assert ids() == ["faceid.E014"]
    with override_settings(FACEID={"ACCOUNTS": {"default": KEYS, name: KEYS}}):
        assert ids() == ["faceid.E014"]


def test_e015_rest_framework_is_not_installed() -> None:
    with override_settings(INSTALLED_APPS=["django.contrib.auth", "django_faceid"]):
        assert "faceid.E015" in ids()


def test_e016_media_are_kept_and_there_is_no_place_for_them() -> None:
    with override_settings(STORAGES={}), flow(KEEP_MEDIA=["video"]):
        assert ids() == ["faceid.E016"]
    with override_settings(STORAGES={}), flow(KEEP_MEDIA=[]):
        assert ids() == []


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


def test_all_that_is_wrong_is_told_at_once() -> None:
    with override_settings(
        FACEID={
            "ACCOUNTS": {"default": {"RATE": 0, "RAET": 1}},
            "FLOWS": {"withdraw": {"REVIEW": 7}, "signup": {"PARAMS": {"check_mode": "both"}}},
            "MAX_WAIT": "2",
        }
    ):
        found = ids()
    assert sorted(found) == sorted(
        ["faceid.E003", "faceid.E004", "faceid.E002", "faceid.E003", "faceid.E009"]
    )


def test_a_check_asks_no_database() -> None:
    # Without the django_db mark any query fails.
    assert isinstance(complaints(deploy=True), list)


def test_no_complaint_repeats_a_secret() -> None:
    secret = "do-not-tell"
    with override_settings(
        FACEID={
            "ACCOUNTS": {"default": {"SECRET_KEY": secret}, "b": {**KEYS, "TOKEN": [secret]}},
            "ENCRYPTION_KEYS": [secret],
            "HASH_KEY": [secret],
        }
    ):
        found = complaints(deploy=True)
    assert len(found) > 3
    assert secret not in "".join(map(str, found))


def _keys(cls: type[Any]) -> st.SearchStrategy[str]:
    return st.sampled_from([option.name.upper() for option in fields(cls)])


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.binary(max_size=8),
    st.timedeltas(),
    st.sampled_from(["default", "client", "compare", "check_mode", "action_list", "image"]),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS, inner, max_size=3),
    max_leaves=6,
)


def _like(cls: type[Any]) -> st.SearchStrategy[Any]:
    one = st.dictionaries(_keys(cls) | SCALARS, ANYTHING, max_size=5)
    return st.dictionaries(SCALARS, one | ANYTHING, max_size=3) | ANYTHING


@hypothesis_settings(max_examples=150, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "ACCOUNTS": _like(conf.Account),
            "FLOWS": _like(conf.Flow),
            "ENCRYPTION_KEYS": ANYTHING,
            "ALLOW_TEST_ENDPOINT": ANYTHING,
        },
    )
    | st.dictionaries(_keys(conf.Settings) | SCALARS, ANYTHING, max_size=5)
    | ANYTHING
)
def test_no_check_raises_whatever_faceid_holds(value: Any) -> None:
    with override_settings(FACEID=value):
        complaints(deploy=True)


@pytest.mark.parametrize("number", sorted(set(re.findall(r"[EW]\d{3}", CHECKS.read_text()))))
def test_every_id_has_a_test(number: str) -> None:
    assert f"faceid.{number}" in Path(__file__).read_text()
