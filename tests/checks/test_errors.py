"""Settings that cannot work, one error each."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings

from tests.checks.complaints import KEY, complaints, flow, ids, picture_of
from tests.given import KEYS, account, faceid


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
                    "CREDENTIALS": "tests.checks.complaints.picture_of",
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
                    "ALLOW": "tests.checks.complaints.picture_of",
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
    "values", [{}, {"SECRET_ID": "AKID"}, {"CREDENTIALS": "tests.checks.complaints.picture_of"}]
)
def test_e005_an_account_without_credentials(values: dict[str, Any]) -> None:
    with override_settings(FACEID={"ACCOUNTS": {"default": values}}):
        assert ids() == ["faceid.E005"]


@pytest.mark.parametrize(
    "context",
    [
        account(CREDENTIALS="corp.sts.credentials"),
        flow(IMAGE="nowhere.picture"),
        flow(ALLOW="tests.checks.complaints.KEY"),
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
