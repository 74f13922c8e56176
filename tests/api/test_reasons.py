"""Why it did not work, in the few words that frontends get."""

from __future__ import annotations

import pytest

from django_faceid.sandbox.state import SandboxState
from django_faceid.tencent.codes import Category
from django_faceid.testing import make_session

from .caller import Caller, body

REASONS = {
    "1201": "lighting",
    "2013": "face_not_visible",
    "2017": "face_not_visible",
    "1004": "face_not_visible",
    "2012": "several_faces",
    "2015": "not_matched",
    "2016": "not_matched",
    "2004": "picture",
    "2014": "picture",
    "1001": "technical",
    "1002": "not_accepted",
    "1005": "not_accepted",
    "9999": "technical",
}


@pytest.mark.parametrize(("code", "reason"), REASONS.items())
def test_a_failure_is_told_in_a_coarse_word(
    code: str, reason: str, caller: Caller, state: SandboxState
) -> None:
    session = make_session(caller.user, status="failed", result_code=code)
    shown = body(caller.get(f"sessions/{session.public_id}/"))
    assert shown["reason"] == reason
    assert shown["result"]["passed"] is False
    assert code not in str({k: v for k, v in shown.items() if "_at" not in k and k != "id"})


def test_a_spoof_and_a_failed_liveness_look_alike(caller: Caller, state: SandboxState) -> None:
    shown = []
    for code, category, tags in [("1002", "spoof", ["04"]), ("1005", "spoof", ["03"])]:
        session = make_session(
            caller.user,
            status="failed",
            result_code=code,
            category=category,
            verdict="rejected",
            liveness_info_tag=tags,
            flow=f"flow-{code}",
        )
        seen = body(caller.get(f"sessions/{session.public_id}/"))
        shown.append({k: seen[k] for k in ("status", "verdict", "reason", "message")})
    assert shown[0] == shown[1]
    assert shown[0]["reason"] == "not_accepted"


def test_the_vendors_trouble_uses_up_no_attempt(caller: Caller, state: SandboxState) -> None:
    session = make_session(caller.user, status="failed", result_code="1001", category="provider")
    shown = body(caller.get(f"sessions/{session.public_id}/"))
    assert (shown["attempts_left"], shown["reason"], shown["next_action"]) == (
        5,
        "technical",
        "retry",
    )


def test_a_picture_that_tencent_refused_is_the_reason_only_where_there_was_one(
    caller: Caller, state: SandboxState
) -> None:
    with_picture = make_session(
        caller.user, status="error", category=Category.BAD_IMAGE.value, image_sha256="a" * 64
    )
    without = make_session(caller.user, status="error", category=Category.BAD_IMAGE.value)
    assert body(caller.get(f"sessions/{with_picture.public_id}/"))["reason"] == "picture"
    assert body(caller.get(f"sessions/{without.public_id}/"))["reason"] == "technical"
