"""Errors as ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured, PermissionDenied, SuspiciousOperation
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from ..models import NextAction
from ..services import errors

logger = logging.getLogger("django_faceid")

CONTENT_TYPE = "application/problem+json"

STATUSES: Mapping[type[errors.ServiceError], int] = {
    errors.Invalid: 400,
    errors.NotAllowed: 403,
    errors.AlreadyVerified: 409,
    errors.NotCancelable: 409,
    errors.NotReviewable: 409,
    errors.SessionGone: 404,
    errors.KeyInFlight: 409,
    errors.KeyReused: 422,
    errors.TooManyAttempts: 429,
    errors.Busy: 503,
    errors.ProviderUnreachable: 503,
    errors.ProviderUnavailable: 503,
    errors.FlowPaused: 503,
}

NEXT_ACTIONS: Mapping[type[errors.ServiceError], NextAction] = {
    errors.Invalid: NextAction.FIX_INPUT,
    errors.KeyReused: NextAction.FIX_INPUT,
    errors.SessionGone: NextAction.FIX_INPUT,
    errors.NotAllowed: NextAction.CONTACT_SUPPORT,
    errors.AlreadyVerified: NextAction.NONE,
    errors.NotCancelable: NextAction.NONE,
    errors.NotReviewable: NextAction.NONE,
    errors.FlowPaused: NextAction.CONTACT_SUPPORT,
    errors.ProviderUnavailable: NextAction.CONTACT_SUPPORT,
}


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:  # noqa: ARG001
    """The answer to an exception of a view, or None for one that is nobody's input or outage."""
    if isinstance(error, errors.ServiceError):
        return _of_service(error)
    if isinstance(error, ImproperlyConfigured):
        # The host's mistake: told to its log, not to its users.
        logger.critical("outcome=misconfigured hint=%s", error)
        return _of_service(errors.ProviderUnavailable(retry_after=300))
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, SuspiciousOperation):
        error = exceptions.ParseError()
    return _of_framework(error) if isinstance(error, exceptions.APIException) else None


def _of_service(error: errors.ServiceError) -> Response:
    kind = type(error)
    return problem(
        STATUSES[kind],
        error.code,
        _(str(error)),
        next_action=NEXT_ACTIONS.get(kind, NextAction.RETRY),
        retry_after=error.retry_after,
        session=None if error.session is None else str(error.session.public_id),
        request_id=error.request_id or None,
        trace_id=error.trace_id or None,
        errors=[broken._asdict() for broken in error.errors] or None,
    )


def _of_framework(error: exceptions.APIException) -> Response:
    headers = {}
    challenge = getattr(error, "auth_header", None)
    if challenge:
        headers["WWW-Authenticate"] = challenge
    wait = getattr(error, "wait", None)
    codes = error.get_codes()
    return problem(
        error.status_code,
        codes if isinstance(codes, str) else error.default_code,
        str(error.detail if isinstance(error.detail, str) else error.default_detail),
        next_action=_framework_action(error),
        retry_after=None if wait is None else max(1, math.ceil(wait)),
        headers=headers,
    )


def _framework_action(error: exceptions.APIException) -> NextAction:
    # A host whose first authentication has no challenge answers 403 to people not signed in.
    if isinstance(error, (exceptions.NotAuthenticated, exceptions.AuthenticationFailed)):
        return NextAction.SIGN_IN
    if error.status_code == 429 or error.status_code >= 500:
        return NextAction.RETRY
    known = {401: NextAction.SIGN_IN, 403: NextAction.CONTACT_SUPPORT}
    return known.get(error.status_code, NextAction.FIX_INPUT)


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    next_action: NextAction,
    retry_after: int | None = None,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    """One problem document; members that are None are left out."""
    body = {
        "type": f"urn:django-faceid:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "code": code,
        "detail": str(detail),
        "next_action": next_action.value,
        "retry_after": retry_after,
        **members,
    }
    sent = dict(headers or {})
    if retry_after is not None:
        sent["Retry-After"] = str(retry_after)
    return Response(
        {name: value for name, value in body.items() if value is not None},
        status=status,
        headers=sent,
        content_type=CONTENT_TYPE,
    )
