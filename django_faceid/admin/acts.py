"""What staff may do to a session that is on its way: fetch its result, cancel it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from .. import conf, services
from ..models import Source, Status, VerificationSession
from ..services.errors import NotCancelable, ServiceError
from ..story import badges, words
from .advice import what_to_do
from .exports import ExportingAdmin
from .forms import ReasonForm


class Act(NamedTuple):
    """A button on a session's page; one that does not ``post`` leads to a page that asks why."""

    label: str
    url: str
    posts: bool
    tone: str


class SessionActs(ExportingAdmin):
    """The views behind the buttons, each one service call."""

    cancel_template = "admin/faceid/verificationsession/cancel.html"

    def get_urls(self) -> list[Any]:
        own = [
            self._url("fetch-result", self.fetch_result_view),
            self._url("cancel", self.cancel_view),
        ]
        return own + super().get_urls()

    def _url(self, act: str, view: Callable[..., HttpResponse], more: str = "") -> URLPattern:
        wrapped: Callable[..., Any] = self.admin_site.admin_view(view)
        # Evidence of a call to Tencent must outlive a page that fails after it.
        for alias in connections:
            wrapped = transaction.non_atomic_requests(using=alias)(wrapped)
        return path(f"<path:object_id>/{act}/{more}", wrapped, name=self._name(act))

    def _name(self, act: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{act.replace('-', '_')}"

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("faceid.operate_verificationsession")

    def acts(self, request: HttpRequest, session: VerificationSession) -> list[Act]:
        """The buttons that make sense for this session and this member of staff."""
        found = []
        if self.has_operate_permission(request):
            if session.is_fetchable:
                found.append(self._act(session, _("Fetch result"), "fetch-result"))
            if session.effective_status == Status.ISSUED:
                label = _("Cancel session…")
                found.append(self._act(session, label, "cancel", posts=False, tone=badges.BAD))
        return found

    def _act(
        self,
        session: VerificationSession,
        label: str,
        act: str,
        posts: bool = True,
        tone: str = badges.QUIET,
    ) -> Act:
        name = f"admin:{self._name(act)}"
        url = reverse(name, args=[session.pk], current_app=self.admin_site.name)
        return Act(label, url, posts, tone)

    def fetch_result_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask Tencent how the session ended, now."""
        session = self._require_operable(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            self._fetch_result(request, session)
        except (ServiceError, conf.SettingError, ImportError) as error:
            self.message_user(request, what_to_do(error), messages.ERROR)
        return self._back(session)

    def cancel_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why, then close a session whose token is live."""
        session = self._require_operable(request, object_id)
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        try:
            if session.effective_status != Status.ISSUED:
                raise NotCancelable(session=session)
            form = ReasonForm(request.POST if request.method == "POST" else None)
            if not form.is_valid():
                return self._ask_why_cancel(request, session, form)
            self._cancel(request, session, form.cleaned_data["reason"])
        except ServiceError as error:
            self.message_user(request, what_to_do(error), messages.ERROR)
        return self._back(session)

    def _require_operable(self, request: HttpRequest, object_id: str) -> VerificationSession:
        session: VerificationSession = self.require(request, object_id)
        if not self.has_operate_permission(request):
            raise PermissionDenied
        return session

    def _fetch_result(self, request: HttpRequest, session: VerificationSession) -> None:
        if not session.is_fetchable:
            text = _("There is nothing to fetch: no token is held, or Tencent has forgotten it.")
            self.message_user(request, text, messages.WARNING)
            return
        looks = session.pulls
        session = services.fetch_result(session, source=Source.STAFF, actor=request.user)
        if session.pulls == looks:
            text = _("Tencent was asked a moment ago. Wait two seconds and try again.")
            self.message_user(request, text, messages.INFO)
            return
        text, level = _told(session)
        self.log_change(request, session, _("Fetched the result: %s") % text)
        self.message_user(request, text, level)

    def _ask_why_cancel(
        self, request: HttpRequest, session: VerificationSession, form: ReasonForm
    ) -> HttpResponse:
        context = {
            **self.page_head(request, session),
            "title": _("Cancel this session?"),
            "form": form,
        }
        return self.render(request, self.cancel_template, session, context)

    def _cancel(self, request: HttpRequest, session: VerificationSession, reason: str) -> None:
        services.cancel(session, source=Source.STAFF, actor=request.user, reason=reason)
        self.log_change(request, session, _("Canceled the session: %s") % reason)
        text = _("Canceled. No phone can start from it any more; one that has cannot be stopped.")
        self.message_user(request, text, messages.SUCCESS)

    def page_head(self, request: HttpRequest, session: VerificationSession) -> dict[str, Any]:
        """Who and where: the head of every page about a session."""
        raise NotImplementedError

    def _back(self, session: VerificationSession) -> HttpResponse:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        url = reverse(name, args=[session.pk], current_app=self.admin_site.name)
        return HttpResponseRedirect(url)


def _told(session: VerificationSession) -> tuple[str, int]:
    """What Tencent said, and how gladly staff hear it."""
    if error := words.explain_error(session.result_error):
        text = _("The result cannot be fetched. %(meaning)s %(advice)s")
        return text % {"meaning": error.meaning, "advice": error.advice}, messages.WARNING
    if result := words.explain_result(session.result_code):
        return _("The result is in: %s") % result.meaning, messages.SUCCESS
    return _("Tencent says that the process has not ended. Try again later."), messages.INFO
