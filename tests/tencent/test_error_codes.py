from __future__ import annotations

import json
from pathlib import Path

import pytest

from django_faceid.tencent.error_codes import ERROR_CODES, ErrorCategory, Retry, error_code

LISTED = json.loads((Path(__file__).parents[1] / "data" / "error_codes.json").read_text())["codes"]


def test_every_documented_code_has_the_recorded_retry_judgement() -> None:
    recorded = {row["code"]: row["retry"] for row in LISTED}
    assert len(recorded) == 154
    assert {code: row.retry.value for code, row in ERROR_CODES.items()} == recorded


@pytest.mark.parametrize("code", sorted(ERROR_CODES))
def test_every_code_says_what_it_means_and_what_to_do(code: str) -> None:
    row = error_code(code)
    assert row == ERROR_CODES[code]
    assert row.code == code
    assert row.meaning[0].isupper() and row.meaning.endswith(".")
    assert row.advice[0].isupper() and row.advice.endswith(".")


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("RequestLimitExceeded.UinLimitExceeded", ErrorCategory.RATE),
        ("FailedOperation.RequestLimitExceeded", ErrorCategory.RATE),
        ("AuthFailure.SignatureExpire", ErrorCategory.SIGNATURE),
        ("AuthFailure.SignatureFailure", ErrorCategory.CREDENTIALS),
        ("AuthFailure.TokenFailure", ErrorCategory.CREDENTIALS),
        ("UnauthorizedOperation.Arrears", ErrorCategory.ACCOUNT),
        ("LimitExceeded", ErrorCategory.ACCOUNT),
        ("InvalidParameter", ErrorCategory.INPUT),
        ("FailedOperation.ImageSizeTooLarge", ErrorCategory.INPUT),
        ("InternalError.CompareLowSimilarity", ErrorCategory.INPUT),
        ("InvalidParameterValue.BizTokenExpired", ErrorCategory.TOKEN),
        ("InvalidParameterValue.BizTokenIllegal", ErrorCategory.TOKEN),
        ("FailedOperation.InvalidTokenParameter", ErrorCategory.TOKEN),
        ("InternalError", ErrorCategory.PROVIDER),
        ("ServiceUnavailable", ErrorCategory.PROVIDER),
    ],
)
def test_a_category_says_whose_matter_a_code_is(code: str, category: ErrorCategory) -> None:
    assert error_code(code).category is category


@pytest.mark.parametrize(
    ("code", "category", "retry"),
    [
        ("RequestLimitExceeded.New", ErrorCategory.RATE, Retry.YES),
        ("RequestLimitExceeded.UinLimitExceeded.New", ErrorCategory.RATE, Retry.YES),
        ("AuthFailure.New", ErrorCategory.CREDENTIALS, Retry.NO),
        ("UnauthorizedOperation.New", ErrorCategory.ACCOUNT, Retry.NO),
        ("UnauthorizedOperation.Activating.New", ErrorCategory.ACCOUNT, Retry.LATER),
        ("InvalidParameterValue.New", ErrorCategory.INPUT, Retry.NO),
        ("FailedOperation.New", ErrorCategory.PROVIDER, Retry.NO),
        ("Brand.New", ErrorCategory.PROVIDER, Retry.NO),
        ("New", ErrorCategory.PROVIDER, Retry.NO),
        ("", ErrorCategory.PROVIDER, Retry.NO),
    ],
)
def test_an_unknown_code_is_judged_by_its_family(
    code: str, category: ErrorCategory, retry: Retry
) -> None:
    assert error_code(code)[0::2][:2] == (code, category)
    assert error_code(code).retry is retry


def test_an_unknown_sub_code_of_an_outage_may_be_an_outcome_and_is_not_repeated() -> None:
    assert error_code("InternalError").retry is Retry.YES
    assert error_code("InternalError.New").retry is Retry.NO
    assert error_code("InternalError.UnKnown.New").retry is Retry.NO
