"""Keyed digests: how the app finds a thing again without keeping or comparing it."""

from __future__ import annotations

import hmac

from .. import keys

LENGTH = 32


def keyed(purpose: str, *parts: str) -> str:
    """Half of an HMAC-SHA256 in hexadecimal over the parts, under ``FACEID["HASH_KEY"]``.

    ``purpose`` keeps digests of different things apart. The length goes before each part, so
    that no two lists of parts share a digest. 128 bits are what RFC 2104, section 5, lets a tag be
    cut to; indexes that hold it are half as large.
    """
    text = "".join(f"{len(part)}:{part}" for part in (purpose, *parts))
    return hmac.new(keys.hash_key(), text.encode(), "sha256").hexdigest()[:LENGTH]
