"""A host with two admin sites; the second has no pages of calls or users."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from django_faceid.admin import VerificationSessionAdmin
from django_faceid.models import VerificationSession

backoffice = admin.AdminSite("backoffice")
backoffice.register(VerificationSession, VerificationSessionAdmin)

urlpatterns = [
    path("admin/", admin.site.urls),
    path("backoffice/", backoffice.urls),
]
