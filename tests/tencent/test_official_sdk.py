"""What the vendor's own SDK sends and understands, beside what this client does."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from django_faceid.tencent.auth import Credentials
from django_faceid.tencent.codes import UNFINISHED
from django_faceid.tencent.errors import FaceIdError, Refused
from django_faceid.tencent.types import GetFaceIdTokenIntlRequest

from .conftest import CREDENTIALS, MakeClient, signature_of
from .wire import Received, Wire, answer, envelope, error

pytestmark = pytest.mark.sdk

JPEG = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(range(256))).decode()
EVERYTHING: dict[str, Any] = {
    "CheckMode": "compare",
    "SecureLevel": "4",
    "Image": JPEG,
    "Extra": '订单-ñ-😀 \\ " / \u2028',
    "ActionList": "blink,mouth",
    "SdkVersion": "PLUS",
    "RetryLimit": 3,
    "EnableBotBgDetection": False,
    "MetaData": "opaque+/=",
}
REQUESTS: list[dict[str, Any]] = [
    {},
    {"CheckMode": "liveness"},
    {"CheckMode": "liveness", "RetryLimit": 1},
    {"SecureLevel": "1", "Extra": ""},
    {"EnableBotBgDetection": True},
    EVERYTHING,
]


def official(wire: Wire, token: str | None = None) -> Any:
    """The SDK's client, pointed at the wire."""
    from tencentcloud.common.credential import Credential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile
    from tencentcloud.faceid.v20180301.faceid_client import FaceidClient

    profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=wire.host))
    credential = Credential(CREDENTIALS.SecretId, CREDENTIALS.SecretKey, token)
    return FaceidClient(credential, "ap-singapore", profile)


def official_token(sdk: Any, parameters: dict[str, Any]) -> Any:
    from tencentcloud.faceid.v20180301.models import GetFaceIdTokenIntlRequest as Official

    request = Official()
    for name, value in parameters.items():
        setattr(request, name, value)
    return sdk.GetFaceIdTokenIntl(request)


def official_result(sdk: Any) -> Any:
    from tencentcloud.faceid.v20180301.models import GetFaceIdResultIntlRequest as Official

    request = Official()
    request.SdkToken = "TOKEN-1"
    return sdk.GetFaceIdResultIntl(request)


def verifies(got: Received) -> bool:
    """Does the received signature fit the received request?"""
    return got.headers["authorization"] == signature_of(got)


def assert_same_request(ours: Received, theirs: Received) -> None:
    assert (ours.method, ours.target) == (theirs.method, theirs.target) == ("POST", "/")
    assert json.loads(ours.body) == json.loads(theirs.body)
    common = {"x-tc-timestamp", "x-tc-requestclient", "x-tc-traceid", "authorization"}
    for name in ("host", "content-type"):
        assert ours.headers[name] == theirs.headers[name]
    tencent = {name for name in theirs.headers if name.startswith("x-tc-")} - common
    assert tencent == {name for name in ours.headers if name.startswith("x-tc-")} - common
    assert all(ours.headers[name] == theirs.headers[name] for name in tencent)
    signed = [
        got.headers["authorization"].split("SignedHeaders=")[1].split(",")[0]
        for got in (ours, theirs)
    ]
    assert signed == ["content-type;host"] * 2
    assert verifies(ours)
    assert verifies(theirs)


@pytest.mark.parametrize("parameters", REQUESTS, ids=",".join)
@pytest.mark.parametrize("token", [None, "session-token"])
def test_a_token_request_means_the_same_on_the_wire(
    wire: Wire, make_client: MakeClient, parameters: dict[str, Any], token: str | None
) -> None:
    credentials = Credentials(CREDENTIALS.SecretId, CREDENTIALS.SecretKey, token)
    request = GetFaceIdTokenIntlRequest(**parameters)
    ours = make_client(credentials=credentials).get_token(request)
    theirs = official_token(official(wire, token), parameters)
    assert (ours.SdkToken, ours.RequestId) == (theirs.SdkToken, theirs.RequestId)
    assert_same_request(*wire.received)
    assert wire.received[0].body == wire.received[1].body


