from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator

import pytest

from django_faceid.tencent.codes import ERROR_CODES, ErrorCategory, Retry
from django_faceid.tencent.errors import (
    REFUSALS,
    AccountUnavailable,
    BrokenAnswer,
    CredentialsRejected,
    FaceIdError,
    InputRejected,
    InvalidRequest,
    RateLimited,
    Refused,
    Sent,
    SignatureExpired,
    TokenUnusable,
    Unreachable,
    Violation,
    refusal,
)


def family(kind: type[FaceIdError]) -> Iterator[type[FaceIdError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from family(child)


def example(kind: type[FaceIdError]) -> FaceIdError:
    if issubclass(kind, InvalidRequest):
        return kind([Violation("Image", "required", "Image is required.")])
    if issubclass(kind, Refused):
        return kind("InternalError", "No.", request_id="r-1", http_status=200, clock_offset=-2.5)
    return kind("ReadTimeout", "Late.", sent=Sent.MAYBE, retryable=True, http_status=502)


every_class = pytest.mark.parametrize("kind", list(family(FaceIdError)))


@every_class
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_survives_pickling(kind: type[FaceIdError], protocol: int) -> None:
    error = example(kind)
    back = pickle.loads(pickle.dumps(error, protocol))
    assert type(back) is kind
    assert vars(back) == vars(error)
    assert str(back) == str(error)
    assert back.args == error.args


@every_class
def test_an_error_survives_copying(kind: type[FaceIdError]) -> None:
    error = example(kind)
    for back in (copy.copy(error), copy.deepcopy(error)):
        assert type(back) is kind
        assert vars(back) == vars(error)


def test_an_error_reads_as_one_line() -> None:
    assert str(Refused("InternalError", "No.", request_id="r-1")) == (
        "InternalError: No. (RequestId r-1)"
    )
    assert str(Unreachable("ReadTimeout", "Late.")) == "ReadTimeout: Late."


def test_an_invalid_request_lists_all_its_violations() -> None:
    violations = (
        Violation("Image", "required", "Image is required."),
        Violation("RetryLimit", "range", "RetryLimit must be between 1 and 5."),
    )
    error = InvalidRequest(list(violations))
    assert error.violations == violations
    assert error.sent is Sent.NO
    assert not error.retryable
    assert str(error) == ("InvalidRequest: Image is required. RetryLimit must be between 1 and 5.")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("RequestLimitExceeded", RateLimited),
        ("AuthFailure.SignatureExpire", SignatureExpired),
        ("AuthFailure.SignatureFailure", CredentialsRejected),
        ("UnauthorizedOperation.Arrears", AccountUnavailable),
        ("InvalidParameter", InputRejected),
        ("InvalidParameterValue.BizTokenIllegal", TokenUnusable),
        ("InternalError", Refused),
        ("Brand.New", Refused),
    ],
)
def test_a_code_decides_the_class_of_its_refusal(code: str, kind: type[Refused]) -> None:
    assert type(refusal(code, "No.")) is kind


def test_every_category_has_a_class() -> None:
    assert set(REFUSALS) == set(ErrorCategory)


@pytest.mark.parametrize("code", sorted(ERROR_CODES))
def test_a_refusal_minted_nothing_and_is_retryable_by_its_code(code: str) -> None:
    error = refusal(code, "No.", request_id="r-1", http_status=200, clock_offset=1.0)
    assert error.sent is Sent.YES
    assert error.retryable is (ERROR_CODES[code].retry in {Retry.YES, Retry.ONCE})
    assert (error.request_id, error.http_status, error.clock_offset) == ("r-1", 200, 1.0)


def test_whatever_is_not_known_to_have_stayed_here_may_have_been_sent() -> None:
    assert BrokenAnswer("CutOff", "Broken.").sent is Sent.MAYBE
    assert Unreachable("ConnectionLost", "Broken.").sent is Sent.MAYBE
