from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from django_faceid import conf, options
from tests.given import account, faceid


def test_what_is_left_out_has_its_default() -> None:
    with faceid():
        assert conf.get().max_body == 6 * 1024 * 1024
        assert conf.account("default").region == "ap-singapore"
        assert conf.account("default").rate == 20


def test_a_value_arrives_where_it_is_used() -> None:
    with faceid(MAX_WAIT=5, FLOWS={"withdraw": {"VALID_FOR": timedelta(days=365)}}):
        assert conf.get().max_wait == 5
        flow = conf.flow("withdraw")
        assert flow is not None
        assert flow.valid_for == timedelta(days=365)


def test_a_change_is_seen_at_once() -> None:
    with faceid(MAX_WAIT=3):
        assert conf.get().max_wait == 3
    with faceid(MAX_WAIT=4):
        assert conf.get().max_wait == 4


def test_a_project_without_faceid_has_the_defaults() -> None:
    with override_settings():
        from django.conf import settings

        del settings.FACEID
        assert conf.get().max_wait == 2.0
        assert conf.flow_names() == ["default"]


@pytest.mark.parametrize("given", [None, [], "FACEID", 7])
def test_faceid_must_be_a_dict(given: object) -> None:
    with override_settings(FACEID=given), pytest.raises(ImproperlyConfigured, match="dict"):
        conf.get()


def test_an_unknown_key_gets_the_nearest_one_suggested() -> None:
    with (
        faceid(MAX_WIAT=5),
        pytest.raises(conf.SettingError, match=r"MAX_WIAT.* did you mean MAX_WAIT\?"),
    ):
        conf.get()


def test_a_key_in_small_letters_gets_its_own_name_suggested() -> None:
    with account(proxy=None), pytest.raises(conf.SettingError, match=r"did you mean PROXY\?"):
        conf.account("default")


def test_a_key_like_no_other_is_refused_without_a_guess() -> None:
    with faceid(XYZZY=1), pytest.raises(conf.SettingError, match="is not a setting"):
        conf.get()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"RATE": "20"}, "type"),
        ({"RATE": True}, "type"),
        ({"RATE": 0}, "value"),
        ({"RATE": 1001}, "value"),
        ({"REGION": None}, "type"),
        ({"REGION": ""}, "value"),
        ({"TIMEOUT": 10}, "type"),
        ({"TIMEOUT": (3,)}, "value"),
        ({"TIMEOUT": (3, 0)}, "value"),
        ({"TIMEOUT": ("3", "10")}, "value"),
        ({"PROXY": "proxy.example:3128"}, "value"),
        ({"ENDPOINT": "faceid.intl.tencentcloudapi.com"}, "value"),
        ({"ENDPOINT": "https://[half-an-address"}, "value"),
        ({"LANGUAGE": "de"}, "value"),
        ({"CREDENTIALS": 7}, "type"),
    ],
)
def test_an_account_with_a_wrong_value_cannot_be_used(values: dict[str, Any], kind: str) -> None:
    with account(**values), pytest.raises(conf.SettingError) as caught:
        conf.account("default")
    assert caught.value.kind == kind
    assert next(iter(values)) in caught.value.where


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"MAX_WAIT": 0}, "value"),
        ({"MAX_WAIT": float("nan")}, "value"),
        ({"GUARD": 2}, "value"),
        ({"MAX_BODY": 1.5}, "type"),
        ({"REUSE_MIN_SECONDS": 600}, "value"),
        ({"RESULT_LIFETIME": 72}, "type"),
        ({"RESULT_LIFETIME": timedelta(minutes=59)}, "value"),
        ({"ALLOW_TEST_ENDPOINT": 1}, "type"),
        ({"ENCRYPTION_KEYS": "a-single-key"}, "type"),
        ({"ACCOUNTS": []}, "type"),
        ({"REVIEW_REASONS": ["fraud"]}, "type"),
        ({"REVIEW_REASONS": {"approved": {}}}, "value"),
        ({"REVIEW_REASONS": {"reject": ["fraud"]}}, "value"),
        ({"REVIEW_REASONS": {"reject": {"Passport stolen": "Stolen"}}}, "value"),
        ({"REVIEW_REASONS": {"reject": {"x" * 65: "Stolen"}}}, "value"),
        ({"REVIEW_REASONS": {"reject": {1: "Stolen"}}}, "value"),
        ({"REVIEW_REASONS": {"reject": {"stolen": " "}}}, "value"),
        ({"REVIEW_REASONS": {"reject": {"stolen": None}}}, "value"),
    ],
)
def test_a_wrong_general_value_is_refused(values: dict[str, Any], kind: str) -> None:
    with faceid(**values), pytest.raises(conf.SettingError) as caught:
        conf.get()
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    "values",
    [
        {"REVIEW": "sometimes"},
        {"REVIEW": ["risk", "sometimes"]},
        {"REVIEW": ["risk", "never"]},
        {"REVIEW": ["risk", ["always"]]},
        {"REVIEW": 1},
        {"REVIEW_SAMPLE": 1.01},
        {"REVIEW_SAMPLE": -0.01},
        {"REVIEW_SAMPLE": float("nan")},
        {"REVIEW_SAMPLE": True},
        {"SECOND_REVIEW": 1},
        {"VALID_FOR": timedelta(0)},
        {"VALID_FOR": 365},
        {"MAX_ISSUES": {600: 5}},
        {"MAX_ISSUES": {timedelta(minutes=10): 0}},
        {"MAX_ISSUES": {timedelta(minutes=10): True}},
        {"CLIENT_MAY_SET": "action_list"},
        {"ENABLED": "yes"},
        {"PARAMS": [("check_mode", "liveness")]},
    ],
)
def test_a_flow_with_a_wrong_value_cannot_be_used(values: dict[str, Any]) -> None:
    with faceid(FLOWS={"withdraw": values}), pytest.raises(conf.SettingError):
        conf.flow("withdraw")


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        ("never", []),
        ("on_failure", ["on_failure"]),
        (["on_failure", "risk"], ["on_failure", "risk"]),
        (("risk",), ["risk"]),
        ([], []),
    ],
)
def test_review_is_one_rule_or_several(given: Any, rules: list[str]) -> None:
    with faceid(FLOWS={"withdraw": {"REVIEW": given}}):
        flow = conf.flow("withdraw")
    assert flow is not None
    assert (flow.review_rules, flow.wants_review) == (rules, bool(rules))


