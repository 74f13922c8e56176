"""The demo's way through the sandbox's control door: the phone and the clock are played there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import requests
from django.conf import settings
from rest_framework.exceptions import APIException

from .clock_file import ClockFile

TIMEOUT = (3, 10)


class DoorRefused(APIException):
    """The sandbox says no, or does not answer: 409 with its words."""

    status_code = 409


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox, its control secret, and the clock that the demo shares with it."""

    url: str
    control_secret: str = field(repr=False)
    clock: ClockFile

    def play(self, sdk_token: str, outcome: str) -> None:
        """Let a phone run the token's process to ``outcome``; raises ``DoorRefused``."""
        self._ask("POST", "play", {"SdkToken": sdk_token, "Outcome": outcome})

    def advance(self, span: timedelta) -> None:
        """Let time pass in the sandbox and in every process of the demo."""
        self._ask("POST", "clock", {"AdvanceSeconds": span.total_seconds()})
        self.clock.advance(span)

    def exchanges(self) -> list[dict[str, Any]]:
        """The recent requests and answers as the sandbox saw them, tokens masked."""
        found: list[dict[str, Any]] = self._ask("GET", "state")["Exchanges"]
        return found

    def _ask(self, method: str, call: str, body: Mapping[str, Any] | None = None) -> Any:
        try:
            answer = requests.request(
                method,
                f"{self.url}/control/{call}",
                json=body,
                headers={"X-Sandbox-Secret": self.control_secret},
                timeout=TIMEOUT,
            )
            content = answer.json()
        except requests.RequestException as error:
            raise DoorRefused("The sandbox does not answer.", "Unreachable") from error
        if answer.status_code >= 400:
            raise DoorRefused(content["Error"]["Message"], content["Error"]["Code"])
        return content


def sandbox() -> Sandbox | None:
    """The sandbox that the demo runs on; None where it talks to Tencent."""
    given = getattr(settings, "DEMO_SANDBOX", None)
    return None if given is None else Sandbox(**given)
