"""The keys of stored tokens and of digests: given in FACEID, or derived from Django's secrets."""

from __future__ import annotations

import base64
import hashlib

from django.conf import settings

from . import conf


def encryption_keys() -> list[str]:
    """Fernet keys, the first encrypts; derived from Django's secret keys when none are given."""
    given = list(conf.get().encryption_keys)
    return given or [_derived(secret) for secret in _django_secrets()]


def hash_key() -> bytes:
    """The key of every keyed digest; it must outlive every rotation of other keys."""
    return (conf.get().hash_key or _derived(_django_secrets()[0], "digest")).encode()


def _django_secrets() -> list[str]:
    return [settings.SECRET_KEY, *getattr(settings, "SECRET_KEY_FALLBACKS", [])]


def _derived(secret: str, purpose: str = "encryption") -> str:
    digest = hashlib.sha256(f"django_faceid.{purpose}:{secret}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()
