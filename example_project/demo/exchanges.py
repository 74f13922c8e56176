"""What went over the wire between this site and Tencent, and what the app wrote down about it."""

from __future__ import annotations

import contextlib
import json
import shlex
from collections.abc import Mapping
from typing import Any

from django_faceid import conf
from django_faceid.models import ApiCall, SessionEvent
from django_faceid.tencent.types import VERSION

from .sandbox import DoorRefused, sandbox

KEPT = 20


def calls(user: Any) -> list[dict[str, Any]]:
    """The user's newest calls to Tencent, newest first; with their bodies where a sandbox ran."""
    rows = ApiCall.objects.filter(session__user=user).order_by("-id")[:KEPT]
    seen = _exchanges()
    return [_call(row, seen.get(row.request_id, {})) for row in rows]


def events(user: Any) -> list[dict[str, Any]]:
    """What the app noted about the user's sessions, newest first."""
    rows = SessionEvent.objects.filter(session__user=user).select_related("session")
    return [
        {
            "session": str(row.session.public_id),
            "kind": row.kind,
            "from": row.from_status,
            "to": row.to_status,
            "source": row.source,
            "at": row.created_at.isoformat(timespec="milliseconds"),
        }
        for row in rows.order_by("-id")[:KEPT]
    ]


def _exchanges() -> dict[str, dict[str, Any]]:
    found = sandbox()
    if found is None:
        return {}
    with contextlib.suppress(DoorRefused):
        return {each["RequestId"]: each for each in found.exchanges()}
    return {}


def _call(row: ApiCall, exchange: Mapping[str, Any]) -> dict[str, Any]:
    request = exchange.get("Request")
    return {
        "id": row.pk,
        "action": row.action,
        "outcome": row.outcome,
        "error_code": row.error_code,
        "request_id": row.request_id,
        "milliseconds": row.milliseconds,
        "request": request,
        "response": exchange.get("Response"),
        "curl": _curl(row, request or {}),
    }


def _curl(row: ApiCall, request: Mapping[str, Any]) -> str:
    """A line to read and to fill in: its signature is made anew for every request."""
    headers = {
        "Content-Type": "application/json",
        "X-TC-Action": row.action,
        "X-TC-Version": VERSION,
        "X-TC-Region": row.region,
    }
    return " ".join(
        [
            f"curl {conf.account(row.account).endpoint}/",
            '-H "Authorization: $TC3_AUTHORIZATION" -H "X-TC-Timestamp: $TC3_TIMESTAMP"',
            *(f"-H {shlex.quote(f'{name}: {value}')}" for name, value in headers.items()),
            f"-d {shlex.quote(json.dumps(request, ensure_ascii=False))}",
        ]
    )
