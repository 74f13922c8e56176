"""Text that the database sees only as ciphertext."""

from __future__ import annotations

import logging
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.db import models

from .. import conf, keys

logger = logging.getLogger("django_faceid")

PREFIX = "fernet:"


def cipher() -> MultiFernet:
    """The cipher over ``FACEID["ENCRYPTION_KEYS"]``: the first key encrypts, all decrypt.

    Raises ``SettingError`` for what is no key.
    """
    try:
        return MultiFernet([Fernet(key) for key in keys.encryption_keys()])
    except ValueError:
        raise conf.SettingError(
            'FACEID["ENCRYPTION_KEYS"]',
            "value",
            "must hold keys made by cryptography.fernet.Fernet.generate_key().",
        ) from None


def encrypt(text: str) -> str:
    """Ciphertext for ``text``; what is ciphertext of ours already, and nothing, stays as it is."""
    if not text or _is_ciphertext(text):
        return text
    return PREFIX + cipher().encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    """The text behind ``text``, or nothing when no key opens it: it reads as wiped."""
    if not text:
        return ""
    try:
        return cipher().decrypt(text.removeprefix(PREFIX)).decode()
    except InvalidToken:
        logger.error("action=decrypt outcome=undecryptable hint=check_FACEID_ENCRYPTION_KEYS")
        return ""


def _is_ciphertext(text: str) -> bool:
    if not text.startswith(PREFIX):
        return False
    try:
        cipher().decrypt(text.removeprefix(PREFIX))
    except InvalidToken:
        return False
    return True


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """A text column encrypted with Fernet (AES-128-CBC, HMAC-SHA256), key rotation included.

    Fixtures dump and load its ciphertext. It cannot be searched but for being empty: keep a
    keyed digest beside it.
    """

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return encrypt(value) if isinstance(value, str) else value

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return None if value is None else decrypt(value)

    def value_to_string(self, obj: models.Model) -> str:
        return encrypt(self.value_from_object(obj) or "")
