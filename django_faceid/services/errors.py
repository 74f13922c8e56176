"""Why a service could not do what it was asked; HTTP answers are made from these.

::

    ServiceError
    ├── Invalid               input against the rules, field by field
    ├── NotAllowed            the flow's ALLOW says no
    ├── AlreadyVerified       nothing to do
    ├── NotCancelable         too late, or too early
    ├── NotReviewable         nothing to decide, or not by this person
    ├── NotErasable           nothing to erase, or it must be kept
    ├── SessionGone           deleted by its host while Tencent was asked
    ├── KeyInFlight           the same Idempotency-Key is still being worked on
    ├── KeyReused             the same Idempotency-Key with another body
    ├── TooManyAttempts       this subject has used up its tokens for now
    ├── Busy                  our queue for Tencent is full
    ├── ProviderUnreachable   network trouble or a broken answer
    ├── ProviderUnavailable   Tencent refuses this account
    └── FlowPaused            switched off by the host
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from ..models import VerificationSession


class FieldError(NamedTuple):
    """One rule that one input broke."""

    field: str
    code: str
    detail: str


class ServiceError(Exception):
    """An act that was refused or failed.

    ``code`` is its stable name, ``retry_after`` whole seconds after which a repeat makes sense,
    ``session`` the session it was about, ``request_id`` Tencent's and ``trace_id`` ours.
    """

    code: ClassVar[str]
    message: ClassVar[str]

    def __init__(
        self,
        message: str = "",
        *,
        retry_after: int | None = None,
        session: VerificationSession | None = None,
        request_id: str = "",
        trace_id: str = "",
        errors: tuple[FieldError, ...] = (),
    ) -> None:
        super().__init__(message or self.message)
        self.retry_after = retry_after
        self.session = session
        self.request_id = request_id
        self.trace_id = trace_id
        self.errors = errors


class Invalid(ServiceError):
    code = "invalid"
    message = "Some of the input breaks a rule."


class NotAllowed(ServiceError):
    code = "not_allowed"
    message = "This flow is not open to you."


class AlreadyVerified(ServiceError):
    code = "already_verified"
    message = "You are already verified."


class NotCancelable(ServiceError):
    code = "not_cancelable"
    message = "This session can no longer be canceled."


class NotReviewable(ServiceError):
    code = "not_reviewable"
    message = "There is nothing to decide on this session."


class NotErasable(ServiceError):
    code = "not_erasable"
    message = "There is nothing to erase on this session."


class SessionGone(ServiceError):
    code = "not_found"
    message = "This session does not exist any more."


class KeyInFlight(ServiceError):
    code = "idempotency_key_in_flight"
    message = "A request with this Idempotency-Key is still being worked on."


class KeyReused(ServiceError):
    code = "idempotency_key_reused"
    message = "This Idempotency-Key was used with other input."


class TooManyAttempts(ServiceError):
    code = "too_many_attempts"
    message = "Too many attempts. Please try again later."


class Busy(ServiceError):
    code = "busy"
    message = "Too many verifications are starting right now. Please try again in a moment."


class ProviderUnreachable(ServiceError):
    code = "provider_unreachable"
    message = "The verification service cannot be reached. Please try again in a moment."


class ProviderUnavailable(ServiceError):
    code = "provider_unavailable"
    message = "The verification service is not available at the moment."


class FlowPaused(ServiceError):
    code = "flow_paused"
    message = "This verification is switched off at the moment."
