from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from django_faceid.tencent.auth import (
    Credentials,
    TC3Auth,
    authorization,
    canonical_request,
    string_to_sign,
)

from .conftest import CREDENTIALS, signature_of
from .wire import Wire

DATA = Path(__file__).parents[1] / "data"
VECTORS: list[dict[str, Any]] = json.loads((DATA / "tc3_vectors.json").read_text())["cases"]
EXTRA: dict[str, Any] = json.loads((DATA / "tc3_extra_kat.json").read_text())

vectors = pytest.mark.parametrize("case", VECTORS, ids=lambda case: str(case["id"]))


def sha256(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def prepared(url: str, method: str = "POST", **options: Any) -> requests.PreparedRequest:
    auth = options.pop("auth", TC3Auth("id", "key", now=lambda: 1779459423))
    return requests.Request(method, url, auth=auth, **options).prepare()


@vectors
def test_the_pure_function_signs_as_the_official_sdk(case: dict[str, Any]) -> None:
    given, expected = case["input"], case["expected"]
    headers = {"content-type": given["content_type"], "host": given["host"]}
    digest = sha256(given["payload"])
    canonical = canonical_request(given["method"], "", headers, digest)
    assert digest == expected["payload_sha256"]
    assert canonical == expected["canonical_request"]
    signed = string_to_sign(given["timestamp"], given["service"], canonical)
    assert signed == expected["string_to_sign"]
    assert expected["authorization"] == authorization(
        secret_id=given["secret_id"],
        secret_key=given["secret_key"],
        service=given["service"],
        timestamp=given["timestamp"],
        method=given["method"],
        host=given["host"],
        content_type=given["content_type"],
        payload_sha256=digest,
    )


@vectors
def test_a_prepared_request_carries_the_headers_of_the_official_sdk(case: dict[str, Any]) -> None:
    given = case["input"]
    auth = TC3Auth(
        given["secret_id"],
        given["secret_key"],
        given["token"],
        service=given["service"],
        now=lambda: given["timestamp"] + 0.9,
    )
    request = prepared(
        f"https://{given['host']}",
        auth=auth,
        headers={"Content-Type": given["content_type"]},
        data=given["payload"],
    )
    names = {"Host", "Content-Type", "Authorization", "X-TC-Timestamp", "X-TC-Token"}
    expected = {k: v for k, v in case["expected"]["headers"].items() if k in names}
    assert {k: v for k, v in request.headers.items() if k in names} == expected
    assert request.body == given["payload"].encode()


def test_a_get_request_is_signed_with_its_query_as_encoded() -> None:
    given = EXTRA["sdk_get_tc3"]
    auth = TC3Auth(given["secret_id"], given["secret_key"], now=lambda: given["timestamp"])
    request = prepared(f"https://{given['host']}/", "GET", auth=auth, params=given["params"])
    assert str(request.url).partition("?")[2] == given["query"]
    assert request.headers["Content-Type"] == given["content_type"]
    assert request.headers["Authorization"] == given["authorization"]


@pytest.mark.parametrize("answer", EXTRA["doc_known_answers"], ids=lambda answer: answer["source"])
def test_the_published_answers_are_reproduced(answer: dict[str, Any]) -> None:
    extra = answer.get("extra_headers", {})
    headers = {"content-type": answer["content_type"], "host": answer["host"], **extra}
    digest = sha256(answer["payload"])
    canonical = canonical_request(answer["method"], answer["query"], headers, digest)
    assert sha256(canonical) == answer["canonical_request_sha256"]
    header = authorization(
        secret_id="AKIDEXAMPLE",
        secret_key=answer["secret_key"],
        service=answer["service"],
        timestamp=answer["timestamp"],
        method=answer["method"],
        host=answer["host"],
        content_type=answer["content_type"],
        query=answer["query"],
        payload_sha256=digest,
        extra_headers=extra,
    )
    assert header.endswith(
        f"SignedHeaders={answer['signed_headers']}, Signature={answer['signature']}"
    )


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://faceid.intl.tencentcloudapi.com", "faceid.intl.tencentcloudapi.com"),
        ("https://faceid.intl.tencentcloudapi.com:443/", "faceid.intl.tencentcloudapi.com"),
        ("http://127.0.0.1:80", "127.0.0.1"),
        ("http://127.0.0.1:443", "127.0.0.1:443"),
        ("http://127.0.0.1:8011/", "127.0.0.1:8011"),
        ("http://[::1]:8011/", "[::1]:8011"),
        ("http://someone:else@127.0.0.1:8011/", "127.0.0.1:8011"),
        ("https://FaceID.Example/", "faceid.example"),
    ],
)
def test_the_host_is_sent_and_signed_with_a_port_that_is_not_the_schemes(
    url: str, host: str
) -> None:
    request = prepared(url, data=b"{}")
    assert request.headers["Host"] == host
    assert request.headers["Authorization"] == authorization(
        secret_id="id",
        secret_key="key",
        service="faceid",
        timestamp=1779459423,
        method="POST",
        host=host,
        content_type="application/json",
        payload_sha256=sha256(b"{}"),
    )


