"""The rival's desk: both tables in Django's admin, as a project writes it on the first day."""

from __future__ import annotations

from django.contrib import admin

from django_faceid.models import ApiCall, VerificationSession

site = admin.AdminSite("rival")


@admin.register(VerificationSession, site=site)
class SessionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("__str__", "user", "flow", "status", "verdict", "review", "created_at")
    list_filter = ("status", "verdict", "review", "flow", "error_code", "livemode", "created_at")
    search_fields = ("public_id", "request_id", "reference", "user__username", "calls__request_id")


@admin.register(ApiCall, site=site)
class CallAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("__str__", "session", "action", "outcome", "error_code", "started_at")
    list_filter = ("outcome", "action", "error_code", "started_at")
    search_fields = ("request_id", "trace_id", "session__public_id", "session__user__username")
