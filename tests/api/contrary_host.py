"""Settings of a host whose habits are the opposite of ours; run as a program, it asks our views.

``python -m tests.api.contrary_host`` prints, as JSON, what they answer under these settings.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from rest_framework.pagination import PageNumberPagination
from rest_framework.renderers import BaseRenderer
from rest_framework.versioning import AcceptHeaderVersioning

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES


class Shouting(BaseRenderer):
    """Everything in one loud line of text."""

    media_type = "text/loud"
    format = "loud"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        return str(data).upper().encode()


class Versions(AcceptHeaderVersioning):
    allowed_versions = ("9",)
    default_version = "9"


class Pages(PageNumberPagination):
    page_size = 1


class Everything:
    """A filter that lets nothing through."""

    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
        return queryset.none()


class FirstParser:
    """A negotiation that takes whatever comes."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Any, renderers: Any, *args: Any) -> Any:
        return renderers[0], "text/loud"


def all_is_well(error: Exception, context: Any) -> Any:
    from rest_framework.response import Response

    return Response("all is well")


DATABASES = {"default": {**DATABASES["default"], "ATOMIC_REQUESTS": True}}
APPEND_SLASH = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 10
USE_I18N = True
TIME_ZONE = "Pacific/Apia"
_HERE = "tests.api.contrary_host"
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": [f"{_HERE}.Shouting"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.FormParser"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": f"{_HERE}.FirstParser",
    "DEFAULT_VERSIONING_CLASS": f"{_HERE}.Versions",
    "DEFAULT_PAGINATION_CLASS": f"{_HERE}.Pages",
    "DEFAULT_FILTER_BACKENDS": [f"{_HERE}.Everything"],
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": f"{_HERE}.all_is_well",
    "NON_FIELD_ERRORS_KEY": "oops",
    "DATETIME_FORMAT": "%s",
    "UNICODE_JSON": False,
    "COMPACT_JSON": False,
    "COERCE_DECIMAL_TO_STRING": False,
    "URL_FORMAT_OVERRIDE": "format",
    "UNAUTHENTICATED_USER": None,
}


def answers() -> list[dict[str, Any]]:
    """The answers to one of everything, from a sandbox in this process."""
    from django.contrib.auth import get_user_model

    from django_faceid.models import ApiCall, VerificationSession
    from django_faceid.sandbox.faults import Refuse
    from django_faceid.testing import faceid_sandbox, play

    from .caller import Caller

    seen = []

    def note(answer: Any) -> Any:
        content = json.loads(answer.content) if answer.content else None
        headers = {name: answer.headers.get(name) for name in ("Content-Type", "Allow", "Vary")}
        seen.append({"status": answer.status_code, "headers": headers, "body": content})
        return content

    caller = Caller(get_user_model().objects.create_user("nina"))
    with faceid_sandbox() as state:
        note(Caller(None).get("sessions/"))
        state.faults.add(Refuse(Code="UnauthorizedOperation"))
        note(caller.post("sessions/", {}))
        note(caller.post("sessions/", {"CheckMode": "compare"}, Accept="text/loud; version=9"))
        note(caller.send("POST", "sessions/", b"flow=default", "application/x-www-form-urlencoded"))
        session = note(caller.post("sessions", {"meta_data": "m" * 100}, Accept="text/html"))
        path = f"sessions/{session['id']}/"
        note(caller.get(path + "?format=loud"))
        note(caller.get("sessions/?page=7", Accept="application/json; version=1"))
        play(VerificationSession.objects.latest("id"), "pass")
        note(caller.post(path + "result/"))
        for method, where in [("DELETE", path), ("OPTIONS", path), ("GET", "sessions/x/")]:
            note(caller.send(method, where))
        note(caller.get("flows/"))
    # Under ATOMIC_REQUESTS too, evidence outlives the problems that were answered.
    seen.append({"calls": list(ApiCall.objects.order_by("id").values_list("outcome", flat=True))})
    return seen


def main(settings_module: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = settings_module
    import django
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    django.setup()
    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        json.dump(answers(), sys.stdout)
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    main(sys.argv[1])
