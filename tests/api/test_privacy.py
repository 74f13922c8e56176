"""What is for staff never leaves through REST."""

from __future__ import annotations

import pytest

from django_faceid.models import VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.testing import make_session

from .caller import Caller, body
from .conftest import JPEG, Flows

# Each value could stand nowhere in an answer by chance.
FORBIDDEN = {
    "result_code": "RC-1002",
    "category": "spoof",
    "similarity": 73.2191,
    "device_info_level": "L4-RISKY",
    "liveness_info_tag": ["TAG-0304"],
    "error_code": "SomeTencentCode",
    "result_error": "BizTokenIllegal",
    "image_sha256": "digest-of-a-picture",
    "meta_data_sha256": "digest-of-meta-data",
    "extra": "the host's own note",
    "trace_id": "trace-of-an-attempt",
    "consent_version": "consent-7",
    "sdk_code": 1987654321,
}


@pytest.mark.parametrize("status", ["issued", "expired", "failed", "canceled", "error"])
def test_codes_scores_tags_and_digests_never_leave(
    status: str, caller: Caller, state: SandboxState
) -> None:
    facts = {**FORBIDDEN, "verdict": "rejected" if status == "failed" else "undecided"}
    session = make_session(caller.user, status=status, **facts)
    row = VerificationSession.objects.get()
    for answer in (
        caller.get("sessions/"),
        caller.get(f"sessions/{session.public_id}/"),
        caller.get("flows/"),
        caller.post(f"sessions/{session.public_id}/cancel/"),
    ):
        said = answer.content.decode()
        for name, value in FORBIDDEN.items():
            secret = value[0] if isinstance(value, list) else value
            assert str(secret) not in said, name
            assert f'"{name}":' not in said
        assert row.subject_key not in answer.content.decode()
        assert str(row.sdk_token or "no token") not in answer.content.decode()
        assert "similarity" not in answer.content.decode().lower()


def test_a_key_of_the_database_never_leaves(caller: Caller, state: SandboxState) -> None:
    session = make_session(caller.user, id=918273645)
    for path in ("sessions/", f"sessions/{session.public_id}/", "flows/"):
        assert "918273645" not in caller.get(path).content.decode()


def test_a_refused_value_is_not_repeated(
    caller: Caller, state: SandboxState, flows: Flows, caplog: pytest.LogCaptureFixture
) -> None:
    flows({"PARAMS": {"check_mode": "compare"}, "IMAGE": "client"}, strict={"CLIENT_MAY_SET": []})
    secret = "c2VjcmV0IHBpY3R1cmU="
    for given in (
        {"image": secret},
        {"image": f"data:image/png;base64,{secret}"},
        {"meta_data": [secret]},
        {"image": JPEG, "extra": secret * 100},
        {"picture": secret},
        {"flow": "strict", "image": secret, "extra": secret},
    ):
        answer = caller.post("sessions/", given)
        assert answer.status_code == 400
        assert secret not in answer.content.decode()
    assert secret not in caplog.text


def test_a_token_and_a_picture_are_in_no_log(
    caller: Caller, state: SandboxState, flows: Flows, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    flows({"PARAMS": {"check_mode": "compare"}, "IMAGE": "client"})
    session = body(caller.post("sessions/", {"image": JPEG, "meta_data": "made by the phone"}))
    caller.post(f"sessions/{session['id']}/result/")
    for secret in (session["sdk_token"], session["server_param_info"], JPEG, "made by the phone"):
        assert secret not in caplog.text
