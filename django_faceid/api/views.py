"""HTTP in, one service call, HTTP out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, NoReturn
from uuid import UUID

from django.db import connections, transaction
from django.http import Http404
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import get_language
from rest_framework.generics import GenericAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from .. import conf, services
from ..models import Source, Subject, VerificationSession
from ..services.errors import FieldError, Invalid
from . import cursors, problems
from .parsers import JSONParser
from .permissions import PERMISSIONS
from .serializers import (
    EmptySerializer,
    FlowSerializer,
    IssueSerializer,
    ReportSerializer,
    SessionSerializer,
    TokenSerializer,
)
from .throttling import FaceIdThrottle

MAX_KEY = 255


class FaceIdView(GenericAPIView[Any]):
    """What all our views share; only authentication and throttle rates are the host's."""

    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer,)
    permission_classes = PERMISSIONS
    throttle_classes = (FaceIdThrottle,)
    versioning_class = None
    pagination_class = None
    filter_backends = ()
    metadata_class = None  # type: ignore[assignment]
    queryset = VerificationSession.objects.none()

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., Any]:
        # Evidence of a call to Tencent must outlive a view that fails after it.
        view = super().as_view(**initkwargs)
        for alias in connections:
            view = transaction.non_atomic_requests(using=alias)(view)
        return view

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return problems.handle

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[JSONRenderer, str]:
        return JSONRenderer(), JSONRenderer.media_type

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        patch_cache_control(response, private=True, no_store=True)
        patch_vary_headers(response, ["Accept-Language"])
        return response

    @property
    def subject(self) -> Subject:
        return Subject.of(self.request.user)

    def own_session(self, public_id: UUID) -> VerificationSession:
        """The caller's session; anybody else's does not exist."""
        found = VerificationSession.objects.for_subject(self.subject).filter(public_id=public_id)
        session = found.select_related("user").first()
        if session is None:
            raise Http404
        return session


class SessionsView(FaceIdView):
    """``POST sessions/`` issues a token, ``GET sessions/`` lists the caller's sessions."""

    serializer_class = IssueSerializer

    def post(self, request: Request) -> Response:
        given = IssueSerializer(data=request.data).checked()
        session, fresh = services.issue_token(
            self.subject,
            given.pop("flow", None) or "default",
            given,
            idempotency_key=_idempotency_key(request),
            source=Source.API,
        )
        return Response(TokenSerializer(session).data, status=201 if fresh else 200)

    def get(self, request: Request) -> Response:
        sessions = VerificationSession.objects.for_subject(self.subject)
        page, cursor = cursors.page(sessions, self.subject, request.query_params.get("cursor"))
        body = {"results": SessionSerializer(page, many=True).data, "next": cursor}
        return _conditional(request, body, *page)


class SessionView(FaceIdView):
    """``GET sessions/<id>/``."""

    serializer_class = SessionSerializer

    def get(self, request: Request, public_id: UUID) -> Response:
        session = self.own_session(public_id)
        return _conditional(request, SessionSerializer(session).data, session)


class ResultView(FaceIdView):
    """``POST sessions/<id>/result/``: the phone is done, look how it went."""

    serializer_class = ReportSerializer

    def post(self, request: Request, public_id: UUID) -> Response:
        session = self.own_session(public_id)
        given = ReportSerializer(data=request.data).checked()
        if session.owes_result:
            services.report(session, given.get("sdk_code"))
            session = services.fetch_result(session, source=Source.API)
        body = SessionSerializer(session).data
        if not session.owes_result:
            return Response(body)
        return Response(body, status=202, headers={"Retry-After": str(body["retry_after"])})


class CancelView(FaceIdView):
    """``POST sessions/<id>/cancel/``."""

    serializer_class = EmptySerializer

    def post(self, request: Request, public_id: UUID) -> Response:
        EmptySerializer(data=request.data).checked()
        session = self.own_session(public_id)
        services.cancel(session, source=Source.API, actor=request.user)
        return Response(SessionSerializer(session).data)


class FlowsView(FaceIdView):
    """``GET flows/``: what may be asked, and how the caller stands."""

    serializer_class = FlowSerializer

    def get(self, request: Request) -> Response:
        flows = [flow for name in conf.flow_names() if (flow := conf.flow(name))]
        shown = FlowSerializer(flows, many=True, context={"subject": self.subject})
        return Response({"results": shown.data})


class FlowView(FaceIdView):
    """``GET flows/<name>/``: may the caller?"""

    serializer_class = FlowSerializer

    def get(self, request: Request, name: str) -> Response:
        flow = conf.flow(name)
        if flow is None:
            raise Http404
        return Response(FlowSerializer(flow, context={"subject": self.subject}).data)


def _idempotency_key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > MAX_KEY:
        _refuse_key(f"Must be at most {MAX_KEY} characters.")
    return key


def _refuse_key(detail: str) -> NoReturn:
    raise Invalid(errors=(FieldError("Idempotency-Key", "too_long", detail),))


def _conditional(request: Request, body: Any, *sessions: VerificationSession) -> Response:
    """The body with a weak ETag, or 304 for a client that has it."""
    state = [(s.pk, s.version, s.effective_status.value) for s in sessions]
    digest = hashlib.sha256(repr((state, get_language())).encode()).hexdigest()
    etag = f'W/"{digest[:32]}"'
    known = request.headers.get("If-None-Match", "")
    if etag in [tag.strip() for tag in known.split(",")]:
        return Response(status=304, headers={"ETag": etag})
    return Response(body, headers={"ETag": etag})
