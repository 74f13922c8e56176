"""An errand to Tencent with changes, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django_faceid import conf
from django_faceid.models import ApiCall
from django_faceid.services.calls import Errand
from django_faceid.tencent.client import FaceIdClient
from django_faceid.tencent.types import GET_TOKEN, GetFaceIdTokenIntlRequest

Settled = list[tuple[ApiCall, datetime, Any]]


def errand(
    settled: Settled | None = None, send: Callable[..., Any] | None = None, **changes: Any
) -> Errand[Any]:
    def once(client: FaceIdClient, **options: Any) -> Any:
        return client.get_token(GetFaceIdTokenIntlRequest(), **options)

    given: dict[str, Any] = {
        "account": conf.account("default"),
        "action": GET_TOKEN,
        "send": send or once,
        "prepare": lambda: None,
        "settle": lambda *facts: None if settled is None else settled.append(facts),
        "trace_id": "trace",
    }
    return Errand(**{**given, **changes})


def outcomes() -> list[str]:
    return list(ApiCall.objects.order_by("id").values_list("outcome", flat=True))
