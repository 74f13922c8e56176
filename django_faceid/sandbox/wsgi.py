"""The sandbox as a WSGI application: parse, check, dispatch, answer in Tencent's envelope."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from . import gateway
from .answers import Answer, envelope
from .control import PREFIX, ControlDoor
from .errors import ApiError
from .exchanges import Exchange, redact
from .faults import NOTHING
from .gateway import Request
from .state import SandboxState

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

logger = logging.getLogger(__name__)
CHUNK = 64 * 1024


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
        if answer.delay:
            self._closing.wait(answer.delay)
        if answer.dropped:
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
        fault = NOTHING
        given: Mapping[str, Any] = {}
        response: dict[str, Any] = {}
        answer = None
        try:
            body = gateway.check(request, self._state.account, self._state.server_time())
            self._state.admit(request.action)
            fault = self._state.faults.take(request.action)
            given = gateway.parameters(body)
            answer = fault.before()
            if answer is None:
                response = self._operate(request.action, given)
        except ApiError as error:
            response = {"Error": {"Code": error.code, "Message": error.message}}
        if answer is None:
            response = fault.alter({**response, "RequestId": str(uuid.uuid4())})
            answer = fault.deliver(envelope(response))
        self._record(request.action, given, response, started, fault.name)
        return answer

    def _operate(self, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if action == "GetFaceIdTokenIntl":
            return self._state.issue(parameters)
        return self._state.result(parameters)

    def _record(
        self,
        action: str,
        given: Mapping[str, Any],
        response: Mapping[str, Any],
        started: float,
        fault: str,
    ) -> None:
        exchange = Exchange(
            Action=action,
            Request=redact(given),
            Response=redact(response),
            RequestId=response.get("RequestId", ""),
            at=self._state.now(),
            milliseconds=round((time.perf_counter() - started) * 1000, 3),
            fault=fault,
        )
        self._state.record(exchange)
        logger.info(
            "action=%s code=%s request_id=%s ms=%s fault=%s",
            action or "-",
            response.get("Error", {}).get("Code", response.get("Result", "OK")),
            exchange.RequestId or "-",
            exchange.milliseconds,
            fault or "-",
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
        return environ["wsgi.input"].read(length)
    # Read and thrown away: a client that is still sending would not see the answer.
    while length > 0 and (chunk := environ["wsgi.input"].read(min(CHUNK, length))):
        length -= len(chunk)
    return None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
