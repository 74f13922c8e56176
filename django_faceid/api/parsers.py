"""JSON in, with a ceiling of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

from .. import conf


class BodyTooLarge(APIException):
    status_code = 413
    default_code = "body_too_large"
    default_detail = "The request body is too large."


class JSONParser(BaseParser):
    """An object of at most ``FACEID["MAX_BODY"]`` bytes, whatever Django's own limits are.

    Raises ``BodyTooLarge`` (413) and ``ParseError`` (400).
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        ceiling = conf.get().max_body
        body = stream.read(ceiling + 1)
        if len(body) > ceiling:
            raise BodyTooLarge(f"The request body is larger than {ceiling} bytes.")
        try:
            data = json.loads(body, parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise ParseError("The request body is not valid JSON.") from None
        if not isinstance(data, dict):
            raise ParseError("The request body must be a JSON object.")
        return data


def _refuse(constant: str) -> None:
    raise ValueError(constant)
