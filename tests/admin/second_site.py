"""A host with admin sites of its own: one without calls and users, one as Django makes it."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from django_faceid.admin import VerificationSessionAdmin
from django_faceid.models import ApiCall, VerificationSession

backoffice = admin.AdminSite("backoffice")
backoffice.register(VerificationSession, VerificationSessionAdmin)

plain = admin.AdminSite("plain")
plain.register([VerificationSession, ApiCall])

urlpatterns = [
    path("admin/", admin.site.urls),
    path("backoffice/", backoffice.urls),
    path("plain/", plain.urls),
]
