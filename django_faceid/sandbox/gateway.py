"""What Tencent's API gateway checks before the service sees a request.

Source: API 3.0 request structure and signature v3 (TC3-HMAC-SHA256), common error codes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django_faceid.tencent.auth import authorization

from .errors import ApiError
from .rules import ISSUE, READ
from .state import Account

SERVICE = "faceid"
VERSION = "2018-03-01"
REGIONS = frozenset({"ap-bangkok", "ap-hongkong", "ap-jakarta", "ap-singapore", "sa-saopaulo"})
LARGEST_REQUEST = 10 * 1024 * 1024
CLOCK_TOLERANCE = 300
UNSIGNED = "UNSIGNED-PAYLOAD"
COMMON_PARAMETERS = ("X-TC-Action", "X-TC-Version", "X-TC-Timestamp", "X-TC-Region")
AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=(?P<secret_id>[^/,\s]+)/(?P<date>\d{4}-\d\d-\d\d)/(?P<service>\w+)"
    r"/tc3_request, ?SignedHeaders=(?P<signed>[\w;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True)
class Request:
    """An HTTP request with lower-case header names; ``body`` is None when it was too large."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)

    @property
    def action(self) -> str:
        """The action that is asked for, known or not; empty when none is."""
        return self.headers.get("x-tc-action", "")


def check(request: Request, account: Account, now: float) -> bytes:
    """The body of a request that is ``account``'s own, or ApiError.

    ``now``: the server's clock in Unix seconds, from which a signature may differ by 300.
    """
    body = _check_transport(request)
    for name in (*COMMON_PARAMETERS, "Authorization"):
        if not request.headers.get(name.lower()):
            raise ApiError("MissingParameter", f"The request is missing the header `{name}`.")
    _check_signature(request, body, account, now)
    _check_destination(request)
    return body


def parameters(body: bytes) -> dict[str, Any]:
    """The JSON object in ``body``, or ApiError."""
    try:
        value = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise ApiError("InvalidRequest", "The request body is not valid JSON in UTF-8.") from None
    if not isinstance(value, dict):
        raise ApiError("InvalidRequest", "The request body must be a JSON object.")
    return value


def _check_transport(request: Request) -> bytes:
    if request.method != "POST":
        raise ApiError("UnsupportedProtocol", "The sandbox takes POST only.")
    if request.path != "/":
        raise ApiError("InvalidRequest", "The API has no other path than `/`.")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise ApiError("UnsupportedProtocol", "The Content-Type must be application/json.")
    if request.body is None:
        raise ApiError("RequestSizeLimitExceeded", "The request is larger than 10 MB.")
    return request.body


def _check_signature(request: Request, body: bytes, account: Account, now: float) -> None:
    headers = request.headers
    given = AUTHORIZATION.fullmatch(headers["authorization"])
    if given is None:
        raise ApiError("AuthFailure.InvalidAuthorization", "The Authorization header is malformed.")
    if given["secret_id"] != account.SecretId:
        raise ApiError("AuthFailure.SecretIdNotFound", "The SecretId is not found.")
    timestamp = _timestamp(headers["x-tc-timestamp"])
    if abs(now - timestamp) > CLOCK_TOLERANCE:
        raise ApiError(
            "AuthFailure.SignatureExpire",
            "Signature expired: the clocks of client and server differ by over five minutes.",
        )
    if not _is_signed(request, body, account, timestamp, given):
        raise ApiError(
            "AuthFailure.SignatureFailure",
            "The provided credentials could not be validated. "
            "Please check your signature is correct.",
        )
    if account.Token is not None and not _same(headers.get("x-tc-token", ""), account.Token):
        raise ApiError("AuthFailure.TokenFailure", "The temporary token is not valid.")


def _timestamp(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise ApiError("InvalidParameterValue", "`X-TC-Timestamp` must be Unix time in seconds.")
    return int(text)


def _is_signed(
    request: Request, body: bytes, account: Account, timestamp: int, given: re.Match[str]
) -> bool:
    headers = request.headers
    unsigned = headers.get("x-tc-content-sha256") == UNSIGNED
    extra = set(given["signed"].split(";")) - {"content-type", "host"}
    expected = AUTHORIZATION.fullmatch(
        authorization(
            secret_id=account.SecretId,
            secret_key=account.SecretKey,
            service=SERVICE,
            timestamp=timestamp,
            method="POST",
            host=headers.get("host", ""),
            content_type=headers["content-type"],
            payload_sha256=hashlib.sha256(UNSIGNED.encode() if unsigned else body).hexdigest(),
            extra_headers={name: headers.get(name, "").strip().lower() for name in extra},
        )
    )
    return expected is not None and all(
        _same(given[name], expected[name]) for name in ("date", "service", "signed", "signature")
    )


def _check_destination(request: Request) -> None:
    if request.action not in {ISSUE, READ}:
        raise ApiError("InvalidAction", "The action does not exist.")
    if request.headers["x-tc-version"] != VERSION:
        raise ApiError("NoSuchVersion", f"The API's version is {VERSION}.")
    if request.headers["x-tc-region"] not in REGIONS:
        raise ApiError("UnsupportedRegion", "The API is not offered in this region.")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
