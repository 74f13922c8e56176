"""FACEID as a host gives it: one good account, and what a test adds."""

from __future__ import annotations

from typing import Any

from django.test import override_settings

KEYS = {"SECRET_ID": "AKIDexample", "SECRET_KEY": "example-secret"}


def faceid(**general: Any) -> override_settings:
    return override_settings(FACEID={"ACCOUNTS": {"default": KEYS}, **general})


def account(**values: Any) -> override_settings:
    return override_settings(FACEID={"ACCOUNTS": {"default": {**KEYS, **values}}})
