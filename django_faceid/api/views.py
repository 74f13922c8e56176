"""HTTP in, one service call, HTTP out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from django.http import Http404, HttpRequest
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.debug import sensitive_variables
from rest_framework.generics import GenericAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from .. import conf, services
from ..models import NextAction, Source, Subject, VerificationSession
from ..models.database import write_alias
from ..services.errors import FieldError, Invalid
from . import cursors, problems
from .conditional import conditional
from .inputs import EmptySerializer, IssueSerializer, ReportSerializer
from .parsers import JSONParser, require_readable
from .permissions import PERMISSIONS
from .serializers import FlowSerializer, SessionSerializer, TokenSerializer
from .throttling import FaceIdThrottle

MAX_KEY = 255
PUBLIC_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class FaceIdView(GenericAPIView[Any]):
    """What all our views share; only authentication and throttle rates are the host's."""

    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer,)
    permission_classes = PERMISSIONS
    throttle_classes = (FaceIdThrottle,)
    versioning_class = None
    pagination_class = None
    filter_backends = ()
    content_negotiation_class = DefaultContentNegotiation
    metadata_class = None
    queryset = VerificationSession.objects.none()

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
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

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # First, since authentication by session may look into the body for a CSRF token.
        require_readable(request)
        super().initial(request, *args, **kwargs)

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """204 with ``Allow``: the interface is described in one place, not by each address."""
        return Response(status=204)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        answer: Response = super().finalize_response(request, response, *args, **kwargs)
        patch_cache_control(answer, private=True, no_store=True)
        patch_vary_headers(answer, ["Accept-Language"])
        return answer

    @property
    def subject(self) -> Subject:
        try:
            return Subject.of(self.request.user)
        except TypeError:
            raise ImproperlyConfigured(
                "The host's authentication gives users that are no rows of AUTH_USER_MODEL."
            ) from None

    def own_session(self, public_id: str) -> VerificationSession:
        """The caller's session; anybody else's does not exist."""
        if not PUBLIC_ID.fullmatch(public_id):
            raise Http404
        sessions = VerificationSession.objects.all()
        if self.request.method == "POST":
            # An act on what was written a moment ago; a look may be at a replica that lags.
            sessions = sessions.using(write_alias())
        found = sessions.for_subject(self.subject).filter(public_id=public_id)
        session = found.select_related("user").first()
        if session is None:
            raise Http404
        return session


class SessionsView(FaceIdView):
    """``POST sessions/`` issues a token, ``GET sessions/`` lists the caller's sessions."""

    serializer_class = IssueSerializer

    @sensitive_variables()
    def post(self, request: Request) -> Response:
        given = IssueSerializer(data=request.data).checked()
        flow = given.pop("flow", None)
        session, fresh = services.issue_token(
            self.subject,
            "default" if flow is None else flow,
            given,
            idempotency_key=_idempotency_key(request),
            source=Source.API,
        )
        return Response(TokenSerializer(session).data, status=201 if fresh else 200)

    def get(self, request: Request) -> Response:
        sessions = VerificationSession.objects.for_subject(self.subject)
        page, cursor = cursors.page(sessions, request.query_params.get("cursor"))
        body = {"results": SessionSerializer(page, many=True).data, "next": cursor}
        return conditional(request, body)


class SessionView(FaceIdView):
    """``GET sessions/<id>/``."""

    serializer_class = SessionSerializer

    def get(self, request: Request, public_id: str) -> Response:
        session = self.own_session(public_id)
        return conditional(request, SessionSerializer(session).data)


class ResultView(FaceIdView):
    """``POST sessions/<id>/result/``: the phone is done, look how it went."""

    serializer_class = ReportSerializer

    def post(self, request: Request, public_id: str) -> Response:
        session = self.own_session(public_id)
        given = ReportSerializer(data=request.data).checked()
        if session.owes_result:
            services.report(session, given.get("sdk_code"))
            session = services.fetch_result(session, source=Source.API)
        body = SessionSerializer(session).data
        if session.next_action != NextAction.WAIT:
            return Response(body)
        return Response(body, status=202, headers={"Retry-After": str(body["retry_after"])})


class CancelView(FaceIdView):
    """``POST sessions/<id>/cancel/``."""

    serializer_class = EmptySerializer

    def post(self, request: Request, public_id: str) -> Response:
        session = self.own_session(public_id)
        EmptySerializer(data=request.data).checked()
        services.cancel(session, source=Source.API, actor=request.user)
        return Response(SessionSerializer(session).data)


class FlowsView(FaceIdView):
    """``GET flows/``: what may be asked, and how the caller stands."""

    serializer_class = FlowSerializer

    def get(self, request: Request) -> Response:
        flows = [flow for name in conf.flow_names() if (flow := conf.flow(name))]
        show = FlowSerializer(context={"subject": self.subject}).to_representation
        return Response({"results": [show(flow) for flow in flows]})


class FlowView(FaceIdView):
    """``GET flows/<name>/``: may the caller?"""

    serializer_class = FlowSerializer

    def get(self, request: Request, name: str) -> Response:
        flow = conf.flow(name)
        if flow is None:
            raise Http404
        return Response(FlowSerializer(flow, context={"subject": self.subject}).data)


def _idempotency_key(request: Request) -> str:
    key: str = request.headers.get("Idempotency-Key", "")
    if len(key) > MAX_KEY:
        detail = f"Must be at most {MAX_KEY} characters."
        raise Invalid(errors=(FieldError("Idempotency-Key", "too_long", detail),))
    return key
