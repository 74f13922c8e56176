"""Tencent's errors in the words of our services."""

from __future__ import annotations

from ..models import VerificationSession
from ..tencent.errors import (
    AccountUnavailable,
    CredentialsRejected,
    FaceIdError,
    InputRejected,
    RateLimited,
    Refused,
    SignatureExpired,
)
from ..tencent.types import GET_TOKEN
from .errors import (
    Busy,
    FieldError,
    Invalid,
    ProviderUnavailable,
    ProviderUnreachable,
    ServiceError,
)


def as_service_error(
    error: FaceIdError, action: str, session: VerificationSession | None, trace_id: str
) -> ServiceError:
    """What a caller is told about a failed call: never Tencent's text, always its RequestId."""
    kind, retry_after = _judge(error, action)
    return kind(
        retry_after=retry_after,
        session=session,
        request_id=error.request_id or "",
        trace_id=trace_id,
        errors=(_blame(error),) if kind is Invalid else (),
    )


def _judge(error: FaceIdError, action: str) -> tuple[type[ServiceError], int | None]:
    # Asking for a result takes nobody's input, whatever Tencent thinks of it.
    if isinstance(error, InputRejected) and action == GET_TOKEN:
        return Invalid, None
    if isinstance(error, RateLimited):
        return Busy, 1
    if isinstance(error, (CredentialsRejected, AccountUnavailable, SignatureExpired)):
        return ProviderUnavailable, 300
    if isinstance(error, Refused) and not error.retryable:
        return ProviderUnavailable, 60
    return ProviderUnreachable, 5


def _blame(error: FaceIdError) -> FieldError:
    if "Image" in error.code:
        return FieldError("image", "refused", "The picture was not accepted.")
    return FieldError("", "refused", "The parameters were not accepted.")
