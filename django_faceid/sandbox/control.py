"""The control door: plays the phone, moves the clock and scripts faults, by HTTP.

========================== ====================================================================
POST /control/play         {"SdkToken": …, "Outcome": "pass", "Seconds": 0}
POST /control/begin        {"SdkToken": …}
POST /control/finish       {"SdkToken": …, "Outcome": "pass"}
POST /control/clock        {"AdvanceSeconds": 600}
POST /control/skew         {"Seconds": 400}
POST /control/faults       [{"Fault": "delay", "Seconds": 2, "Action": null, "Count": 1}, …]
DELETE /control/faults
GET /control/state
========================== ====================================================================

Every call carries the secret in the header X-Sandbox-Secret. Without a secret the door does not
exist. Errors are ``{"Error": {"Code", "Message"}}`` with a status of 400 and above.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from math import isfinite
from typing import Any

from .answers import Answer, as_json
from .errors import PhoneRefused
from .faults import Fault, parse
from .gateway import Request
from .state import SandboxState

PREFIX = "/control/"
SECRET_HEADER = "X-Sandbox-Secret"


class _Closed(Exception):
    """A request that the door does not let in."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class ControlDoor:
    """Answers requests under ``/control/`` on behalf of ``state``."""

    def __init__(self, state: SandboxState, secret: str | None) -> None:
        self._state = state
        self._secret = secret
        self._calls: Mapping[tuple[str, str], Callable[[Any], dict[str, Any]]] = {
            ("POST", "play"): self._play,
            ("POST", "begin"): self._begin,
            ("POST", "finish"): self._finish,
            ("POST", "clock"): self._clock,
            ("POST", "skew"): self._skew,
            ("POST", "faults"): self._add_faults,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "state"): self._show,
        }

    def answer(self, request: Request) -> Answer:
        """Do what ``request`` asks for, or say in a few words why not."""
        try:
            act = self._admit(request)
            return Answer(as_json(act(json.loads(request.body or b"{}"))))
        except PhoneRefused as refusal:
            status, code, message = _status(refusal.code), refusal.code, refusal.message
        except _Closed as closed:
            status, code, message = closed.status, closed.code, str(closed)
        except (ValueError, OverflowError, RecursionError) as error:
            status, code, message = 400, "BadRequest", str(error)
        return Answer(as_json({"Error": {"Code": code, "Message": message}}), status=status)

    def _admit(self, request: Request) -> Callable[[Any], dict[str, Any]]:
        if not self._secret:
            raise _Closed(404, "NotFound", "The control door needs a secret to exist.")
        # WSGI hands over the bytes of a header as Latin-1.
        given = request.headers.get(SECRET_HEADER.lower(), "").encode("latin-1")
        if not hmac.compare_digest(given, self._secret.encode()):
            raise _Closed(403, "Forbidden", f"The header {SECRET_HEADER} is missing or wrong.")
        call = (request.method, request.path[len(PREFIX) :])
        if call not in self._calls:
            raise _Closed(404, "NotFound", "The control door has no such call.")
        return self._calls[call]

    def _play(self, body: Any) -> dict[str, Any]:
        sdk_token, outcome, seconds = _members(body, SdkToken=str, Outcome=str, Seconds=0.0)
        self._state.play(sdk_token, outcome, seconds=seconds)
        return {"Played": outcome}

    def _begin(self, body: Any) -> dict[str, Any]:
        (sdk_token,) = _members(body, SdkToken=str)
        self._state.begin(sdk_token)
        return {"Begun": True}

    def _finish(self, body: Any) -> dict[str, Any]:
        sdk_token, outcome = _members(body, SdkToken=str, Outcome=str)
        self._state.finish(sdk_token, outcome)
        return {"Finished": outcome}

    def _clock(self, body: Any) -> dict[str, Any]:
        (seconds,) = _members(body, AdvanceSeconds=float)
        self._state.advance(seconds)
        return {"ClockOffset": self._state.offset}

    def _skew(self, body: Any) -> dict[str, Any]:
        (seconds,) = _members(body, Seconds=float)
        self._state.set_skew(seconds)
        return {"Skew": self._state.skew}

    def _add_faults(self, body: Any) -> dict[str, Any]:
        if not isinstance(body, list) or not all(isinstance(each, dict) for each in body):
            raise ValueError("The body must be a list of objects.")
        self._state.faults.add(*[parse(each) for each in body])
        return self._faults()

    def _clear_faults(self, body: Any) -> dict[str, Any]:
        self._state.faults.clear()
        return self._faults()

    def _show(self, body: Any) -> dict[str, Any]:
        tokens = self._state.tokens.values()
        now = self._state.now()
        return {
            "Tokens": {
                "Issued": len(tokens),
                "Begun": sum(token.began_at is not None for token in tokens),
                "Finished": sum(token.result_at(now) is not None for token in tokens),
            },
            "ClockOffset": self._state.offset,
            "Skew": self._state.skew,
            **self._faults(),
            "Exchanges": [
                {
                    "Action": each.Action,
                    "Request": each.Request,
                    "Response": each.Response,
                    "RequestId": each.RequestId,
                    "At": each.at,
                    "Milliseconds": each.milliseconds,
                    "Fault": each.fault,
                }
                for each in self._state.exchanges
            ],
        }

    def _faults(self) -> dict[str, Any]:
        return {"Faults": [_described(fault) for fault in self._state.faults.waiting]}


def _status(refusal: str) -> int:
    return {"UnknownToken": 404, "UnknownOutcome": 400}.get(refusal, 409)


def _described(fault: Fault) -> dict[str, Any]:
    options = {field.name: getattr(fault, field.name) for field in fields(fault)}
    return {"Fault": fault.name, **options}


def _members(body: Any, **expected: Any) -> list[Any]:
    """The members of a JSON object: each a type when required, else its default value."""
    if not isinstance(body, dict):
        raise ValueError("The body must be an object.")
    unknown = body.keys() - expected.keys()
    if unknown:
        raise ValueError(f"Unknown: {', '.join(sorted(unknown))}. Known: {', '.join(expected)}.")
    return [_member(body, name, wanted) for name, wanted in expected.items()]


def _member(body: Mapping[str, Any], name: str, wanted: Any) -> Any:
    required = isinstance(wanted, type)
    value = body.get(name, None if required else wanted)
    if (wanted if required else type(wanted)) is str:
        if not isinstance(value, str):
            raise ValueError(f"{name} must be a string.")
    elif isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise ValueError(f"{name} must be a number.")
    return value
