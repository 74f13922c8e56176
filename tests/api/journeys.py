"""The two steps of every journey: ask for a token, ask for the result."""

from __future__ import annotations

from typing import Any

from django_faceid.testing import advance

from .caller import Caller, body


def issue(caller: Caller, **given: Any) -> dict[str, Any]:
    answer = caller.post("sessions/", given)
    assert answer.status_code in (200, 201), answer.content
    return body(answer)


def pull(caller: Caller, session: dict[str, Any], **given: Any) -> dict[str, Any]:
    """Ask for the result, as often as the answer says that it makes sense."""
    for _ in range(5):
        answer = caller.post(f"sessions/{session['id']}/result/", given)
        if answer.status_code != 202:
            break
        advance(seconds=int(answer["Retry-After"]))
    return body(answer)
