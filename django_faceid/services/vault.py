"""Files in the host's storage ``faceid``, each encrypted with a key of its own."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.views.decorators.debug import sensitive_variables

logger = logging.getLogger("django_faceid")

ALIAS = "faceid"


class Unreadable(Exception):
    """A file that the storage does not give, or that its key does not open; the text says which."""


class Picture(bytes):
    """Bytes that no traceback, error page or log shows."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


@dataclass(frozen=True)
class Sealed:
    """Content that only ``key`` opens, and the name to store it under.

    The name tells nothing and cannot be guessed.
    """

    name: str
    content: bytes = field(repr=False)
    key: str = field(repr=False)


@sensitive_variables()
def seal(content: Picture) -> Sealed:
    """Encrypt with a new key (Fernet: AES-128-CBC, HMAC-SHA256)."""
    key, name = Fernet.generate_key(), secrets.token_hex(16)
    return Sealed(f"{name[:2]}/{name}", Fernet(key).encrypt(content), key.decode())


def save(sealed: Sealed) -> str:
    """Store a file; the name by which the storage has it. Raises whatever the storage raises."""
    return storages[ALIAS].save(sealed.name, ContentFile(sealed.content))


@sensitive_variables()
def load(name: str, key: str) -> Picture:
    """The content behind a name; raises ``Unreadable``."""
    try:
        with storages[ALIAS].open(name) as file:
            content = file.read()
    except Exception as error:  # the storage is the host's: its text may hold anything
        logger.error("action=load_media name=%s outcome=%s", name, type(error).__name__)
        raise Unreadable("storage") from None
    try:
        return Picture(Fernet(key).decrypt(content))
    except (InvalidToken, ValueError):
        logger.error("action=load_media name=%s outcome=undecryptable", name)
        raise Unreadable("key") from None


def remove(names: Iterable[str]) -> bool:
    """Delete files; False when the storage refused one, which is then in the log by its name."""
    removed = True
    for name in names:
        try:
            storages[ALIAS].delete(name)
        except Exception as error:  # the storage is the host's
            logger.error("action=remove_media name=%s outcome=%s", name, type(error).__name__)
            removed = False
    return removed
