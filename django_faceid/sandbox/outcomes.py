"""How a process can end, and what GetFaceIdResultIntl says about it.

Source: the API's page (product 1061, page 54557) and its published samples of 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from .errors import PhoneRefused
from .media import ACTION_VIDEO, BEST_FRAME, VIDEO
from .tokens import Token


class Outcome(str, Enum):
    """What the person before the camera does."""

    PASS = "pass"
    SPOOF = "spoof"
    TOO_DARK = "too_dark"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    MISMATCH = "mismatch"
    WALK_AWAY = "walk_away"


UNFINISHED = "-999"
DESCRIPTIONS: Mapping[str, str] = {
    "0": "Success",
    "1001": "The liveness engine could not be called",
    "1002": "The recording is suspected to be spoofed",
    "1004": "No face was detected",
    "1005": "Liveness detection failed",
    "1201": "The light is too dark or too bright",
    "2004": "The picture is too large or too small",
    "2012": "The picture shows several faces",
    "2013": "The picture shows no face, or an incomplete one",
    "2014": "The picture's resolution or quality is too low",
    "2015": "The comparison failed",
    "2016": "The similarity is below the threshold",
    "2017": "The face is covered",
    UNFINISHED: "The process has not finished",
}
CODES: Mapping[str, str] = {
    Outcome.PASS: "0",
    Outcome.SPOOF: "1002",
    Outcome.TOO_DARK: "1201",
    Outcome.NO_FACE: "2013",
    Outcome.SEVERAL_FACES: "2012",
    Outcome.MISMATCH: "2016",
    Outcome.WALK_AWAY: UNFINISHED,
}
# Photo replayed; action not done. The vendor names tags for failures of liveness only.
LIVENESS_TAGS: Mapping[str, list[str]] = {"1002": ["03"], "1005": ["02"]}
NEEDS_A_PICTURE = frozenset({"2004", "2014", "2015", "2016"})
SIMILARITY: Mapping[str, float] = {"0": 98.8, "2016": 31.2}


def result_code(outcome: str, check_mode: str) -> str:
    """The Result that ``outcome`` leads to: an Outcome, or a documented Result code itself.

    Raises PhoneRefused for a word that is neither, and for a comparison's outcome in a process
    that compares nothing.
    """
    code = CODES.get(outcome, outcome)
    if code not in DESCRIPTIONS:
        names = ", ".join(each.value for each in Outcome)
        raise PhoneRefused("UnknownOutcome", f"Choose one of {names}, or a documented Result code.")
    if code in NEEDS_A_PICTURE and check_mode != "compare":
        raise PhoneRefused(
            "OutcomeNotPossible", "Only a process with CheckMode compare looks at a picture."
        )
    return code


def reply(token: Token, now: float) -> dict[str, Any]:
    """All fields of the API's answer but RequestId, for ``token`` at ``now`` (Unix seconds)."""
    code = token.result_at(now)
    if code is None:
        return _fields(UNFINISHED)
    answer = _fields(code)
    answer.update(
        BestFrame=BEST_FRAME, Video=VIDEO, ActionVideo=ACTION_VIDEO, Extra=token.Extra or ""
    )
    if token.CheckMode == "compare":
        answer["Similarity"] = SIMILARITY.get(code, 0)
    if token.SdkVersion in {"ENHANCED", "PLUS"}:
        answer["DeviceInfoLevel"] = "4" if code == "1002" else "1"
    if token.SdkVersion in {"PRO", "PLUS"}:
        answer["LivenessInfoTag"] = LIVENESS_TAGS.get(code)
    return answer


def _fields(code: str) -> dict[str, Any]:
    return {
        "Result": code,
        "Description": DESCRIPTIONS[code],
        "BestFrame": "",
        "Video": "",
        "ActionVideo": "",
        "Similarity": 0,
        "Extra": "",
        "DeviceInfoLevel": "",
        "LivenessInfoTag": None,
    }
