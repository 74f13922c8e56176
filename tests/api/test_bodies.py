"""What comes in: bodies that are JSON, bodies that are not, and bodies that lie."""

from __future__ import annotations

import io
import json

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory

from django_faceid.api.views import SessionsView
from django_faceid.sandbox.state import SandboxState

from .caller import Caller, blamed, body
from .conftest import JPEG, Flows

BAD_JSON = {
    "broken": b'{"flow": ',
    "blank": b"  ",
    "array": b'[{"flow": "default"}]',
    "text": b'"default"',
    "number": b"7",
    "null": b"null",
    "NaN": b'{"retry_limit": NaN}',
    "Infinity": b'{"retry_limit": -Infinity}',
    "a number of 5000 digits": b'{"retry_limit": ' + b"1" * 5000 + b"}",
    "deep lists": b"[" * 200_000,
    "deep objects": b'{"a":' * 200_000,
    "two values": b"{}{}",
    "invalid UTF-8": b'{"extra": "\xff"}',
    "a surrogate in UTF-8": b'{"extra": "\xed\xa0\x80"}',
    "a surrogate in a name": b'{"\xed\xa0\x80": 1}',
    "UTF-16": '{"flow": "default"}'.encode("utf-16"),
    "UTF-32": '{"flow": "default"}'.encode("utf-32-le"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "NUL": b"\x00",
}


@pytest.mark.parametrize("data", BAD_JSON.values(), ids=BAD_JSON.keys())
def test_what_is_no_json_object_is_refused(
    data: bytes, caller: Caller, state: SandboxState
) -> None:
    answer = caller.send("POST", "sessions/", data)
    assert (answer.status_code, body(answer)["code"]) == (400, "parse_error")
    assert body(answer)["next_action"] == "fix_input"
    assert not state.exchanges


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"1.5"])
def test_a_number_that_is_no_integer_is_refused_by_field(
    number: bytes, caller: Caller, state: SandboxState
) -> None:
    answer = caller.send("POST", "sessions/", b'{"retry_limit": ' + number + b"}")
    assert blamed(answer) == [("retry_limit", "type")]


@pytest.mark.parametrize("data", [b"", b"{}", b" {} \n"])
def test_no_body_and_an_empty_object_ask_for_the_default_flow(
    data: bytes, caller: Caller, state: SandboxState
) -> None:
    answer = caller.send("POST", "sessions/", data)
    assert (answer.status_code, body(answer)["flow"]) == (201, "default")


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/json; charset=hex",
        "application/jsonp",
        "",
        "\xff",
    ],
)
def test_another_content_type_or_charset_is_not_guessed_at(
    content_type: str, caller: Caller, state: SandboxState
) -> None:
    answer = caller.send("POST", "sessions/", b'{"flow": "default"}', content_type)
    assert (answer.status_code, body(answer)["code"]) == (415, "unsupported_media_type")
    assert not state.exchanges


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "utf8"])
def test_the_charset_of_json_may_be_said(charset: str, caller: Caller, state: SandboxState) -> None:
    answer = caller.send("POST", "sessions/", b"{}", f"application/json; charset={charset}")
    assert answer.status_code == 201


def test_another_charset_does_not_decode_the_query_string(caller: Caller) -> None:
    lying = {"CONTENT_TYPE": "application/json; charset=utf-16"}
    answer = caller.client.get("/faceid/sessions/?cursor=%41", **lying)  # type: ignore[arg-type]
    assert answer.status_code == 415


def test_a_body_over_the_ceiling_is_refused_and_one_under_it_is_not(
    caller: Caller, state: SandboxState, flows: Flows
) -> None:
    flows.settings(MAX_BODY=1000)
    fitting = json.dumps({"meta_data": ""})
    fitting = json.dumps({"meta_data": "m" * (1000 - len(fitting))})
    too_large = caller.send("POST", "sessions/", (fitting + " ").encode())
    assert (too_large.status_code, body(too_large)["code"]) == (413, "body_too_large")
    assert not state.exchanges
    assert caller.send("POST", "sessions/", fitting.encode()).status_code == 201


def test_djangos_own_ceiling_is_not_ours(
    caller: Caller, state: SandboxState, flows: Flows, settings: object
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10  # type: ignore[attr-defined]
    flows({"PARAMS": {"check_mode": "compare"}, "IMAGE": "client"})
    picture = JPEG[:4] + "A" * 3_000_000
    assert caller.post("sessions/", {"image": picture}).status_code == 201


def test_the_ceiling_is_six_megabytes_unless_the_host_says_otherwise(caller: Caller) -> None:
    data = b'{"meta_data": "' + b"m" * (6 * 1024 * 1024) + b'"}'
    assert caller.send("POST", "sessions/", data).status_code == 413


def test_a_chunked_body_is_refused_and_not_dropped(caller: Caller, state: SandboxState) -> None:
    answer = caller.client.post(
        "/faceid/sessions/", headers={"Transfer-Encoding": "chunked"}, CONTENT_LENGTH=""
    )
    assert (answer.status_code, body(answer)["code"]) == (411, "length_required")  # type: ignore[arg-type]
    assert not state.exchanges


class _GoneClient(io.BytesIO):
    """A connection that breaks while its body is read."""

    def read(self, size: int | None = -1) -> bytes:
        raise ConnectionResetError


@pytest.mark.parametrize("length", ["-5", "many", "1e3"])
def test_a_length_that_is_no_length_harms_nothing(
    length: str, caller: Caller, state: SandboxState
) -> None:
    answer = caller.client.post(
        "/faceid/sessions/", content_type="application/json", CONTENT_LENGTH=length
    )
    assert answer.status_code in (201, 400)


def test_a_body_shorter_than_its_length_is_refused(user: object, state: SandboxState) -> None:
    environ = RequestFactory().post("/faceid/sessions/", content_type="application/json").environ
    for stream in (io.BytesIO(b'{"flow"'), _GoneClient()):
        request = WSGIRequest({**environ, "CONTENT_LENGTH": "100", "wsgi.input": stream})
        request.user = user  # type: ignore[assignment]
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        answer = SessionsView.as_view()(request)
        assert answer.status_code == 400
        assert answer.data["code"] == "parse_error"
    assert not state.exchanges


def test_a_report_takes_the_sdks_code_and_nothing_else(caller: Caller, state: SandboxState) -> None:
    path = f"sessions/{body(caller.post('sessions/'))['id']}/result/"
    asked = len(state.exchanges)
    assert blamed(caller.post(path, {"sdkCode": 212})) == [("sdkCode", "unknown")]
    assert blamed(caller.post(path, {"sdk_code": "212"})) == [("sdk_code", "type")]
    assert blamed(caller.post(path, {"sdk_code": True})) == [("sdk_code", "type")]
    assert blamed(caller.post(path, {"sdk_code": 2**40})) == [("sdk_code", "range")]
    assert blamed(caller.post(path, {"result": "0"})) == [("result", "unknown")]
    assert len(state.exchanges) == asked
    assert caller.post(path, {"sdk_code": 212}).status_code == 202


def test_a_cancellation_takes_nothing(caller: Caller, state: SandboxState) -> None:
    path = f"sessions/{body(caller.post('sessions/'))['id']}/cancel/"
    assert blamed(caller.post(path, {"reason": "later"})) == [("reason", "unknown")]
    assert caller.post(path, {}).status_code == 200
