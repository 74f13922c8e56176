"""Lists as files: whatever a list shows after its filters and its search, row by row."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, cast

from asgiref.sync import sync_to_async
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.db.models import QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseNotAllowed,
    StreamingHttpResponse,
)
from django.urls import path
from django.utils.translation import gettext as _

from .. import clock
from ..models import Subject
from ..story import files, people, search, signs
from ..story.tables import Table
from .base import AuditAdmin


class Form(NamedTuple):
    """A kind of file."""

    label: str
    content_type: str
    written: Callable[[list[str], Iterator[list[Any]]], Iterator[str]]


FORMS: Mapping[str, Form] = {
    "csv": Form("CSV", "text/csv; charset=utf-8", files.as_csv),
    "jsonl": Form("JSON Lines", "application/jsonl; charset=utf-8", files.as_json_lines),
}


class ExportingAdmin(AuditAdmin):
    """A list with links to take it away."""

    export_table: ClassVar[type[Table]]

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.export_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        own = [path(f"export.{form}", view, {"form": form}, f"{name}_{form}") for form in FORMS]
        return own + super().get_urls()

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("faceid.export_verificationsession")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"export_forms": FORMS if self.has_export_permission(request) else {}}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def export_view(self, request: HttpRequest, form: str) -> Any:
        """The rows of the list at the same address without ``export.…``, all of them."""
        if not (self.has_view_permission(request) and self.has_export_permission(request)):
            raise PermissionDenied
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        elsewhere = self.instead_of_a_token(request)
        if elsewhere is not None:
            return elsewhere
        try:
            rows = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return HttpResponseBadRequest(_("The list cannot be filtered like this."))
        return self.exported(request, rows, form, self.filters(request))

    def filters(self, request: HttpRequest) -> str:
        """A list's address in words for the record, without anybody's name in it."""
        given = {name: request.GET[name] for name in sorted(request.GET)}
        if term := given.get("q", "").strip():
            given["q"] = _on_record(term)
        told = ", ".join(f"{name}={value}" for name, value in given.items())
        return signs.printable(told) or _("everything")

    def exported(self, request: HttpRequest, rows: QuerySet[Any], form: str, which: str) -> Any:
        """A download of rows; who takes ``which`` away is on record before it begins."""
        table = self.export_table(personal=people.may_see(request.user))
        kind = FORMS[form]
        LogEntry.objects.create(
            user=cast(Any, request.user),
            content_type=ContentType.objects.get_for_model(self.model),
            object_repr=str(self.opts.verbose_name_plural),
            action_flag=CHANGE,
            change_message=_("Exported as %(form)s: %(which)s")
            % {"form": kind.label, "which": which},
        )
        lines = kind.written(table.columns, table.chunks(rows))
        response = StreamingHttpResponse(
            _asynchronously(lines) if isinstance(request, ASGIRequest) else lines,
            content_type=kind.content_type,
        )
        name = f"faceid-{self.opts.model_name}-{clock.now():%Y%m%dT%H%M%SZ}.{form}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Cache-Control"] = "private, no-store"
        return response


async def _asynchronously(lines: Iterator[str]) -> AsyncIterator[str]:
    """The same lines one by one; left to itself, Django would collect them all first."""
    following = sync_to_async(lambda: next(lines, ""))
    while line := await following():
        yield line


def _on_record(term: str) -> str:
    """What was searched for: an identifier, or a person as a pseudonym."""
    named = search.named(term)
    keys = named.people or [Subject.of(term[:255]).key]
    return " ".join(named.identifiers or map(people.pseudonym, keys))
