"""What the checks say of the settings as they are."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet
from django.core.checks import CheckMessage, run_checks
from django.test import override_settings

from tests.given import faceid

KEY = Fernet.generate_key().decode()


def complaints(*, deploy: bool = False) -> list[CheckMessage]:
    return run_checks(tags=["faceid"], include_deployment_checks=deploy)


def ids(*, deploy: bool = False) -> list[str]:
    return [message.id or "" for message in complaints(deploy=deploy)]


def flow(**values: Any) -> override_settings:
    return faceid(FLOWS={"withdraw": values})


def picture_of(who: object) -> bytes:
    return b""
