"""Trouble at the worst moment: between Tencent's answer and our commit, or right after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any
from unittest import mock

from django_faceid import signals
from django_faceid.services import outbox
from django_faceid.tencent.client import FaceIdClient

Act = Callable[[], None]


class Killed(BaseException):
    """The process ends here; what it had not committed by now does not exist."""


class Moment(Enum):
    """When a process is killed."""

    BEFORE_SENDING = "before sending"
    AFTER_THE_ANSWER = "after the answer"
    BEFORE_THE_SIGNAL = "before the signal"
    BETWEEN_TWO_SIGNALS = "between two signals"


@contextmanager
def killed(moment: Moment | None) -> Iterator[None]:
    """Kill whatever runs inside at this moment; None lets it live."""
    with _meddling(moment):
        try:
            yield
        except Killed:
            return


@contextmanager
def meanwhile(act: Act | None) -> Iterator[None]:
    """Let another worker ``act`` once, when a call is over and its outcome not yet written."""
    todo = [] if act is None else [act]

    def after() -> None:
        # Taken out first: the other worker's own calls are not meddled with.
        while todo:
            todo.pop()()

    with _around_calls(after=after):
        yield


@contextmanager
def _meddling(moment: Moment | None) -> Iterator[None]:
    if moment is None:
        yield
    elif moment is Moment.BEFORE_THE_SIGNAL:
        with mock.patch.object(outbox, "on_commit", side_effect=Killed):
            yield
    elif moment is Moment.BETWEEN_TWO_SIGNALS:
        with mock.patch.object(signals.verdict_changed, "send_robust", side_effect=Killed):
            yield
    elif moment is Moment.BEFORE_SENDING:
        with _around_calls(before=_kill):
            yield
    else:
        with _around_calls(after=_kill):
            yield


def _kill() -> None:
    raise Killed


@contextmanager
def _around_calls(before: Act = lambda: None, after: Act = lambda: None) -> Iterator[None]:
    def around(method: Callable[..., Any]) -> Callable[..., Any]:
        def meddled(*args: Any, **kwargs: Any) -> Any:
            before()
            try:
                return method(*args, **kwargs)
            finally:
                after()

        return meddled

    with (
        mock.patch.object(FaceIdClient, "get_token", around(FaceIdClient.get_token)),
        mock.patch.object(FaceIdClient, "get_result", around(FaceIdClient.get_result)),
    ):
        yield
