"""TC3-HMAC-SHA256: credentials, the pure signing functions and their `requests` authentication.

Source: https://www.tencentcloud.com/document/product/1061/36934 (Signature v3).
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import SplitResult, urlsplit

from requests import PreparedRequest
from requests.auth import AuthBase

ALGORITHM = "TC3-HMAC-SHA256"
DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True)
class Credentials:
    """One API key pair; `Token` only with temporary (STS) credentials.

    Raises ValueError for anything that cannot be sent in a header: empty, not ASCII, blanks.
    """

    SecretId: str
    SecretKey: str
    Token: str | None = None

    def __post_init__(self) -> None:
        for name, value in (("SecretId", self.SecretId), ("SecretKey", self.SecretKey)):
            require_header_safe(name, value)
        if self.Token is not None:
            require_header_safe("Token", self.Token)

    def __repr__(self) -> str:
        return f"Credentials(SecretId={_mask(self.SecretId)!r})"


class TC3Auth(AuthBase):
    """Signs a prepared request: content type and host exactly as sent, query and body as encoded.

    `now` returns Unix seconds; Tencent refuses a clock more than five minutes off.
    Raises TypeError for a streamed body, whose digest cannot be known before it is sent.
    """

    def __init__(
        self,
        secret_id: str,
        secret_key: str,
        token: str | None = None,
        *,
        service: str = "faceid",
        now: Callable[[], float] = time.time,
    ) -> None:
        self._secret_id = secret_id
        self._secret_key = secret_key
        self._token = token
        self._service = service
        self._now = now

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        timestamp = int(self._now())
        method = request.method or "POST"
        url = urlsplit(str(request.url))
        headers = request.headers
        # Set, not only computed: what an HTTP library adds later would not be what was signed.
        host = headers.setdefault("Host", _host(url))
        content_type = headers.setdefault("Content-Type", _default_content_type(method))
        headers["X-TC-Timestamp"] = str(timestamp)
        if self._token:
            headers["X-TC-Token"] = self._token
        headers["Authorization"] = authorization(
            secret_id=self._secret_id,
            secret_key=self._secret_key,
            service=self._service,
            timestamp=timestamp,
            method=method,
            host=_text(host),
            content_type=_text(content_type),
            query=url.query,
            payload_sha256=hashlib.sha256(_encoded_body(request)).hexdigest(),
        )
        return request


def authorization(
    *,
    secret_id: str,
    secret_key: str,
    service: str,
    timestamp: int,
    method: str,
    host: str,
    content_type: str,
    payload_sha256: str,
    query: str = "",
    extra_headers: Mapping[str, str] | None = None,
) -> str:
    """The Authorization header of one request; the same call lets a server verify one.

    `host` and `content_type` are signed exactly as given, `query` is percent-encoded as sent,
    `payload_sha256` is lower-case hex, `extra_headers` are signed beside the two obligatory ones
    (names and values as they stand in the canonical request: lower case, trimmed).
    """
    headers = {"content-type": content_type, "host": host, **(extra_headers or {})}
    scope = f"{_date(timestamp)}/{service}/tc3_request"
    canonical = canonical_request(method, query, headers, payload_sha256)
    key = _signing_key(secret_key, _date(timestamp), service)
    signature = _hmac(key, string_to_sign(timestamp, service, canonical)).hex()
    return (
        f"{ALGORITHM} Credential={secret_id}/{scope}, "
        f"SignedHeaders={_names(headers)}, Signature={signature}"
    )


def canonical_request(
    method: str, query: str, headers: Mapping[str, str], payload_sha256: str
) -> str:
    """What is hashed of a request; `headers` by lower-case name, the path is always "/"."""
    block = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    return f"{method}\n/\n{query}\n{block}\n{_names(headers)}\n{payload_sha256}"


def string_to_sign(timestamp: int, service: str, canonical: str) -> str:
    """What is signed: algorithm, Unix seconds, UTC date scope, the canonical request's digest."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"{ALGORITHM}\n{timestamp}\n{_date(timestamp)}/{service}/tc3_request\n{digest}"


def _signing_key(secret_key: str, date: str, service: str) -> bytes:
    return _hmac(_hmac(_hmac(f"TC3{secret_key}".encode(), date), service), "tc3_request")


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _names(headers: Mapping[str, str]) -> str:
    return ";".join(sorted(headers))


def _date(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, timezone.utc).strftime("%Y-%m-%d")


def _host(url: SplitResult) -> str:
    return url.netloc.rpartition("@")[2].removesuffix(DEFAULT_PORTS.get(url.scheme, "\n"))


def _default_content_type(method: str) -> str:
    return "application/x-www-form-urlencoded" if method == "GET" else "application/json"


def _encoded_body(request: PreparedRequest) -> bytes:
    body = request.body or b""
    if isinstance(body, str):
        body = request.body = body.encode()  # the bytes that are hashed are the bytes that are sent
    if not isinstance(body, bytes):
        raise TypeError("A streamed body cannot be signed.")
    return body


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _mask(secret_id: str) -> str:
    return f"{secret_id[:4]}…{secret_id[-4:]}" if len(secret_id) >= 16 else "…"


def require_header_safe(name: str, value: object) -> None:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a string that is not empty.")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError(f"{name} holds a character that cannot be part of a key, such as a blank.")
