from __future__ import annotations

import re

import pytest

from django_faceid.sandbox.errors import PhoneRefused
from django_faceid.sandbox.tokens import Token, new_sdk_token


def token() -> Token:
    return Token(
        SdkToken="C8CFF283-539AF-014E77-A5CF-DD9CAD93EFE2",
        CheckMode="liveness",
        SecureLevel="4",
        ActionList="blink",
        SdkVersion="BASIC",
        RetryLimit=5,
        Extra="session 42",
        issued_at=1000.0,
    )


def test_a_new_token_has_the_shape_of_the_vendors_samples() -> None:
    shape = r"[0-9A-F]{8}-[0-9A-F]{5}-[0-9A-F]{6}-[0-9A-F]{4}-[0-9A-F]{12}"

    assert all(re.fullmatch(shape, new_sdk_token()) for _ in range(100))


def test_a_process_may_begin_until_the_last_moment_of_the_ten_minutes() -> None:
    assert token().begun(1599.9, 600).began_at == 1599.9


def test_a_process_may_not_begin_when_the_ten_minutes_are_over() -> None:
    with pytest.raises(PhoneRefused, match="600 seconds") as refused:
        token().begun(1600.0, 600)

    assert refused.value.code == "TokenExpired"


def test_a_token_serves_one_process() -> None:
    with pytest.raises(PhoneRefused) as refused:
        token().begun(1001.0, 600).begun(1002.0, 600)

    assert refused.value.code == "AlreadyBegun"


def test_a_process_that_has_not_begun_cannot_end() -> None:
    with pytest.raises(PhoneRefused) as refused:
        token().ended("0", 1001.0)

    assert refused.value.code == "NotBegun"


def test_a_process_ends_once() -> None:
    finished = token().begun(1001.0, 600).ended("0", 1002.0)

    with pytest.raises(PhoneRefused) as refused:
        finished.ended("1002", 1003.0)

    assert refused.value.code == "AlreadyFinished"


def test_the_result_is_known_from_the_end_of_the_process_on() -> None:
    finished = token().begun(1001.0, 600).ended("0", 1030.0)

    assert finished.result_at(1029.9) is None
    assert finished.result_at(1030.0) == "0"


def test_the_repr_shows_neither_the_token_nor_the_callers_extra() -> None:
    assert "C8CFF283" not in repr(token())
    assert "session 42" not in repr(token())
