"""Neither secret, token nor picture stands in anything that could be logged or stored."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import traceback
from collections.abc import Callable

import pytest

from django_faceid.tencent.auth import Credentials, TC3Auth
from django_faceid.tencent.client import FaceIdClient
from django_faceid.tencent.errors import FaceIdError, InvalidRequest
from django_faceid.tencent.types import (
    GetFaceIdResultIntlResponse,
    GetFaceIdTokenIntlRequest,
    GetFaceIdTokenIntlResponse,
)

from .conftest import MakeClient
from .wire import Script, Wire, answer, closes, envelope, error, hangs, resets, sends_and_closes

KEY = "secret-key-0123456789"
SESSION = "session-token-0123456789"
TOKEN = "C8CFF283-539AF-014E77-A5CF-DD9CAD93EFE2"
PICTURE = base64.b64encode(b"\xff\xd8\xff" + bytes(range(256)) * 9).decode()
SMALL_PICTURE = base64.b64encode(b"\xff\xd8\xff" + b"small").decode()
META = "meta-data-0123456789"
EXTRA = "extra-of-the-host-0123456789"
HIDDEN = (KEY, SESSION, TOKEN, PICTURE[100:140], SMALL_PICTURE, META, EXTRA, "Signature=")

CREDENTIALS = Credentials("AKIDEXAMPLE00000000000000000000000001", KEY, SESSION)
REQUEST = GetFaceIdTokenIntlRequest(
    CheckMode="compare", Image=SMALL_PICTURE, MetaData=META, Extra=EXTRA
)
# What a server could repeat of the request it was sent.
ECHOES = {
    "token": f"key {KEY} session {SESSION} picture {SMALL_PICTURE} {PICTURE} meta {META}",
    "result": f"key {KEY} session {SESSION} token {TOKEN} or '{TOKEN}'.",
}


def assert_clean(text: str) -> None:
    assert not [hidden for hidden in HIDDEN if hidden in text]


@pytest.fixture
def client(make_client: MakeClient) -> FaceIdClient:
    return make_client(credentials=CREDENTIALS)


def call(client: FaceIdClient, action: str) -> object:
    if action == "token":
        return client.get_token(REQUEST, trace_id="trace-1")
    return client.get_result(TOKEN)


both_actions = pytest.mark.parametrize("action", sorted(ECHOES))


def test_nothing_shows_what_it_holds() -> None:
    token = GetFaceIdTokenIntlResponse(TOKEN, "request-1", KEY, {"New": SESSION})
    result = GetFaceIdResultIntlResponse(
        Result="0",
        Description="Success",
        RequestId="request-1",
        BestFrame=PICTURE,
        Video=PICTURE,
        ActionVideo=PICTURE,
        Extra=EXTRA,
        unknown={"New": TOKEN},
    )
    auth = TC3Auth(CREDENTIALS.SecretId, KEY, SESSION)
    for thing in (CREDENTIALS, REQUEST, token, result, auth, FaceIdClient(CREDENTIALS)):
        assert_clean(f"{thing!r} {thing} {[thing]}")


@pytest.mark.parametrize(
    "image", ["data:image/jpeg;base64," + PICTURE, PICTURE + "\n", "A" + PICTURE[1:], "!" + PICTURE]
)
def test_an_invalid_request_does_not_repeat_what_was_wrong(image: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        GetFaceIdTokenIntlRequest(
            CheckMode="compare",
            Image=image,
            Extra=EXTRA * 100,
            MetaData=META * 10_000,
            ActionList=TOKEN,
            SecureLevel=KEY,
        )
    assert_error_is_clean(caught.value)


def assert_error_is_clean(error: FaceIdError) -> None:
    assert_clean(f"{error} {error!r} {vars(error)} {error.args}")
    assert_clean(pickle.dumps(error, 0).decode("latin-1"))
    assert_clean("".join(traceback.format_exception(error)))
    assert error.__cause__ is None
    context = error.__context__
    # A parser's ValueError is our own sentence; requests' errors would hold the signed request.
    assert context is None or type(context) is ValueError
    assert_clean(f"{context!r}")


FAILURES: dict[str, Callable[[str], Script | bytes]] = {
    "refusal": lambda echo: error("InvalidParameter", echo),
    "late in a message": lambda echo: error("InvalidParameter", "word " * 20 + echo),
    "code": error,
    "request id": lambda echo: envelope({"Error": {"Code": "C"}, "RequestId": echo}),
    "html": lambda echo: answer(echo.encode()),
    "status line": lambda echo: answer(echo.encode(), status="500 " + echo),
    "incomplete": lambda echo: envelope({"Description": echo, "RequestId": "request-1"}),
    "incomplete with request id": lambda echo: envelope({"RequestId": echo}),
    "no envelope": lambda echo: answer(json.dumps({"SdkToken": TOKEN, "Oops": echo}).encode()),
    "cut off": lambda echo: sends_and_closes(answer(echo.encode(), length=10**6)),
    "no http": lambda echo: sends_and_closes(echo.encode() + b"\r\n\r\n"),
    "closed": lambda _: closes,
    "reset": lambda _: resets,
}


@both_actions
@pytest.mark.parametrize("failure", FAILURES)
def test_no_failure_tells_a_secret(
    wire: Wire, client: FaceIdClient, caplog: pytest.LogCaptureFixture, action: str, failure: str
) -> None:
    caplog.set_level(logging.DEBUG)
    wire.plays(FAILURES[failure](ECHOES[action]))
    with pytest.raises(FaceIdError) as caught:
        call(client, action)
    assert_error_is_clean(caught.value)
    assert_clean(caplog.text)
    assert wire.received


@both_actions
def test_no_timeout_and_no_refused_connection_tells_a_secret(
    wire: Wire, make_client: MakeClient, caplog: pytest.LogCaptureFixture, action: str
) -> None:
    caplog.set_level(logging.DEBUG)
    wire.plays(hangs(wire))
    proxy = f"http://someone:{KEY}@127.0.0.1:1"
    for client in (
        make_client(credentials=CREDENTIALS, timeout=(1, 0.1)),
        make_client(credentials=CREDENTIALS, endpoint="http://127.0.0.1:1"),
        make_client(credentials=CREDENTIALS, endpoint="https://faceid.example", proxy=proxy),
    ):
        with pytest.raises(FaceIdError) as caught:
            call(client, action)
        assert_error_is_clean(caught.value)
    assert_clean(caplog.text)


@both_actions
def test_a_success_logs_nothing_that_was_sent_or_received(
    wire: Wire, client: FaceIdClient, caplog: pytest.LogCaptureFixture, action: str
) -> None:
    caplog.set_level(logging.DEBUG)
    wire.plays(envelope({"SdkToken": TOKEN, "Result": "0", "BestFrame": PICTURE}))
    assert_clean(repr(call(client, action)))
    assert_clean(caplog.text)
    assert not [record for record in caplog.records if record.name.startswith("django_faceid")]


def test_an_echoed_secret_leaves_the_rest_of_the_message_readable(
    wire: Wire, client: FaceIdClient
) -> None:
    wire.plays(error("InvalidParameterValue.BizTokenIllegal", f"Token {TOKEN} is illegal."))
    with pytest.raises(FaceIdError) as caught:
        client.get_result(TOKEN)
    assert caught.value.message == "Token … is illegal."
