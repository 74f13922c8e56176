"""The client: one signed HTTP request per call, over pooled connections, never repeated.

Source: https://www.tencentcloud.com/document/product/1061/36933 (request structure).
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from traceback import walk_tb
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, NewConnectionError

from .answers import Answer
from .auth import Credentials, TC3Auth, require_header_safe
from .errors import InvalidRequest, Sent, Unreachable, Violation
from .timing import TimelyAdapter, Until
from .types import (
    DEFAULT_ENDPOINT,
    GET_RESULT,
    GET_TOKEN,
    VERSION,
    GetFaceIdResultIntlResponse,
    GetFaceIdTokenIntlRequest,
    GetFaceIdTokenIntlResponse,
)

DEFAULT_REGION = "ap-singapore"
LANGUAGES = ("en-US", "zh-CN")
IDLE_CONNECTIONS = 32

# To connect, for the whole answer, and for all of it from the moment at which a request leaves.
Seconds = tuple[float, float] | tuple[float, float, float]

_Parsed = TypeVar("_Parsed")


class FaceIdClient:
    """Talks to one FaceID endpoint with one set of credentials; may be shared between threads.

    `credentials` is a value or a callable that is asked before each call; `endpoint` any http(s)
    URL; `timeout` seconds to connect and for the whole answer; `proxy` a proxy's URL; `ca_bundle`
    a PEM file. Nothing is taken from the environment. Raises ValueError for a malformed argument.
    """

    def __init__(
        self,
        credentials: Credentials | Callable[[], Credentials],
        *,
        region: str = DEFAULT_REGION,
        endpoint: str = DEFAULT_ENDPOINT,
        timeout: Seconds = (3, 10),
        proxy: str | None = None,
        ca_bundle: str | None = None,
        language: str = "en-US",
    ) -> None:
        require_header_safe("region", region)
        if language not in LANGUAGES:
            raise ValueError(f"language must be one of {', '.join(LANGUAGES)}.")
        self._credentials = credentials
        self._endpoint = _checked_url("endpoint", endpoint)
        self._timeout = timeout
        self._headers = {
            "Accept": "application/json",
            # A compressed answer could unpack to more than its ceiling; media hardly shrink anyway.
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": "django-faceid",
            "X-TC-Version": VERSION,
            "X-TC-Region": region,
            "X-TC-Language": language,
        }
        self._verify = _checked_file("ca_bundle", ca_bundle) if ca_bundle else True
        proxy_url = _checked_url("proxy", proxy) if proxy else None
        self._proxies = {"http": proxy_url, "https": proxy_url} if proxy_url else {}
        self.session = _session()

    def get_token(
        self,
        request: GetFaceIdTokenIntlRequest,
        *,
        trace_id: str | None = None,
        clock_offset: float = 0.0,
        timeout: Seconds | None = None,
        leave: Callable[[], None] | None = None,
    ) -> GetFaceIdTokenIntlResponse:
        """Mint one SdkToken, valid for 10 minutes and one process; each call makes another.

        `trace_id` is sent as X-TC-TraceId, `clock_offset` is added to our clock (seconds),
        `timeout` takes the place of the client's for this call, and a third number in it limits
        all that comes after `leave`. `leave` is called when the signed request is ready to go, and
        may sleep: what is left to do after it takes next to no time.
        Raises Unreachable, BrokenAnswer or Refused.
        Source: https://www.tencentcloud.com/document/product/1061/54556
        """
        body = json.dumps(request.payload()).encode()
        secrets = (request.Image, request.MetaData)
        answer, fields = self._call(
            GET_TOKEN, body, secrets, trace_id, clock_offset, timeout, leave
        )
        return _parsed(GetFaceIdTokenIntlResponse.from_fields, answer, fields)

    def get_result(
        self,
        sdk_token: str,
        *,
        trace_id: str | None = None,
        clock_offset: float = 0.0,
        timeout: Seconds | None = None,
        leave: Callable[[], None] | None = None,
    ) -> GetFaceIdResultIntlResponse:
        """Fetch the state of a process, as often as wanted for 72 hours after its token was issued.

        An unfinished process is a normal answer whose `Result` is `codes.UNFINISHED`.
        Arguments and errors as in `get_token`; InvalidRequest for an empty `sdk_token`.
        Source: https://www.tencentcloud.com/document/product/1061/54557
        """
        if not sdk_token:
            raise InvalidRequest([Violation("SdkToken", "required", "SdkToken is required.")])
        body = json.dumps({"SdkToken": sdk_token}).encode()
        answer, fields = self._call(
            GET_RESULT, body, (sdk_token,), trace_id, clock_offset, timeout, leave
        )
        return _parsed(GetFaceIdResultIntlResponse.from_fields, answer, fields)

    def close(self) -> None:
        """Close the pooled connections."""
        self.session.close()

    def _call(
        self,
        action: str,
        body: bytes,
        secrets: Sequence[str | None],
        trace_id: str | None,
        clock_offset: float,
        timeout: Seconds | None,
        leave: Callable[[], None] | None,
    ) -> tuple[Answer, Mapping[str, Any]]:
        credentials = self._fresh_credentials()
        headers = {**self._headers, "X-TC-Action": action}
        if trace_id:
            headers["X-TC-TraceId"] = _header_safe(trace_id)
        auth = TC3Auth(
            credentials.SecretId,
            credentials.SecretKey,
            credentials.Token,
            now=lambda: time.time() + clock_offset,
        )
        sent = (*secrets, credentials.SecretKey, credentials.Token)
        request = requests.Request("POST", self._endpoint, headers, data=body, auth=auth).prepare()
        if leave:
            leave()
        answer = self._exchange(
            request,
            timeout or self._timeout,
            [secret for secret in sent if secret],
        )
        return answer, answer.fields()

    def _exchange(
        self,
        request: requests.PreparedRequest,
        timeout: Seconds,
        secrets: Sequence[str],
    ) -> Answer:
        # Session.send reads the whole body of a redirect, even where it is not to be followed.
        adapter = self.session.get_adapter(self._endpoint)
        try:
            response = adapter.send(
                request,
                stream=True,
                timeout=Until(*timeout),  # type: ignore[arg-type]  # urllib3's own will do
                verify=self._verify,
                proxies=self._proxies,
            )
        except (OSError, HTTPError) as error:  # requests' own errors are OSErrors
            failure = _unreachable(error)
        else:
            return Answer.read(response, secrets)
        # Raised out here, the failure has no context: requests' error holds the signed request.
        raise failure

    def _fresh_credentials(self) -> Credentials:
        if isinstance(self._credentials, Credentials):
            return self._credentials
        try:
            return self._credentials()
        except Exception as error:
            message = f"The credentials callable raised {type(error).__name__}."
            raise Unreachable(
                "CredentialsUnavailable", message, retryable=True, sent=Sent.NO
            ) from error


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # a stray .netrc would replace the Authorization header
    adapter = TimelyAdapter(pool_maxsize=IDLE_CONNECTIONS, max_retries=0)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _checked_url(name: str, url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{name} must be an http or https URL.")
    return url


def _checked_file(name: str, path: str) -> str:
    if not Path(path).is_file():
        raise ValueError(f"{name} must be the path of a file.")
    return path


def _parsed(
    parse: Callable[[Mapping[str, Any]], _Parsed], answer: Answer, fields: Mapping[str, Any]
) -> _Parsed:
    try:
        return parse(fields)
    except ValueError as flaw:
        raise answer.broken("Incomplete", str(flaw), fields) from None


def _header_safe(trace_id: str) -> str:
    return "".join(character for character in trace_id if "!" <= character <= "~")[:128]


def _unreachable(error: BaseException) -> Unreachable:
    cause = _innermost(error)
    why = f"({type(cause).__name__})."
    if _was_never_sent(error, cause):
        message = f"No connection could be made {why}"
        return Unreachable("ConnectFailed", message, retryable=True, sent=Sent.NO)
    if isinstance(error, requests.ReadTimeout):
        return Unreachable("ReadTimeout", f"No answer came in time {why}")
    return Unreachable("ConnectionLost", f"The connection broke before an answer came {why}")


def _innermost(error: BaseException) -> BaseException:
    """requests wraps what urllib3 wraps around what happened."""
    for inner in (getattr(error, "reason", None), *reversed(error.args)):
        if isinstance(inner, BaseException):
            return _innermost(inner)
    return error


def _was_never_sent(error: BaseException, cause: BaseException) -> bool:
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.ProxyError, ValueError)):
        return True  # the ValueErrors are requests' for URLs that cannot be used
    return isinstance(cause, NewConnectionError) or _in_handshake(cause)


def _in_handshake(cause: BaseException) -> bool:
    """Did TLS fail, or time out, before anything else could be sent?"""
    handshake = ssl.SSLSocket.do_handshake.__code__
    tracebacks = (error.__traceback__ for error in (cause, cause.__cause__) if error)
    return any(frame.f_code is handshake for each in tracebacks for frame, _ in walk_tb(each))