def test_a_result_request_means_the_same_on_the_wire(wire: Wire, make_client: MakeClient) -> None:
    wire.plays(envelope({"Result": "0", "RequestId": "request-1"}))
    make_client().get_result("TOKEN-1")
    official_result(official(wire))
    assert_same_request(*wire.received)


RESULTS: list[dict[str, Any]] = [
    {"Result": UNFINISHED, "Description": "Not finished"},
    {
        "Result": "0",
        "Description": "Success",
        "BestFrame": JPEG,
        "Video": "AAAA",
        "ActionVideo": "AAAA",
        "Similarity": 98.8,
        "Extra": "订单",
        "DeviceInfoLevel": "1",
        "LivenessInfoTag": None,
    },
    {"Result": "1005", "Similarity": None, "Extra": None, "LivenessInfoTag": ["03", "09"]},
]


@pytest.mark.parametrize("fields", RESULTS, ids=lambda fields: fields["Result"])
def test_a_result_answer_is_read_the_same(
    wire: Wire, make_client: MakeClient, fields: dict[str, Any]
) -> None:
    wire.plays(envelope({**fields, "RequestId": "request-1"}))
    ours = make_client().get_result("TOKEN-1")
    theirs = official_result(official(wire))
    names = ("Result", "BestFrame", "Video", "ActionVideo", "Similarity", "Extra", "RequestId")
    for name in (*names, "DeviceInfoLevel"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert ours.Description == (theirs.Description or "")
    assert ours.LivenessInfoTag == tuple(theirs.LivenessInfoTag or ())
    assert ours.unknown == {}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AuthFailure.SignatureFailure", "The provided credentials could not be validated."),
        ("RequestLimitExceeded", "Your current request times equals to `21` in a second."),
        ("FailedOperation.ImageSizeTooLarge", "图片过大"),
    ],
)
def test_an_error_answer_is_read_the_same(
    wire: Wire, make_client: MakeClient, code: str, message: str
) -> None:
    from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

    wire.plays(error(code, message))
    with pytest.raises(Refused) as ours:
        make_client().get_token(GetFaceIdTokenIntlRequest())
    with pytest.raises(TencentCloudSDKException) as theirs:
        official_token(official(wire), {})
    assert (ours.value.code, ours.value.message, ours.value.request_id) == (
        theirs.value.get_code(),
        theirs.value.get_message(),
        theirs.value.get_request_id(),
    )


def test_an_error_with_a_charset_passes_the_sdk_as_success_but_not_us(
    wire: Wire, make_client: MakeClient
) -> None:
    wire.plays(error("InternalError", content_type="application/json; charset=utf-8"))
    assert official_token(official(wire), {}).SdkToken is None
    with pytest.raises(Refused):
        make_client().get_token(GetFaceIdTokenIntlRequest())


def test_a_success_without_a_token_passes_the_sdk_but_not_us(
    wire: Wire, make_client: MakeClient
) -> None:
    wire.plays(envelope({"RequestId": "request-1"}))
    assert official_token(official(wire), {}).SdkToken is None
    with pytest.raises(FaceIdError):
        make_client().get_token(GetFaceIdTokenIntlRequest())


def test_the_sdks_retryer_burns_tokens_where_we_ask_once(
    wire: Wire, make_client: MakeClient
) -> None:
    from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
    from tencentcloud.common.retry import StandardRetryer

    minted = envelope({"SdkToken": "TOKEN-1", "RequestId": "request-1"})
    wire.plays(answer(b"", status="503 Busy"), minted)
    sdk = official(wire)
    sdk.profile.retryer = StandardRetryer(max_attempts=3, backoff_fn=lambda _: 0)
    with pytest.raises(TencentCloudSDKException):
        official_token(sdk, {})
    assert len(wire.received) == 3
    wire.plays(answer(b"", status="503 Busy"), minted)
    client = make_client()
    with pytest.raises(FaceIdError):
        client.get_token(GetFaceIdTokenIntlRequest())
    assert len(wire.received) == 4
    assert client.get_token(GetFaceIdTokenIntlRequest()).SdkToken == "TOKEN-1"
