"""What every page of the audit desk shares."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.admin.options import ShowFacets
from django.contrib.admin.utils import quote, unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
)
from django.template.response import TemplateResponse
from django.urls import reverse

from ..story import signs
from . import banner
from .paging import KeyedChangeList, key
from .searching import SearchingAdmin


class AuditAdmin(SearchingAdmin):
    """Evidence: looked at, never added, changed or deleted here, by superusers neither.

    Lists answer at any size of table: they filter, order and search by index alone.
    """

    actions: Any = None
    ordering = ("-id",)
    sortable_by = ()
    list_per_page = 50
    show_full_result_count = False
    show_facets = ShowFacets.NEVER

    page_template: ClassVar[str]
    lookups: ClassVar[frozenset[str]]
    """What a list's address may filter by: any other column would be a scan, or a probe."""

    class Media:
        css = {"all": ("django_faceid/admin.css", "django_faceid/lists.css")}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in self.lookups

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, _with_warnings(extra_context))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return KeyedChangeList

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().history_view(request, object_id, _with_warnings(extra_context))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page of one row: a story, not a form."""
        row = self.require(request, object_id)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        context = {**self.page_context(request, row), **(extra_context or {})}
        return self.render(request, self.page_template, row, context)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the page of one row shows."""
        raise NotImplementedError

    def page_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Where the page of one row comes from."""
        return self.get_queryset(request)

    def require(self, request: HttpRequest, object_id: str) -> Any:
        """The row behind an address; raises ``PermissionDenied`` or ``Http404``."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        pk = key(unquote(object_id))
        row = None if pk is None else self.page_queryset(request).filter(pk=pk).first()
        if row is None:
            raise Http404
        return row

    def render(
        self, request: HttpRequest, template: str, row: Model | None, context: dict[str, Any]
    ) -> TemplateResponse:
        """A page about one row, or about many with None, within this admin site."""
        request.current_app = self.admin_site.name
        shared = {
            **self.admin_site.each_context(request),
            "title": str(self.opts.verbose_name).capitalize(),
            "subtitle": signs.plain(str(row or "")),
            "opts": self.opts,
            "media": self.media,
            "object": row,
        }
        return TemplateResponse(request, template, _with_warnings({**shared, **context}))

    def may_open(self, request: HttpRequest, model: type[Model]) -> bool:
        """Whether this admin site has pages of a model and the viewer may see them."""
        permission = f"{model._meta.app_label}.view_{model._meta.model_name}"
        return self.admin_site.is_registered(model) and request.user.has_perm(permission)

    def page_url(self, request: HttpRequest, model: type[Model], pk: Any) -> str:
        """The address of a row's page; empty where there is none for the viewer."""
        if pk is None or not self.may_open(request, model):
            return ""
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        return reverse(name, args=[quote(pk)], current_app=self.admin_site.name)


def _with_warnings(context: dict[str, Any] | None) -> dict[str, Any]:
    return {"faceid_warnings": banner.warnings(), **(context or {})}
