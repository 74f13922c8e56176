"""The page, the gate at work, and the doors that only a demo has."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model, login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_POST
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from django_faceid.services import is_verified

from . import wire as over_the_wire
from .sandbox import DoorRefused, Sandbox, sandbox

DEMO_USER = "demo"
TEN_MINUTES = timedelta(minutes=10)


@require_GET
@never_cache
@ensure_csrf_cookie
def page(request: HttpRequest) -> HttpResponse:
    """Everything on one page; a welcome for whoever is not signed in."""
    template = "demo/page.html" if request.user.is_authenticated else "demo/welcome.html"
    context = {
        "sandbox": sandbox(),
        "sessions_in_admin": reverse("admin:faceid_verificationsession_changelist"),
    }
    return render(request, template, context)


@api_view(["POST"])
@permission_classes([IsAuthenticated])
def withdraw(request: Request) -> Response:
    """What a host protects: money leaves only when the gate says so."""
    flow = request.data.get("flow", "")
    if not is_verified(request.user, str(flow)):
        raise PermissionDenied("Nobody withdraws before being verified.", "not_verified")
    return Response({"detail": "The money is on its way."})


@require_GET
@never_cache
@login_required
def wire(request: HttpRequest) -> HttpResponse:
    """The caller's exchanges with Tencent, and the record the app keeps."""
    user: Any = request.user
    return JsonResponse({"calls": over_the_wire.calls(user), "events": over_the_wire.events(user)})


@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign the visitor in as the demo's person, without asking for anything."""
    person = get_user_model().objects.get(username=DEMO_USER)
    login(request, person, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("demo:page")


@require_POST
@login_required
def phone(request: HttpRequest) -> HttpResponse:
    """Play the phone that was handed the SdkToken."""
    given = _body(request)
    try:
        _sandbox().play(str(given.get("sdk_token", "")), str(given.get("outcome", "")))
    except DoorRefused as refused:
        return _refusal(409, refused.code, refused.message)
    return JsonResponse({"played": given["outcome"]})


@require_POST
@login_required
def pass_time(_request: HttpRequest) -> HttpResponse:
    """Let ten minutes pass, for the sandbox and for every process of the demo."""
    try:
        _sandbox().advance(TEN_MINUTES)
    except DoorRefused as refused:
        return _refusal(409, refused.code, refused.message)
    return JsonResponse({"passed_seconds": TEN_MINUTES.total_seconds()})


def _sandbox() -> Sandbox:
    found = sandbox()
    if found is None:  # urls.py offers these views with a sandbox only
        raise RuntimeError("The demo talks to Tencent: there is no phone to play.")
    return found


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        body = json.loads(request.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _refusal(status: int, code: str, detail: str) -> JsonResponse:
    return JsonResponse({"code": code, "detail": detail}, status=status)
