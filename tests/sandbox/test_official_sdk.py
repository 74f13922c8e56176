"""The vendor's own SDK, unmodified, does not notice that it talks to the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from django_faceid.sandbox.faults import Refuse
from django_faceid.sandbox.media import BEST_FRAME
from django_faceid.sandbox.server import SandboxServer
from django_faceid.sandbox.state import SandboxState

pytestmark = [pytest.mark.sdk, pytest.mark.filterwarnings("ignore")]


def client_of(server: SandboxServer, **changes: Any) -> Any:
    from tencentcloud.common import credential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile
    from tencentcloud.faceid.v20180301 import faceid_client

    account = server.state.account
    profile = HttpProfile(protocol="http", endpoint=server.url.removeprefix("http://"))
    return faceid_client.FaceidClient(
        credential.Credential(
            changes.get("secret_id", account.SecretId),
            changes.get("secret_key", account.SecretKey),
            changes.get("token"),
        ),
        changes.get("region", "ap-singapore"),
        ClientProfile(httpProfile=profile),
    )


def token_request(**parameters: Any) -> Any:
    from tencentcloud.faceid.v20180301 import models

    request = models.GetFaceIdTokenIntlRequest()
    for name, value in parameters.items():
        setattr(request, name, value)
    return request


def result_request(sdk_token: str) -> Any:
    from tencentcloud.faceid.v20180301 import models

    request = models.GetFaceIdResultIntlRequest()
    request.SdkToken = sdk_token
    return request


def error_of(client: Any, request: Any) -> Any:
    from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

    act = client.GetFaceIdResultIntl if hasattr(request, "SdkToken") else client.GetFaceIdTokenIntl
    with pytest.raises(TencentCloudSDKException) as error:
        act(request)
    assert error.value.get_request_id()
    return error.value


def test_it_gets_a_token_and_after_the_phone_the_result(server: SandboxServer) -> None:
    client = client_of(server)
    extra = "Zoë 😀"
    token = client.GetFaceIdTokenIntl(
        token_request(CheckMode="compare", Image=BEST_FRAME, Extra=extra, SdkVersion="PLUS")
    )
    assert token.SdkToken
    assert token.RequestId
    assert token.ServerParamInfo
    assert client.GetFaceIdResultIntl(result_request(token.SdkToken)).Result == "-999"

    server.state.play(token.SdkToken, "pass")

    result = client.GetFaceIdResultIntl(result_request(token.SdkToken))
    assert (result.Result, result.Description, result.Similarity) == ("0", "Success", 98.8)
    assert (result.Extra, result.DeviceInfoLevel, result.LivenessInfoTag) == (extra, "1", None)
    assert result.BestFrame == BEST_FRAME
    assert result.Video
    assert result.ActionVideo
    assert server.state.exchanges[-1].RequestId == result.RequestId


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"CheckMode": "compare"}, "InvalidParameter"),
        ({"SecureLevel": 4}, "InvalidParameter"),
        ({"RetryLimit": 6}, "InvalidParameterValue"),
        # The SDK itself mutilates a name that it does not know.
        ({"Foo": 1}, "UnknownParameter"),
    ],
)
def test_it_sees_the_code_of_a_broken_rule(
    server: SandboxServer, parameters: dict[str, Any], code: str
) -> None:
    assert error_of(client_of(server), token_request(**parameters)).get_code() == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"secret_id": "AKIDunknown"}, "AuthFailure.SecretIdNotFound"),
        ({"secret_key": "wrong"}, "AuthFailure.SignatureFailure"),
        ({"region": "eu-frankfurt"}, "UnsupportedRegion"),
        ({"region": ""}, "MissingParameter"),
    ],
)
def test_it_sees_the_code_of_a_refused_caller(
    server: SandboxServer, changes: dict[str, str], code: str
) -> None:
    assert error_of(client_of(server, **changes), token_request()).get_code() == code


def test_it_can_use_temporary_credentials() -> None:
    with SandboxServer(SandboxState(session_token="temporary")) as server:
        assert client_of(server, token="temporary").GetFaceIdTokenIntl(token_request()).SdkToken
        error = error_of(client_of(server), token_request())

    assert error.get_code() == "AuthFailure.TokenFailure"


def test_it_sees_expired_signatures_unusable_tokens_and_scripted_refusals(
    server: SandboxServer,
) -> None:
    client = client_of(server)
    sdk_token = client.GetFaceIdTokenIntl(token_request()).SdkToken

    server.state.set_skew(400)
    assert error_of(client, token_request()).get_code() == "AuthFailure.SignatureExpire"
    server.state.set_skew(0)
    illegal = error_of(client, result_request("unknown"))
    assert illegal.get_code() == "InvalidParameterValue.BizTokenIllegal"
    server.state.advance(72 * 3600)
    expired = error_of(client, result_request(sdk_token))
    assert expired.get_code() == "InvalidParameterValue.BizTokenExpired"
    server.state.faults.add(Refuse(Code="InternalError"))
    assert error_of(client, token_request()).get_code() == "InternalError"


def test_it_sees_the_frequency_limit_in_the_vendors_words(server: SandboxServer) -> None:
    client = client_of(server)
    for _ in range(20):
        client.GetFaceIdTokenIntl(token_request())

    error = error_of(client, token_request())

    assert error.get_code() == "RequestLimitExceeded"
    assert "`21` in a second" in error.get_message()
