from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from django_faceid import conf
from django_faceid.models import Subject
from django_faceid.services import parameters
from django_faceid.services.errors import Invalid

SUBJECT = Subject.of("ann")


def build(given: dict[str, Any], **rules: Any) -> dict[str, object]:
    flow = conf.Flow(name="default", **rules)
    return parameters.build(flow, SUBJECT, given).payload()


def refused(given: dict[str, Any], **rules: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refusal:
        build(given, **rules)
    return [(error.field, error.code) for error in refusal.value.errors]


def test_a_flow_without_parameters_leaves_everything_to_the_vendor() -> None:
    assert build({}) == {}


def test_the_flows_own_parameters_are_sent() -> None:
    assert build({}, params={"secure_level": "2", "action_list": ["nod", "blink"]}) == {
        "SecureLevel": "2",
        "ActionList": "nod,blink",
    }


@pytest.mark.parametrize(
    "given",
    [
        {"action_list": ["nod"]},
        {"extra": "order 7"},
        {"secure_level": "4"},
        {"retry_limit": 1},
        {"retry_limit": 5},
        {"meta_data": "from the phone"},
        {"check_mode": "liveness"},
        {"sdk_version": "BASIC"},
        {"enable_bot_bg_detection": False},
    ],
)
def test_a_client_may_do_what_cannot_weaken_the_check(given: dict[str, Any]) -> None:
    assert build(given)


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        ({"secure_level": "1"}, {}),
        ({"secure_level": "2"}, {"params": {"secure_level": "3"}}),
        ({"retry_limit": 4}, {"params": {"retry_limit": 3}}),
        ({"check_mode": "compare"}, {}),
        ({"sdk_version": "PLUS"}, {}),
        ({"enable_bot_bg_detection": True}, {}),
        ({"image": "abcd"}, {}),
        ({"action_list": ["nod"]}, {"client_may_set": ["extra"]}),
    ],
)
def test_what_is_the_flows_to_set_is_refused_by_name(
    given: dict[str, Any], rules: dict[str, Any]
) -> None:
    assert refused(given, **rules) == [(next(iter(given)), "not_yours_to_set")]


def test_a_flow_can_open_more_to_its_client() -> None:
    assert build({"secure_level": "1"}, client_may_set=["secure_level"]) == {"SecureLevel": "1"}


def test_meta_data_is_always_the_clients() -> None:
    assert build({"meta_data": "x"}, client_may_set=[]) == {"MetaData": "x"}


@pytest.mark.parametrize(
    ("given", "field", "rule"),
    [
        ({"retry_limit": 9}, "retry_limit", "range"),
        ({"secure_level": "9"}, "secure_level", "choice"),
        ({"action_list": ["jump"]}, "action_list", "choice"),
        ({"action_list": []}, "action_list", "choice"),
        ({"extra": "x" * 1001}, "extra", "too_long"),
    ],
)
def test_the_vendors_rules_speak_our_names(given: dict[str, Any], field: str, rule: str) -> None:
    with pytest.raises(Invalid) as refusal:
        build(given)
    (error,) = refusal.value.errors
    assert (error.field, error.code) == (field, rule)
    assert field in error.detail


def test_every_broken_rule_is_named_at_once() -> None:
    assert refused({"retry_limit": 9, "action_list": ["nod", "nod"]}) == [
        ("action_list", "duplicate"),
        ("retry_limit", "range"),
    ]


def test_an_unknown_name_is_refused() -> None:
    assert refused({"CheckMode": "liveness"}) == [("CheckMode", "unknown")]


@pytest.mark.parametrize("as_bytes", [True, False])
def test_a_picture_on_file_is_compared_with(jpeg: str, as_bytes: bool) -> None:
    asked = []

    def pictures(who: Any) -> Any:
        asked.append(who)
        return base64.b64decode(jpeg) if as_bytes else jpeg

    payload = build({}, params={"check_mode": "compare"}, image=pictures)
    assert payload["Image"] == jpeg
    assert asked == ["ann"]


def test_without_a_picture_on_file_nothing_is_sent() -> None:
    rules = {"params": {"check_mode": "compare"}, "image": lambda _who: None}
    assert refused({}, **rules) == [("image", "no_picture")]


def test_a_client_may_bring_the_picture_where_the_flow_says_so(jpeg: str) -> None:
    payload = build({"image": jpeg}, params={"check_mode": "compare"}, image="client")
    assert payload["Image"] == jpeg


def test_the_columns_keep_digests_and_no_picture(jpeg: str) -> None:
    flow = conf.Flow(name="f", params={"check_mode": "compare"}, image="client")
    request = parameters.build(flow, SUBJECT, {"image": jpeg, "meta_data": "secret"})
    columns = parameters.columns(request)
    assert columns["image_sha256"] == hashlib.sha256(base64.b64decode(jpeg)).hexdigest()
    assert columns["meta_data_sha256"] == hashlib.sha256(b"secret").hexdigest()
    assert jpeg not in str(columns)


def test_the_fingerprint_knows_what_was_asked(jpeg: str) -> None:
    def of(**given: Any) -> str:
        return parameters.fingerprint("default", given)

    assert of(retry_limit=1) == of(retry_limit=1)
    assert of(retry_limit=1) != of(retry_limit=2)
    assert of() == of(meta_data="x")
    assert of(image=jpeg) != of(image=jpeg[:-4])
    assert of() != parameters.fingerprint("withdraw", {})
