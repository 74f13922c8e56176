"""Where the host project puts the app."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("faceid/", include("django_faceid.api.urls")),
]
