"""What holds for all checks together: nothing is hidden, nothing raises, each has a test."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from django_faceid import checks, conf
from tests.checks.complaints import complaints, ids
from tests.given import KEYS

CHECKS = Path(checks.__file__)


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
    tests = Path(__file__).parent.glob("test_*.py")
    assert any(f"faceid.{number}" in test.read_text() for test in tests)
