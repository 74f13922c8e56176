"""The rules for a picture: strict base64 of a JPEG or PNG, below a ceiling."""

from __future__ import annotations

import base64

from .errors import Violation

MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


def picture_violation(image: str, max_bytes: int) -> Violation | None:
    """The first rule that a base64 picture breaks; `max_bytes` counts decoded bytes."""
    if image[:5].lower() == "data:":
        message = "Image holds a data URI; send only what follows its comma."
        return Violation("Image", "data_uri", message)
    if len(image) * 3 // 4 - image[-2:].count("=") > max_bytes:
        return Violation("Image", "too_large", f"Image is larger than {max_bytes} bytes.")
    try:
        picture = _decode(image)
    except ValueError:
        message = "Image is not base64 with its padding and without blanks or line breaks."
        return Violation("Image", "base64", message)
    if not picture.startswith(MAGIC):
        return Violation("Image", "image_format", "Image is neither a JPEG nor a PNG.")
    return None


def _decode(image: str) -> bytes:
    # Python's own strict decoding lets some surplus padding pass, differently in each version.
    if len(image) % 4 or image.find("=", 0, -2) >= 0:
        raise ValueError("padding")
    return base64.b64decode(image, validate=True)
