from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest

from django_faceid.sandbox import gateway
from django_faceid.sandbox.errors import ApiError
from django_faceid.sandbox.gateway import Request
from django_faceid.sandbox.state import Account
from django_faceid.tencent.auth import authorization

from .conftest import TOKEN

NOW = 1779459423
BODY = b'{"CheckMode": "liveness"}'
ACCOUNT = Account("AKIDEXAMPLE00000000000000000000000001", "EXAMPLEsecretKEY0000000000000001")
# What the vendor's own Python SDK sent for this account, body and moment.
HEADERS = {
    "content-type": "application/json",
    "host": "faceid.intl.tencentcloudapi.com",
    "x-tc-action": TOKEN,
    "x-tc-timestamp": str(NOW),
    "x-tc-version": "2018-03-01",
    "x-tc-region": "ap-singapore",
    "x-tc-language": "en-US",
    "authorization": (
        "TC3-HMAC-SHA256 "
        "Credential=AKIDEXAMPLE00000000000000000000000001/2026-05-22/faceid/tc3_request, "
        "SignedHeaders=content-type;host, "
        "Signature=b98dae282f63583daadafb01d822c68fae9f0458e9431a9d38a812f5e91b4111"
    ),
}


def request(**changes: Any) -> Request:
    headers = {**HEADERS, **changes.pop("headers", {})}
    parts: dict[str, Any] = {"method": "POST", "path": "/", "body": BODY, **changes}
    return Request(headers={name: text for name, text in headers.items() if text}, **parts)


def signed(
    account: Account = ACCOUNT,
    body: bytes = BODY,
    timestamp: int = NOW,
    service: str = "faceid",
    headers: Mapping[str, str] | None = None,
) -> Request:
    proof = authorization(
        secret_id=account.SecretId,
        secret_key=account.SecretKey,
        service=service,
        timestamp=timestamp,
        method="POST",
        host=HEADERS["host"],
        content_type=HEADERS["content-type"],
        payload_sha256=hashlib.sha256(body).hexdigest(),
        extra_headers=headers,
    )
    return request(headers={"authorization": proof, "x-tc-timestamp": str(timestamp)})


def code_of(request: Request, account: Account = ACCOUNT, now: float = NOW) -> str:
    with pytest.raises(ApiError) as error:
        gateway.check(request, account, now)
    return error.value.code


def test_a_request_signed_by_the_vendors_sdk_is_let_through() -> None:
    assert gateway.check(request(), ACCOUNT, NOW) == BODY


def test_headers_may_be_signed_beside_the_two_obligatory_ones() -> None:
    extra = {"x-tc-action": TOKEN.lower()}

    assert gateway.check(signed(headers=extra), ACCOUNT, NOW) == BODY


def test_blanks_between_the_parts_of_the_authorization_are_optional() -> None:
    compact = HEADERS["authorization"].replace(", ", ",")

    gateway.check(request(headers={"authorization": compact}), ACCOUNT, NOW)


def test_a_body_may_be_declared_unsigned() -> None:
    unsigned = signed(body=b"UNSIGNED-PAYLOAD")
    headers = {**unsigned.headers, "x-tc-content-sha256": "UNSIGNED-PAYLOAD"}

    gateway.check(request(headers=headers), ACCOUNT, NOW)
    assert code_of(unsigned) == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize(
    "changes",
    [
        {"body": BODY + b" "},
        {"headers": {"host": "faceid.tencentcloudapi.com"}},
        {"headers": {"content-type": "application/json; charset=utf-8"}},
        {"headers": {"x-tc-timestamp": str(NOW + 1)}},
        {"headers": {"authorization": HEADERS["authorization"].replace("b98d", "b98e")}},
        {"headers": {"authorization": HEADERS["authorization"].replace("05-22", "05-23")}},
        {"headers": {"authorization": HEADERS["authorization"].replace("/faceid/", "/cvm/")}},
        {"headers": {"authorization": HEADERS["authorization"].replace(";host", "")}},
    ],
)
def test_whatever_was_changed_after_signing_is_noticed(changes: dict[str, Any]) -> None:
    assert code_of(request(**changes)) == "AuthFailure.SignatureFailure"


def test_another_services_signature_is_none() -> None:
    assert code_of(signed(service="cvm")) == "AuthFailure.SignatureFailure"


def test_a_wrong_key_is_noticed() -> None:
    wrong = Account(ACCOUNT.SecretId, "another key")

    assert code_of(request(), wrong) == "AuthFailure.SignatureFailure"


def test_an_unknown_secret_id_is_not_found() -> None:
    assert code_of(request(), Account("AKIDother", "key")) == "AuthFailure.SecretIdNotFound"


@pytest.mark.parametrize(
    "header",
    ["Bearer abc", "TC3-HMAC-SHA256 Credential=x", HEADERS["authorization"] + " ", "TC3"],
)
def test_a_malformed_authorization_is_named_as_such(header: str) -> None:
    bent = request(headers={"authorization": header})

    assert code_of(bent) == "AuthFailure.InvalidAuthorization"


@pytest.mark.parametrize("seconds", [-300, 300])
def test_clocks_may_differ_by_five_minutes(seconds: int) -> None:
    gateway.check(request(), ACCOUNT, NOW + seconds)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_clocks_may_differ_by_no_more(seconds: int) -> None:
    assert code_of(request(), now=NOW + seconds) == "AuthFailure.SignatureExpire"


@pytest.mark.parametrize("timestamp", ["yesterday", "1779459423.5", "-1", "9" * 40])
def test_a_timestamp_is_whole_seconds(timestamp: str) -> None:
    assert code_of(request(headers={"x-tc-timestamp": timestamp})) == "InvalidParameterValue"


def test_a_temporary_credentials_token_must_come_along() -> None:
    temporary = Account(ACCOUNT.SecretId, ACCOUNT.SecretKey, "session token")

    assert code_of(request(), temporary) == "AuthFailure.TokenFailure"
    bent = request(headers={"x-tc-token": "another"})
    assert code_of(bent, temporary) == "AuthFailure.TokenFailure"
    gateway.check(request(headers={"x-tc-token": "session token"}), temporary, NOW)


@pytest.mark.parametrize(
    "name", ["x-tc-action", "x-tc-version", "x-tc-timestamp", "x-tc-region", "authorization"]
)
def test_every_common_parameter_is_required(name: str) -> None:
    assert code_of(request(headers={name: ""})) == "MissingParameter"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"headers": {"x-tc-action": "GetFaceIdToken"}}, "InvalidAction"),
        ({"headers": {"x-tc-version": "2018-03-02"}}, "NoSuchVersion"),
        ({"headers": {"x-tc-region": "eu-frankfurt"}}, "UnsupportedRegion"),
        ({"headers": {"content-type": "text/plain"}}, "UnsupportedProtocol"),
        ({"headers": {"content-type": ""}}, "UnsupportedProtocol"),
        ({"method": "GET"}, "UnsupportedProtocol"),
        ({"path": "/v1"}, "InvalidRequest"),
        ({"body": None}, "RequestSizeLimitExceeded"),
    ],
)
def test_what_leads_nowhere_has_a_code_of_its_own(changes: dict[str, Any], code: str) -> None:
    assert code_of(request(**changes)) == code


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"Extra": "\xff"}', b"[" * 100_000])
def test_a_body_is_a_json_object(body: bytes) -> None:
    with pytest.raises(ApiError) as error:
        gateway.parameters(body)

    assert error.value.code == "InvalidRequest"


def test_a_requests_headers_and_body_are_not_in_its_repr() -> None:
    assert "Signature=" not in repr(request())
    assert "liveness" not in repr(request())
