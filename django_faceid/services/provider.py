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
    about = {"session": session, "request_id": error.request_id or "", "trace_id": trace_id}
    # Asking for a result takes nobody's input, whatever Tencent thinks of it.
    if isinstance(error, InputRejected) and action == GET_TOKEN:
        return Invalid(errors=(_blame(error),), **about)  # type: ignore[arg-type]
    if isinstance(error, RateLimited):
        return Busy(retry_after=1, **about)  # type: ignore[arg-type]
    if isinstance(error, (CredentialsRejected, AccountUnavailable, SignatureExpired)):
        return ProviderUnavailable(retry_after=300, **about)  # type: ignore[arg-type]
    if isinstance(error, Refused) and not error.retryable:
        return ProviderUnavailable(retry_after=60, **about)  # type: ignore[arg-type]
    return ProviderUnreachable(retry_after=5, **about)  # type: ignore[arg-type]


def _blame(error: InputRejected) -> FieldError:
    if "Image" in error.code:
        return FieldError("image", "refused", "The picture was not accepted.")
    return FieldError("", "refused", "The parameters were not accepted.")
