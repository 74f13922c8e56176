"""One session as a file for Tencent's support desk: what they ask for, and nobody's data."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.utils import translation

from .. import clock
from ..models import ApiCall, VerificationSession
from ..names import WIRE_NAMES
from . import people, words
from .people import WITHHELD
from .plain import utc
from .signs import printable

MOST_CALLS = 500
_LIBRARIES = ("django-faceid", "django", "requests", "celery")
_ASKED = ("check_mode", "secure_level", "action_list", "sdk_version", "retry_limit")
_MOMENTS = ("issued_at", "token_expires_at", "result_expires_at", "reported_at", "result_at")


def file(session: VerificationSession) -> str:
    """Plain text that opens in any ticket, with the same facts as JSON at its end.

    In English, whatever the language of who asks. Holds no token, picture, digest, user name or
    reference, nor what the host put into Extra.
    """
    with translation.override("en"):
        facts = _facts(session)
        return "\n".join((*_text(facts), "", "---- JSON ----", json.dumps(facts, indent=1), ""))


def _facts(session: VerificationSession) -> dict[str, Any]:
    calls = session.calls.order_by("-id")[: MOST_CALLS + 1]
    newest = list(calls)
    return {
        "made_at": utc(clock.now()),
        "session": str(session.public_id),
        "endpoint": "Tencent's" if session.livemode else "a test endpoint",
        "calls": [_call(call) for call in reversed(newest[:MOST_CALLS])],
        "calls_left_out": "older ones" if len(newest) > MOST_CALLS else "none",
        "parameters": _parameters(session),
        "moments": {name: _moment(getattr(session, name)) for name in _MOMENTS},
        "result": {
            "Result": _explained(words.explain_result(session.result_code)),
            "Similarity": session.similarity,
            "LivenessInfoTag": words.tags(session.liveness_info_tag),
            "DeviceInfoLevel": session.device_info_level,
            "no_token_because": _explained(words.explain_error(session.error_code)),
            "no_result_because": _explained(words.explain_error(session.result_error)),
            "phone_said": _explained(words.explain_sdk(session.sdk_code)),
        },
        "versions": {"python": platform.python_version(), **_versions()},
    }


def _call(call: ApiCall) -> dict[str, Any]:
    return {
        "RequestId": call.request_id,
        "Action": call.action,
        "Region": call.region,
        "started_at": utc(call.started_at),
        "attempt": call.attempt,
        "outcome": call.outcome,
        "http_status": call.http_status,
        "Error.Code": call.error_code,
        "Error.Message": people.words_of(call, personal=False),
        "meaning": _explained(words.explain_error(call.error_code)),
        "milliseconds": call.milliseconds,
        "trace_id": call.trace_id,
    }


def _parameters(session: VerificationSession) -> dict[str, Any]:
    asked = {WIRE_NAMES[name]: getattr(session, name) for name in _ASKED}
    bot = session.enable_bot_bg_detection
    return {
        **{name: "(Tencent's default)" if v in ("", None) else v for name, v in asked.items()},
        "EnableBotBgDetection": "(Tencent's default)" if bot is None else bot,
        # Ours is the session's own id; a host's may be anything.
        "Extra": session.extra if session.extra == str(session.public_id) else WITHHELD,
        "Image": WITHHELD if session.image_sha256 else "(none)",
        "MetaData": WITHHELD if session.meta_data_sha256 else "(none)",
    }


def _explained(what: words.Explained | None) -> str:
    return "" if what is None else f"{what.code}: {what.meaning}"


def _moment(when: Any) -> str | None:
    return None if when is None else utc(when)


def _versions() -> dict[str, str]:
    return {name: _version(name) for name in _LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed as a package"


def _text(facts: dict[str, Any]) -> Iterator[str]:
    yield "Tencent Cloud FaceID: one eKYC process, for support"
    yield "All times are UTC. No secret, picture or personal data is in this file."
    yield ""
    yield from _lines({name: facts[name] for name in ("session", "endpoint", "made_at")})
    yield from ("", f"CALLS, oldest first (left out: {facts['calls_left_out']})")
    for number, call in enumerate(facts["calls"], start=1):
        yield from ("", f"{number}. {call['Action']}")
        yield from _lines({name: value for name, value in call.items() if name != "Action"})
    for title in ("parameters", "moments", "result", "versions"):
        yield from ("", title.upper())
        yield from _lines(facts[title])


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    for name, value in facts.items():
        yield f"   {name:22}{'-' if value in ('', None) else printable(value)}"
