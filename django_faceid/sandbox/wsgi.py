"""The sandbox as a WSGI application: parse, check, dispatch, answer in Tencent's envelope."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from . import gateway
from .answers import Answer, envelope
from .control import PREFIX, ControlDoor
from .errors import ApiError
from .exchanges import Exchange, redact
from .faults import NOTHING, Fault
from .gateway import Request
from .rules import ISSUE
from .state import SandboxState

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

logger = logging.getLogger(__name__)
CHUNK = 64 * 1024


@dataclass
class _Call:
    """What becomes of one request on its way through."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    response: dict[str, Any] = field(default_factory=dict)
    fault: Fault = NOTHING


class ConnectionDropped(Exception):
    """Raised instead of an answer; a server that hosts the application resets the connection."""


class Application:
    """Serves ``state`` on ``/`` and, with a ``control_secret``, its control door.

    The faults that keep a client waiting end at once when ``close`` is called.
    """

    def __init__(self, state: SandboxState, control_secret: str | None = None) -> None:
        self._state = state
        self._door = ControlDoor(state, control_secret)
        self._closing = threading.Event()

    def close(self) -> None:
        """Stop waiting: answers that are delayed or dripping are given up."""
        self._closing.set()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        request = read_request(environ)
        through_door = request.path.startswith(PREFIX)
        answer = self._door.answer(request) if through_door else self._serve(request)
        given_up = bool(answer.delay) and self._closing.wait(answer.delay)
        if answer.dropped or given_up:
            raise ConnectionDropped
        start_response(
            f"{answer.status} {_phrase(answer.status)}",
            [
                ("Date", formatdate(self._state.server_time(), usegmt=True)),
                ("Content-Type", answer.content_type),
                ("Content-Length", str(len(answer.body))),
            ],
        )
        return self._chunks(answer)

    def _chunks(self, answer: Answer) -> Iterator[bytes]:
        body = answer.body[: answer.cut_at]
        if not answer.pause:
            yield body
            return
        for place in range(len(body)):
            yield body[place : place + 1]
            if self._closing.wait(answer.pause):
                return

    def _serve(self, request: Request) -> Answer:
        started = time.perf_counter()
        call = _Call()
        answer = self._handle(request, call)
        self._record(request.action, call, (time.perf_counter() - started) * 1000)
        return answer

    def _handle(self, request: Request, call: _Call) -> Answer:
        try:
            instead = self._work(request, call)
        except ApiError as error:
            instead = None
            call.response = {"Error": {"Code": error.code, "Message": error.message}}
        if instead is not None:
            return instead
        call.response = call.fault.alter({**call.response, "RequestId": str(uuid.uuid4())})
        return call.fault.deliver(envelope(call.response))

    def _work(self, request: Request, call: _Call) -> Answer | None:
        """Let the request through the gateway to its action, or to the fault that waits for it."""
        body = gateway.check(request, self._state.account, self._state.server_time())
        self._state.admit(request.action)
        call.fault = self._state.faults.take(request.action)
        call.parameters = gateway.parameters(body)
        instead = call.fault.before()
        if instead is None:
            act = self._state.issue if request.action == ISSUE else self._state.result
            call.response = act(call.parameters)
        return instead

    def _record(self, action: str, call: _Call, milliseconds: float) -> None:
        exchange = Exchange(
            Action=action,
            Request=redact(call.parameters),
            Response=redact(call.response),
            RequestId=call.response.get("RequestId", ""),
            at=self._state.now(),
            milliseconds=round(milliseconds, 3),
            fault=call.fault.name,
        )
        self._state.record(exchange)
        logger.info(
            "action=%s code=%s request_id=%s ms=%s fault=%s",
            action or "-",
            call.response.get("Error", {}).get("Code") or call.response.get("Result", "-"),
            exchange.RequestId or "-",
            exchange.milliseconds,
            exchange.fault or "-",
        )


def read_request(environ: WSGIEnvironment) -> Request:
    """The request in ``environ``, its body only when it is within the gateway's limit."""
    headers = {
        key[5:].replace("_", "-").lower(): value
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO") or "/",
        headers=headers,
        body=_body(environ),
    )


def _body(environ: WSGIEnvironment) -> bytes | None:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length <= gateway.LARGEST_REQUEST:
        return bytes(environ["wsgi.input"].read(length))
    # Read and thrown away: a client that is still sending would not see the answer.
    while length > 0 and (chunk := environ["wsgi.input"].read(min(CHUNK, length))):
        length -= len(chunk)
    return None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
