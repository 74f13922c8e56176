"""JSON in, with a ceiling of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from .. import conf


class BodyTooLarge(APIException):
    status_code = 413
    default_code = "body_too_large"
    default_detail = "The request body is too large."


class LengthRequired(APIException):
    status_code = 411
    default_code = "length_required"
    default_detail = "Send the body in one piece, with a Content-Length."


def require_readable(request: Request) -> None:
    """Refuse a body that would be dropped or misread.

    Raises ``LengthRequired`` (411): the framework takes a chunked body for none at all, and would
    issue a default token for it. Raises ``UnsupportedMediaType`` (415) for any charset but UTF-8,
    which the request's query string would be decoded with too.
    """
    if "Transfer-Encoding" in request.headers and not request.META.get("CONTENT_LENGTH"):
        raise LengthRequired
    charset = (request.content_params or {}).get("charset", "utf-8")
    if charset.lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(request.content_type or "")


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
        try:
            body = stream.read(ceiling + 1)
        except OSError:
            raise ParseError("The request body ended too early.") from None
        if len(body) > ceiling:
            raise BodyTooLarge(f"The request body is larger than {ceiling} bytes.")
        try:
            # As text, since from bytes the module would guess UTF-16 and let surrogates pass.
            data = json.loads(body.decode("utf-8"), parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise ParseError("The request body is not valid JSON.") from None
        if not isinstance(data, dict):
            raise ParseError("The request body must be a JSON object.")
        return data


def _refuse(constant: str) -> None:
    raise ValueError(constant)
