"""Everything the sandbox remembers: tokens, processes, quota, clocks. In memory, no HTTP."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import outcomes, rules
from .errors import ApiError, PhoneRefused
from .exchanges import Exchange
from .faults import Faults
from .rate import RateLimit
from .tokens import Token, new_sdk_token

# Known to everyone and accepted by no one but the sandbox.
SECRET_ID = "AKIDsandbox0000000000000000000000001"
SECRET_KEY = "sandbox-key-0000000000000000001"
TOKEN_SECONDS = 600
RESULT_SECONDS = 72 * 3600
KEPT_EXCHANGES = 200


@dataclass(frozen=True)
class Account:
    """The credentials that the sandbox accepts; ``Token`` only for temporary ones."""

    SecretId: str
    SecretKey: str = field(repr=False)
    Token: str | None = field(default=None, repr=False)


class SandboxState:
    """One Tencent account's FaceID service, safe to use from many threads.

    ``rate``: requests per second and action; ``window``: ``sliding`` or ``fixed``.
    ``now``: the clock of tokens and results, in Unix seconds; ``advance`` moves it ahead.
    ``token_seconds``: how long after issue a process may begin; ``result_seconds``: how long
    after issue its result may be read.
    """

    def __init__(
        self,
        *,
        secret_id: str = SECRET_ID,
        secret_key: str = SECRET_KEY,
        session_token: str | None = None,
        rate: int = 20,
        window: str = "sliding",
        now: Callable[[], float] = time.time,
        token_seconds: float = TOKEN_SECONDS,
        result_seconds: float = RESULT_SECONDS,
    ) -> None:
        self.account = Account(secret_id, secret_key, session_token)
        self.faults = Faults()
        self._lock = threading.RLock()
        self._rate = RateLimit(rate, window)
        self._base = now
        self._offset = 0.0
        self._skew = 0.0
        self._token_seconds = token_seconds
        self._result_seconds = result_seconds
        self._tokens: dict[str, Token] = {}
        self._exchanges: deque[Exchange] = deque(maxlen=KEPT_EXCHANGES)

    # The API's side

    def admit(self, action: str) -> None:
        """Count one request of ``action`` against the quota, or raise RequestLimitExceeded."""
        with self._lock:
            self._rate.admit(action)

    def issue(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """GetFaceIdTokenIntl: a new token, or ApiError when ``parameters`` break a rule."""
        rules.check_token_parameters(parameters)
        with self._lock:
            token = Token(
                SdkToken=new_sdk_token(),
                CheckMode=parameters.get("CheckMode", "liveness"),
                SecureLevel=parameters.get("SecureLevel", "4"),
                ActionList=parameters.get("ActionList", "blink"),
                SdkVersion=parameters.get("SdkVersion", "BASIC"),
                RetryLimit=parameters.get("RetryLimit", 5),
                Extra=parameters.get("Extra"),
                issued_at=self.now(),
            )
            self._tokens[token.SdkToken] = token
        return {"SdkToken": token.SdkToken, "ServerParamInfo": secrets.token_urlsafe(48)}

    def result(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """GetFaceIdResultIntl: where the process stands, or ApiError for an unusable token."""
        rules.check_result_parameters(parameters)
        with self._lock:
            token = self._tokens.get(parameters["SdkToken"])
            now = self.now()
        if token is None:
            raise ApiError("InvalidParameterValue.BizTokenIllegal", "The SdkToken is unknown.")
        if now - token.issued_at >= self._result_seconds:
            raise ApiError(
                "InvalidParameterValue.BizTokenExpired", "The SdkToken's result is gone."
            )
        return outcomes.reply(token, now)

    # The phone's side

    def begin(self, sdk_token: str) -> None:
        """Begin the token's one process; PhoneRefused when it has begun or the time is over."""
        with self._lock:
            token = self._known(sdk_token)
            self._tokens[sdk_token] = token.begun(self.now(), self._token_seconds)

    def finish(self, sdk_token: str, outcome: str) -> None:
        """End a process that has begun. Takes all outcomes but ``walk_away``, which is no end."""
        self._finish(sdk_token, outcome, seconds=0)

    def play(self, sdk_token: str, outcome: str, *, seconds: float = 0) -> None:
        """Begin a process that ends after ``seconds`` of the sandbox's time; refused as a whole.

        ``outcome``: pass, spoof, too_dark, no_face, several_faces, mismatch, walk_away (begins
        and never ends), or a documented Result code.
        """
        if seconds < 0:
            raise ValueError("a process cannot end before it begins")
        with self._lock:
            code = outcomes.result_code(outcome, self._known(sdk_token).CheckMode)
            self.begin(sdk_token)
            if code != outcomes.UNFINISHED:
                self._finish(sdk_token, outcome, seconds)

    def _finish(self, sdk_token: str, outcome: str, seconds: float) -> None:
        with self._lock:
            token = self._known(sdk_token)
            code = outcomes.result_code(outcome, token.CheckMode)
            if code == outcomes.UNFINISHED:
                raise PhoneRefused("OutcomeNotPossible", "Who walks away never finishes.")
            self._tokens[sdk_token] = token.ended(code, self.now() + seconds)

    def _known(self, sdk_token: str) -> Token:
        if sdk_token not in self._tokens:
            raise PhoneRefused("UnknownToken", "The sandbox did not issue this SdkToken.")
        return self._tokens[sdk_token]

    # The clocks

    def now(self) -> float:
        """The time by which tokens and results expire, in Unix seconds."""
        return self._base() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the clock of tokens and results ahead by ``seconds``, which is not negative."""
        if seconds < 0:
            raise ValueError("the clock only moves ahead")
        with self._lock:
            self._offset += seconds

    @property
    def offset(self) -> float:
        """By how many seconds ``advance`` has moved the clock."""
        return self._offset

    def server_time(self) -> float:
        """The time of the Date header and of the signature check, in Unix seconds."""
        return time.time() + self._skew

    def set_skew(self, seconds: float) -> None:
        """Let the server's clock run ``seconds`` ahead of (or, negative, behind) the real one."""
        self._skew = seconds

    @property
    def skew(self) -> float:
        """By how many seconds the server's clock runs ahead of the real one."""
        return self._skew

    # What happened

    @property
    def tokens(self) -> Mapping[str, Token]:
        """Every issued token, in order of issue, as it stands now."""
        with self._lock:
            return dict(self._tokens)

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The last 200 requests and answers, oldest first, without secrets and media."""
        with self._lock:
            return tuple(self._exchanges)

    def record(self, exchange: Exchange) -> None:
        """Keep ``exchange`` among the recent ones."""
        with self._lock:
            self._exchanges.append(exchange)
