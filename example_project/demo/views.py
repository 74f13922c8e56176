"""The page, the gate at work, and the doors that only a demo has."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth import get_user_model, login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_POST
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from django_faceid.services import is_verified

from . import exchanges
from .sandbox import Sandbox, sandbox

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
def withdraw(request: Request) -> Response:
    """What a host protects: money leaves only when the gate says so."""
    if not is_verified(request.user, _given(request, "flow")):
        raise PermissionDenied("Nobody withdraws before being verified.", "not_verified")
    return Response({"detail": "The money is on its way."})


@api_view(["GET"])
@never_cache
def wire(request: Request) -> Response:
    """The caller's exchanges with Tencent, and the record the app keeps."""
    return Response(
        {"calls": exchanges.calls(request.user), "events": exchanges.events(request.user)}
    )


@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign the visitor in as the demo's person, without asking for anything."""
    person = get_user_model().objects.get(username=DEMO_USER)
    login(request, person, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("demo:page")


@api_view(["POST"])
def phone(request: Request) -> Response:
    """Play the phone that was handed the SdkToken."""
    outcome = _given(request, "outcome")
    _sandbox().play(_given(request, "sdk_token"), outcome)
    return Response({"played": outcome})


@api_view(["POST"])
def pass_time(_request: Request) -> Response:
    """Let ten minutes pass, for the sandbox and for every process of the demo."""
    _sandbox().advance(TEN_MINUTES)
    return Response({"passed_seconds": TEN_MINUTES.total_seconds()})


def _sandbox() -> Sandbox:
    found = sandbox()
    if found is None:  # urls.py offers these views with a sandbox only
        raise NotFound
    return found


def _given(request: Request, name: str) -> str:
    return str(request.data.get(name, "")) if isinstance(request.data, dict) else ""
