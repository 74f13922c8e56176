from __future__ import annotations

import io
import logging
import re
import uuid
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from django_faceid.sandbox.exchanges import Exchange
from django_faceid.sandbox.faults import HttpStatus
from django_faceid.sandbox.media import BEST_FRAME
from django_faceid.sandbox.state import SandboxState
from django_faceid.sandbox.wsgi import Application

from .conftest import RESULT, TOKEN, Caller


def test_the_seed_pages_example_gets_its_answer(caller: Caller) -> None:
    answer = caller.call(TOKEN, {"CheckMode": "liveness", "RetryLimit": 1})

    assert set(answer) == {"SdkToken", "ServerParamInfo", "RequestId"}
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4,6}){3}-[0-9A-F]{12}", answer["SdkToken"])
    assert answer["ServerParamInfo"]


def test_every_answer_has_a_request_id_of_its_own(caller: Caller) -> None:
    answers = [
        caller.call(TOKEN, {}),
        caller.call(TOKEN, {}, headers={"Authorization": "none"}, auth=lambda request: request),
        caller.call(RESULT, {"SdkToken": "unknown"}),
        caller.call(RESULT, "{"),
    ]
    request_ids = {answer["RequestId"] for answer in answers}

    assert len(request_ids) == 4
    assert all(str(uuid.UUID(each, version=4)) == each for each in request_ids)


def test_the_content_type_is_the_one_the_official_sdk_understands(caller: Caller) -> None:
    for parameters in ({}, {"Nonsense": 1}):
        assert caller.send(TOKEN, parameters).headers["Content-Type"] == "application/json"


def test_the_date_header_is_the_servers_clock(state: SandboxState, caller: Caller) -> None:
    def seconds_ahead() -> float:
        date = parsedate_to_datetime(caller.send(TOKEN, {}).headers["Date"])
        return date.timestamp() - (state.server_time() - state.skew)

    assert abs(seconds_ahead()) < 3
    state.set_skew(200)
    assert abs(seconds_ahead() - 200) < 3


def test_a_server_whose_clock_runs_ahead_refuses_signatures(
    state: SandboxState, caller: Caller
) -> None:
    state.set_skew(400)
    assert caller.code(TOKEN, {}) == "AuthFailure.SignatureExpire"

    state.set_skew(0)
    assert caller.code(TOKEN, {}) is None


def test_moving_the_clock_of_tokens_breaks_no_signature(
    state: SandboxState, caller: Caller
) -> None:
    state.advance(3600)

    assert caller.code(TOKEN, {}) is None


def test_the_twenty_first_request_of_a_second_is_refused_per_action(caller: Caller) -> None:
    sdk_token = caller.issue()
    codes = [caller.code(TOKEN, {}) for _ in range(20)]

    assert codes == [None] * 19 + ["RequestLimitExceeded"]
    assert caller.result(sdk_token)["Result"] == "-999"


def test_requests_with_bad_parameters_count_and_unsigned_ones_do_not(caller: Caller) -> None:
    stranger = Caller(caller.url, caller.secret_id, "another key")
    for _ in range(10):
        assert stranger.code(TOKEN, {}) == "AuthFailure.SignatureFailure"
        assert caller.code(TOKEN, {"Nonsense": 1}) == "UnknownParameter"
    stranger.session.close()

    assert [caller.code(TOKEN, {}) for _ in range(11)][9:] == [None, "RequestLimitExceeded"]


def test_a_request_beyond_ten_megabytes_is_answered_all_the_same(caller: Caller) -> None:
    assert caller.code(TOKEN, b" " * (10 * 1024 * 1024 + 1)) == "RequestSizeLimitExceeded"
    assert caller.code(TOKEN, {}) is None


def test_a_large_picture_is_within_the_limits(caller: Caller) -> None:
    image = BEST_FRAME[: len(BEST_FRAME) // 4 * 4 - 4] * 6000

    answer = caller.call(TOKEN, {"CheckMode": "compare", "Image": image})

    assert "SdkToken" in answer


def test_the_whole_way_from_token_to_result(state: SandboxState, caller: Caller) -> None:
    sdk_token = caller.issue(CheckMode="compare", Image=BEST_FRAME, Extra="42", SdkVersion="PLUS")
    assert caller.result(sdk_token)["Result"] == "-999"

    state.play(sdk_token, "mismatch")

    answer = caller.result(sdk_token)
    assert answer.pop("RequestId")
    assert answer.pop("Video") != answer.pop("ActionVideo")
    assert answer == {
        "Result": "2016",
        "Description": "The similarity is below the threshold",
        "BestFrame": BEST_FRAME,
        "Similarity": 31.2,
        "Extra": "42",
        "DeviceInfoLevel": "1",
        "LivenessInfoTag": None,
    }


def test_an_exchange_is_recorded_without_token_and_picture(
    state: SandboxState, caller: Caller
) -> None:
    sdk_token = caller.issue(CheckMode="compare", Image=BEST_FRAME, MetaData="from the phone")
    state.play(sdk_token, "pass")
    request_id = caller.result(sdk_token)["RequestId"]

    issued, read = state.exchanges
    assert (issued.Action, read.Action, read.RequestId) == (TOKEN, RESULT, request_id)
    assert issued.Request["Image"] == f"<{len(BEST_FRAME)} characters>"
    assert read.Response["BestFrame"] == f"<{len(BEST_FRAME)} characters>"
    assert 0 < read.milliseconds < 1000
    for secret in (sdk_token, BEST_FRAME, "from the phone"):
        assert secret not in str(state.exchanges)


def test_a_refused_request_is_recorded_as_well(state: SandboxState, caller: Caller) -> None:
    caller.call(TOKEN, {"CheckMode": "compare"})

    (exchange,) = state.exchanges
    assert exchange.Response["Error"]["Code"] == "InvalidParameter"
    assert exchange.Request == {"CheckMode": "compare"}


def test_a_request_that_a_fault_kept_from_the_service_is_recorded_with_its_fault(
    state: SandboxState, caller: Caller
) -> None:
    state.faults.add(HttpStatus())
    caller.send(TOKEN, {})

    (exchange,) = state.exchanges
    assert isinstance(exchange, Exchange)
    assert (exchange.fault, exchange.Response, exchange.RequestId) == ("http_status", {}, "")


def test_the_log_line_of_a_request_names_no_secret(
    caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "django_faceid.sandbox")
    answer = caller.call(TOKEN, {"Extra": "whoever"})

    (record,) = caplog.records
    line = record.getMessage()
    assert line.startswith(f"action={TOKEN} code=- request_id={answer['RequestId']} ms=")
    assert answer["SdkToken"] not in line
    assert "whoever" not in line


def ask(application: Any, **environ: Any) -> tuple[str, bytes]:
    setup_testing_defaults(environ)
    statuses: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        statuses.append(status)

    answer: Iterable[bytes] = application(environ, start_response)
    body = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    return statuses[0], body


def test_any_wsgi_server_can_host_the_application() -> None:
    application = validator(Application(SandboxState()))

    status, body = ask(application, REQUEST_METHOD="GET", QUERY_STRING="")

    assert status == "200 OK"
    assert b"UnsupportedProtocol" in body


def test_a_body_is_read_no_further_than_announced() -> None:
    source = io.BytesIO(b"{}trailing")
    environ = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "2", "wsgi.input": source}

    ask(Application(SandboxState()), **environ)

    assert source.read() == b"trailing"
