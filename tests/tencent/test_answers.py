from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import Any

import pytest
from urllib3.response import BaseHTTPResponse, HTTPResponse

from django_faceid.tencent import answers
from django_faceid.tencent.client import FaceIdClient
from django_faceid.tencent.errors import BrokenAnswer, FaceIdError, RateLimited, Refused, Sent
from django_faceid.tencent.types import GetFaceIdTokenIntlRequest

from .conftest import MakeClient
from .wire import Wire, answer, closes, drips, envelope, error, sends_and_closes

TOKEN = {"SdkToken": "TOKEN-1", "RequestId": "request-1"}
REQUEST = GetFaceIdTokenIntlRequest()


def broken(client: FaceIdClient) -> BrokenAnswer:
    with pytest.raises(BrokenAnswer) as caught:
        client.get_token(REQUEST)
    assert caught.value.sent is Sent.MAYBE
    return caught.value


def refused(client: FaceIdClient) -> Refused:
    with pytest.raises(Refused) as caught:
        client.get_token(REQUEST)
    return caught.value


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "text/plain", "text/html", ""],
)
def test_an_answer_is_judged_by_its_body_whatever_its_content_type(
    wire: Wire, client: FaceIdClient, content_type: str
) -> None:
    wire.plays(envelope(TOKEN, content_type=content_type))
    assert client.get_token(REQUEST).SdkToken == "TOKEN-1"
    wire.plays(error("RequestLimitExceeded", content_type=content_type))
    assert type(refused(client)) is RateLimited


def test_an_error_sent_with_charset_is_still_an_error(wire: Wire, client: FaceIdClient) -> None:
    wire.plays(error("InternalError", "Oops.", content_type="application/json; charset=utf-8"))
    caught = refused(client)
    assert (caught.code, caught.message, caught.request_id) == (
        "InternalError",
        "Oops.",
        "request-1",
    )
    assert (caught.sent, caught.retryable, caught.http_status) == (Sent.YES, True, 200)


def test_a_chunked_answer_is_read(wire: Wire, client: FaceIdClient) -> None:
    body = json.dumps({"Response": TOKEN}).encode()
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:9], body[9:]))
    wire.plays(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n")
    assert client.get_token(REQUEST).SdkToken == "TOKEN-1"
    assert client.get_token(REQUEST).SdkToken == "TOKEN-1"
    assert {got.connection for got in wire.received} == {1}


@pytest.mark.parametrize("status", ["400 Bad Request", "500 Oops", "503 Busy", "302 Found"])
def test_a_refusal_is_a_refusal_at_any_http_status(
    wire: Wire, client: FaceIdClient, status: str
) -> None:
    wire.plays(error("InvalidParameter", status=status))
    caught = refused(client)
    assert (caught.code, caught.http_status) == ("InvalidParameter", int(status[:3]))
    assert (caught.sent, caught.retryable) == (Sent.YES, False)


@pytest.mark.parametrize(
    ("status", "retryable"),
    [
        ("502 Bad", True),
        ("500 Oops", True),
        ("429 Slow", True),
        ("403 No", False),
        ("201 Hm", False),
    ],
)
@pytest.mark.parametrize("body", [b"<html>Oops</html>", json.dumps({"Response": TOKEN}).encode()])
def test_another_http_status_without_an_error_envelope_is_broken(
    wire: Wire, client: FaceIdClient, status: str, retryable: bool, body: bytes
) -> None:
    wire.plays(answer(body, status=status))
    caught = broken(client)
    assert (caught.code, caught.http_status) == ("HttpStatus", int(status[:3]))
    assert caught.retryable is retryable


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Welcome to the hotel</html>",
        b"[]",
        b"null",
        b"{}",
        b'{"Response": null}',
        b'{"Response": []}',
        b'{"Response": {"Error": "Oops", "SdkToken": "T"}}',
        b'{"Response": {"Error": {"Code": 5}, "SdkToken": "T"}}',
        b'{"Response": {"Error": {}, "SdkToken": "T"}}',
        b'{"Response": {"SdkToken": "\xff"}}',
        b"[" * 100_000,
        b'{"Response": {"Similarity": ' + b"9" * 5000 + b"}}",
    ],
    ids=lambda body: str(body[:30]),
)
def test_what_is_not_an_envelope_is_broken(wire: Wire, client: FaceIdClient, body: bytes) -> None:
    wire.plays(answer(body))
    caught = broken(client)
    assert (caught.code, caught.http_status, caught.retryable) == ("NotAnEnvelope", 200, False)


def test_an_error_of_null_is_no_error(wire: Wire, client: FaceIdClient) -> None:
    wire.plays(envelope({**TOKEN, "Error": None}))
    assert client.get_token(REQUEST).SdkToken == "TOKEN-1"


@pytest.mark.parametrize("fields", [{}, {"SdkToken": ""}, {"SdkToken": None}, {"SdkToken": 5}])
def test_a_success_without_a_token_is_broken(
    wire: Wire, client: FaceIdClient, fields: dict[str, Any]
) -> None:
    wire.plays(envelope({**fields, "RequestId": "request-1"}))
    caught = broken(client)
    assert (caught.code, caught.request_id, caught.http_status) == ("Incomplete", "request-1", 200)


