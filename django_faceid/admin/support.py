"""A session as a file for Tencent's support desk."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.translation import gettext as _

from .. import services
from ..models import VerificationSession
from ..story import support
from .acts import Act, SessionActs


class SupportFile(SessionActs):
    """A download beside the acts; who takes it is on record."""

    def get_urls(self) -> list[Any]:
        return [self._url("support-file", self.support_file_view), *super().get_urls()]

    def acts(self, request: HttpRequest, session: VerificationSession) -> list[Act]:
        found = super().acts(request, session)
        if self.has_export_permission(request):
            found.append(self._act(session, _("Support file"), "support-file"))
        return found

    def support_file_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What Tencent's support asks for, ready to attach to a ticket."""
        session = self.require(request, object_id)
        if not self.has_export_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        content = support.file(session)
        services.hand_over(session, actor=request.user)
        self.log_change(request, session, _("Took the support file away."))
        response = HttpResponse(content, content_type="text/plain; charset=utf-8")
        name = f"faceid-support-{session.public_id}.txt"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Cache-Control"] = "private, no-store"
        return response
