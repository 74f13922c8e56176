"""A program that asks our views one of everything and prints their answers as JSON.

The settings are those of ``DJANGO_SETTINGS_MODULE``, read once: that is why it is a program.
"""

from __future__ import annotations

import json
import sys
from typing import Any


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
        note(caller.get("sessions/?page=7&version=1"))
        play(VerificationSession.objects.latest("id"), "pass")
        note(caller.post(path + "result/"))
        for method, where in [("DELETE", path), ("OPTIONS", path), ("GET", "sessions/x/")]:
            note(caller.send(method, where))
        note(caller.get("flows/"))
    # Under ATOMIC_REQUESTS too, evidence outlives the problems that were answered.
    seen.append({"calls": list(ApiCall.objects.order_by("id").values_list("outcome", flat=True))})
    return seen


def main() -> None:
    import django
    from django.db import connection
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases
    from rest_framework.views import APIView

    django.setup()
    # In memory: the file belongs to the tests that started this program.
    connection.settings_dict["TEST"]["NAME"] = None
    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        renderer = APIView.renderer_classes[0].__name__
        json.dump({"renderer of the host": renderer, "answers": answers()}, sys.stdout)
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    main()
