"""One SdkToken and the single eKYC process that it serves."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace

from .errors import PhoneRefused


def new_sdk_token() -> str:
    """A token in the shape of the vendor's samples of 2026: groups of 8, 5, 6, 4 and 12."""
    digits = secrets.token_hex(18).upper()
    return "-".join((digits[:8], digits[8:13], digits[13:19], digits[19:23], digits[23:35]))


@dataclass(frozen=True)
class Token:
    """What was asked for, and how far the process is; instants are Unix seconds.

    ``finished_at`` may lie ahead: until then the process is unfinished. ``Result`` is the code
    that will be told from then on.
    """

    SdkToken: str = field(repr=False)
    CheckMode: str
    SecureLevel: str
    ActionList: str
    SdkVersion: str
    RetryLimit: int
    Extra: str | None = field(repr=False)
    issued_at: float
    began_at: float | None = None
    finished_at: float | None = None
    Result: str | None = None

    def begun(self, now: float, token_seconds: float) -> Token:
        """This token with its one process begun; PhoneRefused when begun before or too late."""
        if self.began_at is not None:
            raise PhoneRefused("AlreadyBegun", "A token serves one process, and it has begun.")
        if now - self.issued_at >= token_seconds:
            raise PhoneRefused(
                "TokenExpired",
                f"A process must begin within {token_seconds:g} seconds of the token's issue.",
            )
        return replace(self, began_at=now)

    def ended(self, code: str, at: float) -> Token:
        """This token with its process ended; PhoneRefused before its begin and after its end."""
        if self.began_at is None:
            raise PhoneRefused("NotBegun", "A process must begin before it can finish.")
        if self.finished_at is not None:
            raise PhoneRefused("AlreadyFinished", "The token's one process has finished.")
        return replace(self, finished_at=at, Result=code)

    def result_at(self, now: float) -> str | None:
        """The Result code, or None while the process is unfinished."""
        if self.finished_at is None or now < self.finished_at:
            return None
        return self.Result