def test_a_sample_alone_wants_review_too() -> None:
    with faceid(FLOWS={"withdraw": {"REVIEW_SAMPLE": 0.05}}):
        flow = conf.flow("withdraw")
    assert flow is not None
    assert flow.wants_review


def test_all_problems_are_told_and_not_only_the_first() -> None:
    found = options.problems(conf.Account, "A", {"RAET": 1, "RATE": 0})
    assert [problem.where for problem in found] == ['A["RAET"]', 'A["RATE"]']


def test_an_error_about_a_secret_does_not_repeat_it() -> None:
    with faceid(HASH_KEY=b"very secret"), pytest.raises(conf.SettingError) as caught:
        conf.get()
    assert "very secret" not in str(caught.value)


def test_no_repr_shows_a_secret() -> None:
    with faceid(HASH_KEY="very secret", ENCRYPTION_KEYS=["very secret"]):
        shown = repr(conf.get()) + repr(conf.account("default"))
    assert "very secret" not in shown
    assert "example-secret" not in shown


# Flows


def test_the_default_flow_exists_without_being_configured() -> None:
    with faceid(FLOWS={"withdraw": {}}):
        assert conf.flow_names() == ["default", "withdraw"]
        assert conf.flow("default") == conf.Flow(name="default")
        assert conf.flow("unheard-of") is None


def test_a_configured_default_flow_takes_its_place() -> None:
    with faceid(FLOWS={"default": {"REVIEW": "always"}}):
        flow = conf.flow("default")
        assert flow is not None
        assert flow.review == "always"
        assert conf.flow_names() == ["default"]


def test_a_hook_is_a_callable_or_the_path_of_one() -> None:
    assert conf.hook("django_faceid.conf.get") is conf.get
    assert conf.hook(conf.get) is conf.get


@pytest.mark.parametrize("path", ["nowhere.at.all", "django_faceid.names.OUR_NAMES", "get", ""])
def test_a_path_that_leads_to_no_callable_is_an_import_error(path: str) -> None:
    with pytest.raises(ImportError):
        conf.hook(path)
