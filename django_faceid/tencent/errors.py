"""Everything that can go wrong in a call to Tencent.

FaceIdError
├── InvalidRequest           against the rules of the API; never sent
├── Unreachable              no answer came
├── BrokenAnswer             an answer came that is not Tencent's
└── Refused                  Tencent said no: nothing was minted
    ├── RateLimited          too many requests in this second
    ├── SignatureExpired     the clock is off: sign again with `clock_offset`
    ├── CredentialsRejected  key, session token or permission
    ├── AccountUnavailable   arrears, not activated, IP or region policy: an operator must act
    ├── InputRejected        the caller's input
    └── TokenUnusable        this SdkToken is expired, unknown or not ours
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from .codes import ErrorCategory, Retry, error_code


class Sent(str, Enum):
    """Did the request reach Tencent?"""

    NO = "no"
    MAYBE = "maybe"
    YES = "yes"


class Violation(NamedTuple):
    """One broken rule of a request; `message` never repeats the value."""

    field: str
    rule: str
    message: str


class FaceIdError(Exception):
    """A call that brought no usable answer; it pickles, copies and holds no secret.

    `retryable`: the same call may succeed a moment later. Whether a repeat could mint a second
    token is another question, which `sent` answers: never repeat an issue that is `Sent.MAYBE`.
    `clock_offset`: Tencent's clock minus ours in seconds, where an answer told it.
    """

    code: str
    message: str
    request_id: str | None
    retryable: bool
    sent: Sent
    http_status: int | None
    clock_offset: float | None

    def __init__(
        self,
        code: str,
        message: str,
        *,
        request_id: str | None = None,
        retryable: bool = False,
        sent: Sent = Sent.MAYBE,
        http_status: int | None = None,
        clock_offset: float | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.request_id = request_id
        self.retryable = retryable
        self.sent = sent
        self.http_status = http_status
        self.clock_offset = clock_offset

    def __str__(self) -> str:
        ending = f" (RequestId {self.request_id})" if self.request_id else ""
        return f"{self.code}: {self.message}{ending}"


class InvalidRequest(FaceIdError):
    """The request breaks rules of the API, all of them listed in `violations`; it was not sent."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(violations)
        message = " ".join(violation.message for violation in self.violations)
        super().__init__("InvalidRequest", message, sent=Sent.NO)
        self.args = (self.violations,)


class Unreachable(FaceIdError):
    """No answer came.

    Codes: `CredentialsUnavailable` and `ConnectFailed` (never sent, retryable); `ReadTimeout` and
    `ConnectionLost` (perhaps sent, so not retryable).
    """


class BrokenAnswer(FaceIdError):
    """An answer that is not Tencent's envelope, or one that lacks what it was asked for.

    Codes: `NotAnEnvelope`, `Incomplete`, `CutOff`, `TooLarge`, `HttpStatus`. The request may well
    have been carried out; `retryable` is true for HTTP 429 and 5xx only.
    """


class Refused(FaceIdError):
    """Tencent answered with an error, in its own `code`; nothing was minted."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        request_id: str | None = None,
        http_status: int | None = None,
        clock_offset: float | None = None,
    ) -> None:
        super().__init__(
            code,
            message,
            request_id=request_id,
            retryable=error_code(code).retry in (Retry.ONCE, Retry.YES),
            sent=Sent.YES,
            http_status=http_status,
            clock_offset=clock_offset,
        )


class RateLimited(Refused):
    """Too many requests in this second, for this action and Tencent account."""


class SignatureExpired(Refused):
    """Our clock is more than five minutes off: sign again with `clock_offset`, once."""


class CredentialsRejected(Refused):
    """The key, the session token or its permissions were not accepted."""


class AccountUnavailable(Refused):
    """The Tencent account or its set-up does not allow the call; an operator must act."""


class InputRejected(Refused):
    """What the caller passed in was not accepted; other input may be."""


class TokenUnusable(Refused):
    """The SdkToken is expired, unknown or belongs to another account; asking again is in vain."""


REFUSALS: Mapping[ErrorCategory, type[Refused]] = {
    ErrorCategory.RATE: RateLimited,
    ErrorCategory.SIGNATURE: SignatureExpired,
    ErrorCategory.CREDENTIALS: CredentialsRejected,
    ErrorCategory.ACCOUNT: AccountUnavailable,
    ErrorCategory.INPUT: InputRejected,
    ErrorCategory.TOKEN: TokenUnusable,
    ErrorCategory.PROVIDER: Refused,
}


def refusal(
    code: str,
    message: str,
    *,
    request_id: str | None = None,
    http_status: int | None = None,
    clock_offset: float | None = None,
) -> Refused:
    """The `Refused` of the class that belongs to this code."""
    kind = REFUSALS[error_code(code).category]
    return kind(
        code,
        message,
        request_id=request_id,
        http_status=http_status,
        clock_offset=clock_offset,
    )
