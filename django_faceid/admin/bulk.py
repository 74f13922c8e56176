"""Acts on many sessions: chosen on the list, confirmed, then watched while they are done."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
)
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from .. import services
from ..models import BulkAct, BulkJob, JobState, VerificationSession
from ..services.bulk import MOST
from ..story import jobs
from .acts import SessionActs
from .columns import column
from .paging import key

MOST_TROUBLED = 100
MOST_JOBS = 50
CONFIRMED = "sessions"
"""The field with the keys of the sessions that were confirmed, in one: 5000 would be too many."""


class BulkWork(SessionActs):
    """The list's actions; what asks Tencent or writes is a job, what reads is a file."""

    confirm_template = "admin/faceid/bulk/confirm.html"
    job_template = "admin/faceid/bulk/job.html"
    jobs_template = "admin/faceid/bulk/jobs.html"
    actions = ("fetch_selected", "cancel_selected", "export_csv", "export_json_lines")

    def get_urls(self) -> list[Any]:
        view, name = self.admin_site.admin_view, self._name
        own = [
            path("bulk/", view(self.jobs_view), name=name("bulk_jobs")),
            path("bulk/<int:job>/", view(self.job_view), name=name("bulk_job")),
            path("bulk/<int:job>/progress.json", view(self.progress_view), name=name("progress")),
            path("bulk/<int:job>/stop/", view(self.stop_view), name=name("stop_job")),
        ]
        return own + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may = self.has_operate_permission(request)
        jobs_url = {"jobs_url": self._bulk_url("bulk_jobs")} if may else {}
        return super().changelist_view(request, {**jobs_url, **(extra_context or {})})

    @column("", "public_id")
    def action_checkbox(self, obj: VerificationSession) -> SafeString:
        label = _("Select this object for an action - {}").format(obj.public_id)
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="{}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            label,
        )

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *where: Any, **options: Any
    ) -> Any:
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if any(key(each) is None for each in chosen):
            return HttpResponseRedirect(self.list_url())
        return super().response_action(request, queryset, *where, **options)

    @admin.action(description=gettext_lazy("Fetch results…"), permissions=["operate"])
    def fetch_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return self._confirm_or_start(request, queryset, BulkAct.FETCH_RESULT)

    @admin.action(description=gettext_lazy("Cancel sessions…"), permissions=["operate"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return self._confirm_or_start(request, queryset, BulkAct.CANCEL)

    @admin.action(description=gettext_lazy("Export as CSV"), permissions=["export"])
    def export_csv(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        return self._export(request, queryset, "csv")

    @admin.action(description=gettext_lazy("Export as JSON Lines"), permissions=["export"])
    def export_json_lines(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        return self._export(request, queryset, "jsonl")

    def _export(self, request: HttpRequest, queryset: QuerySet[Any], form: str) -> Any:
        if request.POST.get("select_across") == "1":
            return self.exported(request, queryset, form, self.filters(request))
        chosen = sorted(queryset.values_list("pk", flat=True))
        which = _("selected: %s") % ", ".join(map(str, chosen))
        return self.exported(request, queryset, form, which)

    def _confirm_or_start(
        self, request: HttpRequest, queryset: QuerySet[Any], act: BulkAct
    ) -> HttpResponse:
        confirmed = _keys(request.POST.get(CONFIRMED, ""))
        if "confirmed" not in request.POST or not confirmed:
            return self._confirm(request, queryset, act)
        # Not the list once more: whoever came into it since has not been confirmed by anybody.
        rows = self.get_queryset(request).filter(pk__in=confirmed)
        job = services.start_bulk(act, rows, actor=request.user, capped="capped" in request.POST)
        number = job.items.count()
        text = ngettext("%(act)s: %(number)d session", "%(act)s: %(number)d sessions", number)
        told = text % {"act": jobs.title(job), "number": number}
        self.log_change(request, job, told)
        return HttpResponseRedirect(self._bulk_url("bulk_job", job))

    def _confirm(self, request: HttpRequest, queryset: QuerySet[Any], act: BulkAct) -> HttpResponse:
        found = list(queryset.order_by("-pk").values_list("pk", flat=True)[: MOST + 1])
        chosen = found[:MOST]
        canceling = act == BulkAct.CANCEL
        context = {
            "title": BulkAct(act).label.capitalize(),
            "canceling": canceling,
            "number": len(chosen),
            "fetchable": 0 if canceling else VerificationSession.objects.fetchable(chosen).count(),
            "capped": len(found) > MOST,
            "action": request.POST["action"],
            "across": request.POST.get("select_across", "0"),
            "ticked": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "checkbox": ACTION_CHECKBOX_NAME,
            "field": CONFIRMED,
            "keys": ",".join(map(str, chosen)),
            "back_url": request.get_full_path(),
        }
        return self.render(request, self.confirm_template, None, context)

    def jobs_view(self, request: HttpRequest) -> HttpResponse:
        """The newest jobs, whoever started them."""
        self._require_operator(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        newest = BulkJob.objects.select_related("actor").order_by("-id")[:MOST_JOBS]
        rows = [(jobs.standing(job), self._bulk_url("bulk_job", job)) for job in newest]
        context = {"title": _("Bulk work"), "rows": rows}
        return self.render(request, self.jobs_template, None, context)

    def job_view(self, request: HttpRequest, job: int) -> HttpResponse:
        """How far a job is, and what stood in its way."""
        found = self._require_job(request, job)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        troubled = jobs.troubled(found, MOST_TROUBLED + 1)
        context = {
            "title": _("Bulk job %d") % found.pk,
            "job": jobs.standing(found),
            "progress": jobs.progress(found),
            "troubled": [
                (each, self.page_url(request, VerificationSession, each.session_pk))
                for each in troubled[:MOST_TROUBLED]
            ],
            "more_troubled": len(troubled) > MOST_TROUBLED,
            "progress_url": self._bulk_url("progress", found),
            "stop_url": self._bulk_url("stop_job", found),
            "jobs_url": self._bulk_url("bulk_jobs"),
        }
        return self.render(request, self.job_template, None, context)

    def progress_view(self, request: HttpRequest, job: int) -> HttpResponse:
        """The numbers of a job, for the script of its page."""
        found = self._require_job(request, job)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        answer = JsonResponse(jobs.progress(found)._asdict())
        answer["Cache-Control"] = "private, no-store"
        return answer

    def stop_view(self, request: HttpRequest, job: int) -> HttpResponse:
        """Begin no further session of a job."""
        found = self._require_job(request, job)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if services.stop_bulk(found):
            self.log_change(request, found, str(JobState.STOPPED.label))
            self.message_user(request, _("Stopped. What is done stays done."), messages.SUCCESS)
        return HttpResponseRedirect(self._bulk_url("bulk_job", found))

    def _require_operator(self, request: HttpRequest) -> None:
        if not (self.has_view_permission(request) and self.has_operate_permission(request)):
            raise PermissionDenied

    def _require_job(self, request: HttpRequest, pk: int) -> BulkJob:
        self._require_operator(request)
        # No database has a larger key.
        known = BulkJob.objects.select_related("actor").filter(pk=pk) if key(str(pk)) else None
        if known is None or (job := known.first()) is None:
            raise Http404
        return job

    def _bulk_url(self, view: str, job: BulkJob | None = None) -> str:
        name = f"admin:{self._name(view)}"
        args = [] if job is None else [job.pk]
        return reverse(name, args=args, current_app=self.admin_site.name)


def _keys(given: str) -> list[int]:
    """The keys of a confirmed form; none of one that nobody can have been shown."""
    parts = given.split(",")
    keys = [found for each in parts if (found := key(each)) is not None]
    return keys if len(keys) == len(parts) <= MOST else []
