"""The audit desk: what happened to every session, for staff who must be able to prove it."""

from django.contrib import admin

from ..models import ApiCall, VerificationSession
from .calls import ApiCallAdmin
from .sessions import VerificationSessionAdmin

__all__ = ["ApiCallAdmin", "VerificationSessionAdmin"]

admin.site.register(VerificationSession, VerificationSessionAdmin)
admin.site.register(ApiCall, ApiCallAdmin)
