"""Calls to Tencent: every attempt, and what it says."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ..models import ApiCall, VerificationSession
from ..story import badges, facts, people, search, signs, tables, words
from ..story.others import BULKY
from .columns import column, moment, over
from .exports import ExportingAdmin
from .filters import ActionFilter, CallerFilter, ErrorCodeFilter, OutcomeFilter, SessionFilter
from .time_filter import NAMES, StartedFilter


class ApiCallAdmin(ExportingAdmin):
    """Find any attempt by its RequestId; read what it means and what to do about it."""

    list_display = (
        "started",
        "asked",
        "how_it_ended",
        "request",
        "took",
        "session_id",
    )
    list_filter = (
        StartedFilter,
        OutcomeFilter,
        ActionFilter,
        ErrorCodeFilter,
        CallerFilter,
        SessionFilter,
    )
    list_select_related = ("session",)
    export_table = tables.Calls
    page_template = "admin/faceid/apicall/call.html"
    lookups = frozenset({"outcome", "action", "error_code", "session", "subject_key", *NAMES})

    @column(_("started"), "started_at")
    def started(self, call: ApiCall) -> SafeString:
        return moment(call.started_at)

    @column(_("action"), "action")
    def asked(self, call: ApiCall) -> str:
        return call.action

    @column(_("session"), "session__public_id")
    def session_id(self, call: ApiCall) -> SafeString | None:
        if call.session is None:
            return None
        return format_html('<code class="faceid-copy">{}</code>', call.session.public_id)

    @column(_("outcome"), "outcome", "error_code")
    def how_it_ended(self, call: ApiCall) -> SafeString:
        return over(badges.of_outcome(call), call.error_code)

    @column(_("RequestId"), "request_id")
    def request(self, call: ApiCall) -> SafeString | None:
        if not call.request_id:
            return None
        return format_html('<code class="faceid-copy">{}</code>', signs.plain(call.request_id))

    @column(_("took"), "milliseconds", "waited")
    def took(self, call: ApiCall) -> SafeString | None:
        if call.milliseconds is None:
            return None
        waited = _("waited %d ms") % call.waited if call.waited else ""
        return over(_("%d ms") % call.milliseconds, waited)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiCall]:
        return super().get_queryset(request).defer(*(f"session__{name}" for name in BULKY))

    def page_queryset(self, request: HttpRequest) -> QuerySet[ApiCall]:
        return self.get_queryset(request).select_related("session__user")

    def found(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        return search.calls_found(queryset, term)

    def session_url(self, request: HttpRequest, pk: int) -> str:
        return f"{self.list_url()}?session={pk}"

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        call = cast(ApiCall, row)
        return {
            "badge": badges.of_outcome(call),
            "facts": facts.of_call(call, personal=people.may_see(request.user)),
            "error": words.explain_error(call.error_code),
            "session": call.session,
            "session_url": self.page_url(request, VerificationSession, call.session_id),
        }
