"""The host's pages in the benchmarks: one of its own, the app's, and a view without protection."""

from __future__ import annotations

import time
from typing import Any

import requests
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.authentication import BaseAuthentication

from django_faceid import conf

from . import rival_desk
from .hanging import USER_HEADER
from .settings import RIVALS

# What a page's own database takes; its thread is held, the processor is not.
PAGE_SECONDS = 0.02


class ByHeader(BaseAuthentication):
    """Believes whoever says who they are."""

    def authenticate(self, request: Any) -> Any:
        return get_user_model()(pk=int(request.headers[USER_HEADER])), None


def page(request: HttpRequest) -> HttpResponse:
    """Any page of the host."""
    time.sleep(PAGE_SECONDS)
    return HttpResponse("a page")


@csrf_exempt
def unprotected(request: HttpRequest) -> HttpResponse:
    """A call to the vendor as it is written first: with a timeout, without cap and breaker."""
    account = conf.account("default")
    try:
        requests.post(account.endpoint, json={}, timeout=account.timeout)
    except requests.RequestException:
        return HttpResponse(status=503, headers={"Retry-After": "1"})
    return HttpResponse()


for model in [model for model in admin.site._registry if model.__module__.startswith(RIVALS)]:
    # They belong to other benchmarks: a desk's navigation shows what its host has.
    admin.site.unregister(model)

urlpatterns = [
    path("page/", page),
    path("admin/", admin.site.urls),
    path("rival/", rival_desk.site.urls),
    path("faceid/", include("django_faceid.api.urls")),
    path("unprotected/", unprotected),
]
