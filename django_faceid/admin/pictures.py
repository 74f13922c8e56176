"""Looking at kept pictures, each look on record, and erasing them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import reverse
from django.utils.translation import gettext as _

from .. import clock
from ..models import EventKind, KeptMedia, MediaKind, SessionEvent, VerificationSession
from ..models.database import write_alias
from ..services import media
from ..services.errors import ServiceError
from ..story import people, pictures
from . import ranges
from .advice import what_to_do
from .forms import ReasonForm
from .personal import PersonalData

# A look that is on record lets its picture be loaded for so long: a page, its player, a reload.
A_LOOK = timedelta(minutes=5)

UNKNOWN = "application/octet-stream"
VIDEOS = ("video/mp4", "video/webm")


def content_type(content: bytes) -> str:
    """What a browser may show it as, by its first bytes and by nothing else."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[4:8] == b"ftyp":
        return "video/mp4"
    if content.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm"
    return UNKNOWN


class Pictures(PersonalData):
    """A look is an act: POST puts it on record, and for a while GET gives the bytes to whoever did.

    So no prefetching browser, forged link or copied address ever opens a picture.
    """

    picture_template = "admin/faceid/verificationsession/picture.html"
    erase_template = "admin/faceid/verificationsession/erase.html"

    def get_urls(self) -> list[Any]:
        own = [
            self._url("media", self.media_view, "<str:kind>/"),
            self._url("erase-pictures", self.erase_view),
        ]
        return own + super().get_urls()

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("faceid.erase_verificationsession")

    def panel(
        self,
        request: HttpRequest,
        session: VerificationSession,
        events: Iterable[SessionEvent] | None = None,
    ) -> dict[str, Any]:
        """What templates/…/pictures.html shows: no picture, but what there is to open."""
        found = pictures.of(session, events)
        may_open = people.may_see(request.user)
        erasable = self.has_erase_permission(request) and any(each.opens for each in found)
        return {
            "pictures": [
                (each, self._media_url(session, each.kind) if may_open and each.opens else "")
                for each in found
            ],
            "erase_url": self._act(session, "", "erase-pictures").url if erasable else "",
        }

    def _media_url(self, session: VerificationSession, kind: str) -> str:
        name = f"admin:{self._name('media')}"
        return reverse(name, args=[session.pk, kind], current_app=self.admin_site.name)

    def media_view(self, request: HttpRequest, object_id: str, kind: str) -> HttpResponse:
        """Open one kept picture."""
        session = self.require(request, object_id)
        if not people.may_see(request.user):
            raise PermissionDenied
        if kind not in MediaKind.values:
            raise Http404
        kept = media.find(session, kind)
        if kept is None:
            self.message_user(request, _("Nothing of this kind is kept."), messages.WARNING)
            return self._back(session)
        if request.method == "POST":
            return self._look(request, session, kept)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        if not self._looked(request, kept):
            text = _("Open it from here: each look is put on record.")
            self.message_user(request, text, messages.INFO)
            return self._back(session)
        return self._bytes(request, kept)

    def _look(
        self, request: HttpRequest, session: VerificationSession, kept: KeptMedia
    ) -> HttpResponse:
        try:
            shown_as = content_type(media.read(kept))
        except media.Unreadable:
            text = _("It cannot be read: its storage or its key fails. The log says which.")
            self.message_user(request, text, messages.ERROR)
            return self._back(session)
        look = media.look(kept, actor=request.user)
        self.log_change(request, session, _("Looked at a kept picture: %s.") % kept.kind)
        context = {
            **self.page_head(request, session),
            "title": kept.get_kind_display().capitalize(),
            "kept": kept,
            "look": look,
            "url": self._media_url(session, kept.kind),
            "is_video": shown_as in VIDEOS,
            "is_unknown": shown_as == UNKNOWN,
        }
        return self.render(request, self.picture_template, session, context)

    def _looked(self, request: HttpRequest, kept: KeptMedia) -> bool:
        """Whether this very person put a look at it on record just now."""
        return (
            SessionEvent.objects.using(write_alias())
            .filter(
                session_id=kept.session_id,
                kind=EventKind.MEDIA_VIEWED,
                reason=kept.kind,
                actor=request.user.pk,
                created_at__gt=clock.now() - A_LOOK,
            )
            .exists()
        )

    def _bytes(self, request: HttpRequest, kept: KeptMedia) -> HttpResponse:
        try:
            content = media.read(kept)
        except media.Unreadable:
            return HttpResponse(_("It cannot be read."), status=503, content_type="text/plain")
        shown_as = content_type(content)
        response = ranges.answer(request, content, shown_as)
        response["Content-Disposition"] = "attachment" if shown_as == UNKNOWN else "inline"
        response["Content-Security-Policy"] = "default-src 'none'; sandbox"
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        response["X-Content-Type-Options"] = "nosniff"
        response["Cache-Control"] = "no-store, private"
        return response

    def erase_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why, then destroy every kept picture of the session."""
        session = self.require(request, object_id)
        if not self.has_erase_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        if hindrance := self._why_not_erase(session):
            self.message_user(request, hindrance, messages.WARNING)
            return self._back(session)
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            self._erase(request, session, form.cleaned_data["reason"])
            return self._back(session)
        context = {
            **self.page_head(request, session),
            "title": _("Erase the kept pictures?"),
            "form": form,
            "pictures": [each for each in pictures.of(session) if each.opens],
        }
        return self.render(request, self.erase_template, session, context)

    def _why_not_erase(self, session: VerificationSession) -> str:
        if session.legal_hold:
            return _("Nothing can be erased: a legal hold lies on this session.")
        if not any(each.opens for each in pictures.of(session)):
            return _("Nothing is kept that could be erased.")
        return ""

    def _erase(self, request: HttpRequest, session: VerificationSession, reason: str) -> None:
        try:
            removed = media.erase(session, actor=request.user, reason=reason)
        except ServiceError as error:
            self.message_user(request, what_to_do(error), messages.ERROR)
            return
        self.log_change(request, session, _("Erased the kept pictures: %s") % reason)
        if removed:
            text, level = _("Erased. Nobody can look at the pictures any more."), messages.SUCCESS
        else:
            text = _(
                "Their keys are destroyed, so nobody can look at them any more; the storage "
                "did not delete a file, whose name is in the log."
            )
            level = messages.WARNING
        self.message_user(request, text, level)
