"""Scripted trouble: what can go wrong between a client and Tencent.

>>> state.faults.add(Refuse(Code="InternalError", Count=2), Reset(When="after"))

Each request that passed the signature check and the quota takes the first fault that is meant
for its action, until that fault has struck ``Count`` times.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

from .answers import Answer
from .errors import ApiError
from .rules import ISSUE, READ

Response = dict[str, Any]
TYPES: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "str | None": (str, type(None)),
    "int": (int,),
    "int | None": (int, type(None)),
    "float": (int, float),
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Trouble for one ``Action`` (None: for both), ``Count`` times (None: until cleared).

    A kind of fault overrides the moment at which it strikes: before the work is done, when the
    answer has been made, or on the answer's way out.
    """

    name: ClassVar[str] = ""
    Action: str | None = None
    Count: int | None = 1

    def __post_init__(self) -> None:
        for option in fields(self):
            if not _fits(getattr(self, option.name), str(option.type)):
                raise ValueError(f"{option.name} has a value that cannot be used")
        if self.Count == 0:
            raise ValueError("Count must be at least 1, or null for always")
        if self.Action not in {None, ISSUE, READ}:
            raise ValueError(f"Action must be {ISSUE} or {READ}")

    def before(self) -> Answer | None:
        """Act instead of the service: raise ApiError, or give an answer."""
        return None

    def alter(self, response: Response) -> Response:
        """Change what the service says."""
        return response

    def deliver(self, answer: Answer) -> Answer:
        """Change how the answer travels."""
        return answer


def _fits(value: object, annotation: str) -> bool:
    # By exact type, because a JSON true is no number although Python's bool is an int.
    if type(value) not in TYPES[annotation]:
        return False
    return not isinstance(value, (int, float)) or 0 <= value < math.inf


@dataclass(frozen=True, kw_only=True)
class Delay(Fault):
    """The work is done at once; the answer comes ``Seconds`` later."""

    name = "delay"
    Seconds: float = 1.0

    def deliver(self, answer: Answer) -> Answer:
        return replace(answer, delay=self.Seconds)


@dataclass(frozen=True, kw_only=True)
class Reset(Fault):
    """The connection breaks without an answer, ``before`` or ``after`` the work is done."""

    name = "reset"
    When: str = "before"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.When not in {"before", "after"}:
            raise ValueError("When must be before or after")

    def before(self) -> Answer | None:
        return Answer(dropped=True) if self.When == "before" else None

    def deliver(self, answer: Answer) -> Answer:
        return replace(answer, dropped=True)


@dataclass(frozen=True, kw_only=True)
class Refuse(Fault):
    """The service answers with an error ``Code`` and does nothing."""

    name = "refuse"
    Code: str = "InternalError"
    Message: str = "Scripted by the sandbox."

    def before(self) -> Answer | None:
        raise ApiError(self.Code, self.Message)


@dataclass(frozen=True, kw_only=True)
class HttpStatus(Fault):
    """A gateway in between answers a ``Status`` of its own; the service sees nothing."""

    name = "http_status"
    Status: int = 502

    def before(self) -> Answer | None:
        page = f"<html><body><h1>{self.Status}</h1></body></html>".encode()
        return Answer(page, status=self.Status, content_type="text/html")


@dataclass(frozen=True, kw_only=True)
class Html(Fault):
    """A portal in between answers a page with status 200; the service sees nothing."""

    name = "html"

    def before(self) -> Answer | None:
        return Answer(b"<html><body>Please sign in.</body></html>", content_type="text/html")


@dataclass(frozen=True, kw_only=True)
class CutOff(Fault):
    """The connection ends in the middle of the body."""

    name = "cut_off"

    def deliver(self, answer: Answer) -> Answer:
        return replace(answer, cut_at=len(answer.body) // 2)


@dataclass(frozen=True, kw_only=True)
class Charset(Fault):
    """The Content-Type says ``; charset=utf-8``, under which the official SDK misses errors."""

    name = "charset"

    def deliver(self, answer: Answer) -> Answer:
        return replace(answer, content_type="application/json; charset=utf-8")


@dataclass(frozen=True, kw_only=True)
class MissingToken(Fault):
    """A success that lacks its SdkToken."""

    name = "missing_token"
    Action: str | None = ISSUE

    def alter(self, response: Response) -> Response:
        return {key: value for key, value in response.items() if key != "SdkToken"}


@dataclass(frozen=True, kw_only=True)
class WrongExtra(Fault):
    """A result that echoes somebody else's Extra."""

    name = "wrong_extra"
    Action: str | None = READ
    Extra: str = "somebody else's"

    def alter(self, response: Response) -> Response:
        return {**response, "Extra": self.Extra}


@dataclass(frozen=True, kw_only=True)
class Huge(Fault):
    """A valid answer followed by ``Bytes`` of white space."""

    name = "huge"
    Bytes: int = 32 * 1024 * 1024

    def deliver(self, answer: Answer) -> Answer:
        return replace(answer, body=answer.body + b" " * self.Bytes)


@dataclass(frozen=True, kw_only=True)
class Drip(Fault):
    """The body comes byte by byte, ``Seconds`` apart: no read ever times out."""

    name = "drip"
    Seconds: float = 0.5

    def deliver(self, answer: Answer) -> Answer:
        return replace(answer, pause=self.Seconds)


KINDS: Mapping[str, type[Fault]] = {kind.name: kind for kind in Fault.__subclasses__()}
NOTHING = Fault()


def parse(description: Mapping[str, Any]) -> Fault:
    """The fault that JSON like ``{"Fault": "delay", "Seconds": 2}`` describes, or ValueError."""
    options = dict(description)
    kind = KINDS.get(str(options.pop("Fault", "")))
    if kind is None:
        raise ValueError(f"Fault must be one of {', '.join(KINDS)}")
    unknown = options.keys() - {option.name for option in fields(kind)}
    if unknown:
        raise ValueError(f"{kind.name} does not know {', '.join(sorted(unknown))}")
    return kind(**options)


class Faults:
    """The faults to come, in order; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        """Line up ``faults`` behind those that wait."""
        with self._lock:
            self._queue.extend(faults)

    def clear(self) -> None:
        """Forget all faults that wait."""
        with self._lock:
            self._queue.clear()

    @property
    def waiting(self) -> tuple[Fault, ...]:
        """The faults to come; their Count tells how often each will still strike."""
        with self._lock:
            return tuple(self._queue)

    def take(self, action: str) -> Fault:
        """The fault that strikes this request of ``action``; one that does nothing when none."""
        with self._lock:
            for place, fault in enumerate(self._queue):
                if fault.Action in {None, action}:
                    self._use_up(place, fault)
                    return fault
        return NOTHING

    def _use_up(self, place: int, fault: Fault) -> None:
        if fault.Count is None:
            return
        if fault.Count > 1:
            self._queue[place] = replace(fault, Count=fault.Count - 1)
        else:
            del self._queue[place]