def test_a_server_can_verify_what_it_received(wire: Wire) -> None:
    auth = TC3Auth(CREDENTIALS.SecretId, CREDENTIALS.SecretKey, "session-token")
    for options in ({"json": {"Extra": "ñ"}}, {"data": "Extra=ñ"}, {"data": {"a": "b c"}}, {}):
        requests.post(wire.url, auth=auth, timeout=5, **options)
        got = wire.last
        assert got.headers["x-tc-token"] == "session-token"
        assert got.headers["host"] == wire.host
        assert got.headers["authorization"] == signature_of(got)


@pytest.mark.parametrize(
    "change",
    [
        {"secret_key": "other"},
        {"service": "cvm"},
        {"timestamp": 1779459424},
        {"method": "GET"},
        {"host": "127.0.0.1"},
        {"content_type": "application/json; charset=utf-8"},
        {"query": "a=b"},
        {"payload_sha256": sha256("{ }")},
        {"extra_headers": {"x-tc-action": "getfaceidtokenintl"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_is_signed_changes_the_signature(change: dict[str, Any]) -> None:
    original: dict[str, Any] = {
        "secret_id": "id",
        "secret_key": "key",
        "service": "faceid",
        "timestamp": 1779459423,
        "method": "POST",
        "host": "127.0.0.1:8011",
        "content_type": "application/json",
        "payload_sha256": sha256("{}"),
    }
    before, after = authorization(**original), authorization(**{**original, **change})
    assert before.rpartition("=")[2] != after.rpartition("=")[2]


@pytest.fixture
def far_from_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_from_greenwich")
def test_the_date_is_utc_wherever_the_server_stands() -> None:
    before = VECTORS[[case["id"] for case in VECTORS].index("m12-before-utc-midnight")]
    signed = string_to_sign(before["input"]["timestamp"], "faceid", "")
    assert signed.splitlines()[2] == before["expected"]["credential_scope"]


def test_a_streamed_body_is_not_signed() -> None:
    with pytest.raises(TypeError, match="streamed"):
        prepared("https://faceid.example", data=iter([b"{}"]))


def test_credentials_show_no_more_than_the_ends_of_their_id() -> None:
    credentials = Credentials("AKIDEXAMPLE00000000000000000000000001", "the-key", "the-token")
    assert repr(credentials) == "Credentials(SecretId='AKID…0001')"
    assert repr(Credentials("short", "the-key")) == "Credentials(SecretId='…')"


@pytest.mark.parametrize("bad", ["", " sesame", "sesame\n", "open sesame", "sésame", "\x00", 5])
@pytest.mark.parametrize("name", ["SecretId", "SecretKey", "Token"])
def test_credentials_that_no_header_can_carry_are_refused_by_name(name: str, bad: object) -> None:
    with pytest.raises(ValueError, match=f"^{name} ") as caught:
        Credentials(**{"SecretId": "id", "SecretKey": "key", name: bad})  # type: ignore[arg-type]
    assert "same" not in str(caught.value)