def test_a_result_without_a_result_is_broken(wire: Wire, client: FaceIdClient) -> None:
    wire.plays(envelope({"Description": "Success", "RequestId": "request-1"}))
    with pytest.raises(BrokenAnswer, match="no Result"):
        client.get_result("TOKEN-1")


def test_an_answer_that_is_cut_off_is_broken(wire: Wire, client: FaceIdClient) -> None:
    whole = json.dumps({"Response": TOKEN}).encode()
    wire.plays(sends_and_closes(answer(whole, length=len(whole) + 1)))
    assert broken(client).code == "CutOff"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    wire.plays(sends_and_closes(chunked + b"%x\r\n%s\r\n" % (len(whole), whole)))
    assert broken(client).code == "CutOff"


def test_an_answer_above_the_ceiling_is_not_read_to_its_end(
    wire: Wire, client: FaceIdClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "MAX_ANSWER_BYTES", 1000)
    endless = b"x" * 1001
    wire.plays(drips(wire, answer(endless, length=10**9), seconds=60, at_once=2000))
    start = time.monotonic()
    assert broken(client).code == "TooLarge"
    assert time.monotonic() - start < 1


def test_the_ceiling_leaves_room_for_two_videos() -> None:
    assert answers.MAX_ANSWER_BYTES == 64 * 1024 * 1024


def test_a_dripping_answer_is_given_up_near_the_read_timeout(
    wire: Wire, make_client: MakeClient
) -> None:
    client = make_client(timeout=(1, 0.3))
    dripping = answer(b" " * 1000 + json.dumps({"Response": TOKEN}).encode())
    wire.plays(drips(wire, dripping, seconds=0.02, at_once=dripping.index(b"\r\n\r\n") + 4))
    start = time.monotonic()
    assert broken(client).code == "CutOff"
    assert 0.3 <= time.monotonic() - start < 0.9


def test_an_older_urllib3_reads_whole_answers_all_the_same(
    wire: Wire, client: FaceIdClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in (HTTPResponse, BaseHTTPResponse):
        monkeypatch.delattr(kind, "read1", raising=False)
    wire.plays(envelope({**TOKEN, "Novelty": "x" * 200_000}))
    assert client.get_token(REQUEST).SdkToken == "TOKEN-1"
    wire.plays(sends_and_closes(answer(b"{", length=9)))
    assert broken(client).code == "CutOff"


def test_a_redirect_is_neither_followed_nor_read_without_bound(
    wire: Wire, make_client: MakeClient
) -> None:
    client = make_client(timeout=(1, 0.3))
    redirect = answer(b" " * 1000, status="302 Found", headers=f"Location: {wire.url}/x\r\n")
    wire.plays(drips(wire, redirect, seconds=0.02, at_once=redirect.index(b"\r\n\r\n") + 4))
    start = time.monotonic()
    assert broken(client).code == "HttpStatus"
    assert time.monotonic() - start < 0.9
    assert len(wire.received) == 1


@pytest.mark.parametrize("seconds", [-400, 0, 400])
def test_the_clock_offset_of_any_answer_is_told(
    wire: Wire, client: FaceIdClient, seconds: int
) -> None:
    date = f"Date: {formatdate(time.time() + seconds, usegmt=True)}\r\n"
    wire.plays(
        error("AuthFailure.SignatureExpire", headers=date),
        answer(b"", status="502 Bad", headers=date),
        envelope({}, headers=date),
    )
    for _ in range(3):
        with pytest.raises(FaceIdError) as caught:
            client.get_token(REQUEST)
        assert caught.value.clock_offset == pytest.approx(seconds, abs=2)


@pytest.mark.parametrize("date", ["", "Date: soon\r\n", "Date: \r\n", "Date: 99 Foo 0 9:99\r\n"])
def test_without_a_usable_date_no_clock_offset_is_told(
    wire: Wire, client: FaceIdClient, date: str
) -> None:
    wire.plays(error("AuthFailure.SignatureExpire", headers=date))
    assert refused(client).clock_offset is None


def test_a_message_is_trimmed_to_one_short_line(wire: Wire, client: FaceIdClient) -> None:
    wire.plays(error("InternalError", "First.\r\n\tSecond.\x00\x1b[31m " + "word " * 1000))
    message = refused(client).message
    assert message.startswith("First. Second.[31m word word ")
    assert len(message) == 500
    assert message.isprintable()


@pytest.mark.parametrize("message", [None, "", 5, ["a"], {"b": "c"}])
def test_a_message_of_any_type_is_made_a_line(
    wire: Wire, client: FaceIdClient, message: object
) -> None:
    wire.plays(error("InternalError", message))
    assert isinstance(refused(client).message, str)
    assert refused(client).message


def test_a_refusal_without_a_request_id_is_still_a_refusal(
    wire: Wire, client: FaceIdClient
) -> None:
    wire.plays(envelope({"Error": {"Code": "InternalError", "Message": "Oops."}}))
    assert str(refused(client)) == "InternalError: Oops."


def test_a_connection_is_not_used_again_after_a_broken_answer(
    wire: Wire, client: FaceIdClient
) -> None:
    whole = envelope(TOKEN)
    wire.plays(sends_and_closes(answer(b"{", length=9)), closes, whole)
    assert broken(client).code == "CutOff"
    with pytest.raises(FaceIdError):
        client.get_token(REQUEST)
    assert client.get_token(REQUEST).SdkToken == "TOKEN-1"
    assert [got.connection for got in wire.received] == [1, 2, 3]
