"""The two ways in which the sandbox says no: to an API caller, and to a phone."""

from __future__ import annotations


class ApiError(Exception):
    """A refusal in Tencent's words, answered as ``Response.Error`` with HTTP status 200.

    ``code`` is one of the vendor's error codes, ``message`` a sentence without secrets.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class PhoneRefused(Exception):
    """A phone's act that cannot happen, such as a second process on one token.

    ``code`` is one of UnknownToken, UnknownOutcome, TokenExpired, AlreadyBegun, NotBegun,
    AlreadyFinished and OutcomeNotPossible; ``message`` says why.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
