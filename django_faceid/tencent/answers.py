"""One HTTP answer judged: Tencent's fields, Tencent's refusal, or not Tencent's at all.

Source: https://www.tencentcloud.com/document/product/1061/36937 (responses).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from .errors import BrokenAnswer, Refused, refusal

MAX_ANSWER_BYTES = 64 * 1024 * 1024  # a result holds two videos and a picture in base64
MAX_MESSAGE_LENGTH = 500
CHUNK_BYTES = 64 * 1024
LONG_WORD = re.compile(r"\S{65,}")  # longer than any identifier: an echoed picture, for one


@dataclass(frozen=True, repr=False)
class Answer:
    """What came back: HTTP status, Tencent's clock minus ours in seconds, and the body.

    `flaw` names what is wrong with a body that could not be read to its end: (code, message);
    `secrets` are what was sent and must not come back in an error.
    """

    http_status: int
    clock_offset: float | None
    body: bytearray
    flaw: tuple[str, str] | None
    secrets: Sequence[str]

    @classmethod
    def read(cls, response: requests.Response, secrets: Sequence[str]) -> Answer:
        """Take the body off the wire, `MAX_ANSWER_BYTES` of it at most; its socket has the time."""
        clock_offset = _clock_offset(response.headers.get("Date"))
        body, flaw = _read_body(response)
        return cls(response.status_code, clock_offset, body, flaw, secrets)

    def fields(self) -> Mapping[str, Any]:
        """What stands inside Tencent's envelope, whatever the content type says.

        Raises Refused for `Response.Error`, whatever the HTTP status, and BrokenAnswer for all
        that is not HTTP 200 with an envelope.
        """
        fields = None if self.flaw else _envelope(self.body)
        error = fields.get("Error") if fields else None
        if fields and _is_error(error):
            raise self._refused(fields)
        if self.http_status != requests.codes.ok:
            raise self.broken("HttpStatus", f"The answer has HTTP status {self.http_status}.")
        if self.flaw:
            raise self.broken(*self.flaw)
        if fields is None or error is not None:
            raise self.broken("NotAnEnvelope", "The answer is not in Tencent's envelope.", fields)
        return fields

    def broken(
        self, code: str, message: str, fields: Mapping[str, Any] | None = None
    ) -> BrokenAnswer:
        """The error that says why this answer cannot be used."""
        return BrokenAnswer(
            code,
            message,
            request_id=self._request_id(fields or {}),
            retryable=self.http_status == requests.codes.too_many or self.http_status >= 500,
            http_status=self.http_status,
            clock_offset=self.clock_offset,
        )

    def _refused(self, fields: Mapping[str, Any]) -> Refused:
        error = fields["Error"]
        return refusal(
            self._safe(error["Code"]),
            self._safe(str(error.get("Message") or "No message.")),
            request_id=self._request_id(fields),
            http_status=self.http_status,
            clock_offset=self.clock_offset,
        )

    def _request_id(self, fields: Mapping[str, Any]) -> str | None:
        request_id = fields.get("RequestId")
        return self._safe(request_id) if isinstance(request_id, str) else None

    def _safe(self, text: str) -> str:
        """One line of bounded length without secrets, pictures or control characters."""
        for secret in self.secrets:
            text = text.replace(secret, "…")
        text = LONG_WORD.sub("…", " ".join(text.split()))
        return "".join(filter(str.isprintable, text))[:MAX_MESSAGE_LENGTH]


def _read_body(response: requests.Response) -> tuple[bytearray, tuple[str, str] | None]:
    body = bytearray()
    flaw = None
    # read1 returns what has arrived; without it (urllib3 before 2.2) a body that is too large is
    # noticed after a full chunk.
    read = getattr(response.raw, "read1", response.raw.read)
    with response:
        try:
            while flaw is None and (chunk := read(CHUNK_BYTES)):
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    flaw = ("TooLarge", f"The answer exceeds {MAX_ANSWER_BYTES} bytes.")
        except ReadTimeoutError:
            flaw = ("CutOff", "The answer took too long to arrive.")
        except (HTTPError, HTTPException, OSError) as error:
            flaw = ("CutOff", f"The answer broke off ({type(error).__name__}).")
    return body, flaw


def _envelope(body: bytearray) -> Mapping[str, Any] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    fields = answer.get("Response") if isinstance(answer, dict) else None
    return fields if isinstance(fields, dict) else None


def _is_error(error: object) -> bool:
    code = error.get("Code") if isinstance(error, dict) else None
    return isinstance(code, str) and bool(code)


def _clock_offset(date: str | None) -> float | None:
    try:
        moment = parsedate_to_datetime(date or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return (moment.replace(tzinfo=moment.tzinfo or timezone.utc)).timestamp() - time.time()
