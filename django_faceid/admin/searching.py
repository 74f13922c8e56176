"""One search box for whatever staff have in hand; an address holds what is harmless alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _

from ..story import pasted, search
from .filters import SubjectFilter

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class SearchingAdmin(ModelAdmin):
    """The box posts: access logs and histories keep addresses, and a token is a secret.

    An address repeats a RequestId, a session id or a trace id that is known, and nothing else.
    """

    # Shows the search box; get_search_results never reads it.
    search_fields = ("id__exact",)
    search_help_text = search.HELP

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.search_view)
        return [path("search/", view, name=self._search_name), *super().get_urls()]

    @property
    def _search_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_search"

    def search_view(self, request: HttpRequest) -> HttpResponse:
        """Lead to what was pasted: the one row's page, or the list of several."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        term = request.POST.get("q", "")
        filters = {name: request.POST[name] for name in sorted(request.POST)}
        filters = {k: v for k, v in filters.items() if k not in ("q", "csrfmiddlewaretoken")}
        where = self._where_it_leads(request, term, filters) if term.strip() else None
        return HttpResponseRedirect(where or self._list_url(filters))

    def _where_it_leads(
        self, request: HttpRequest, term: str, filters: dict[str, str]
    ) -> str | None:
        """None, having said so, where nothing is known by a term."""
        token_of = search.session_of_token(term)
        if token_of is not None:
            return self.session_url(request, token_of)
        found = self.found(self.get_queryset(request), term).order_by()
        pks = list(found.values_list("pk", flat=True)[:2])
        if len(pks) == 1:
            return self.page_url(request, self.model, pks[0])
        named = search.named(term) if pks else search.NOTHING
        if named.identifiers:  # whatever was filtered for, somebody wants to see these
            return self._list_url({"q": " ".join(named.identifiers)})
        if named.people:
            person = {SubjectFilter.parameter_name: SubjectFilter.of(named.people)}
            return self._list_url({**filters, **person})
        self._say_unknown(request)
        return None

    def _say_unknown(self, request: HttpRequest) -> None:
        text = _(
            "Nothing is known by what you searched for. It is not shown again: it may be a token "
            "or a name."
        )
        self.message_user(request, text, messages.WARNING)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        term = _searched(request)
        if not (term and self.has_view_permission(request)):
            return super().changelist_view(request, extra_context)
        pk = search.session_of_token(term)
        if pk is not None:
            return HttpResponseRedirect(self.session_url(request, pk))
        response = super().changelist_view(request, extra_context)
        listed = (getattr(response, "context_data", None) or {}).get("cl")
        return self._without_search(request) if self._is_lost(request, listed) else response

    def instead_of_a_token(self, request: HttpRequest) -> HttpResponse | None:
        """Where an address with a token in it leads: no page or file may repeat what it says."""
        term = _searched(request)
        pk = search.session_of_token(term) if term else None
        if pk is not None:
            return HttpResponseRedirect(self.session_url(request, pk))
        return self._without_search(request) if self._is_lost(request) else None

    def _is_lost(self, request: HttpRequest, listed: Any = None) -> bool:
        """Whether an address has what may be a token in it, since nothing is known by that."""
        term = _searched(request)
        shapes = pasted.token_shapes(term)
        if listed and shapes == [term.strip()] and not listed.without_filters:
            return not listed.result_count  # the list has looked for it already
        rows = self.get_queryset(request)
        return not all(self.found(rows, shape).exists() for shape in shapes)

    def _without_search(self, request: HttpRequest) -> HttpResponse:
        self._say_unknown(request)
        filters = {name: request.GET[name] for name in sorted(request.GET) if name != "q"}
        return HttpResponseRedirect(self._list_url(filters))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (self.found(queryset, search_term) if search_term else queryset), False

    def found(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """The rows that a search term names, exactly and by index."""
        raise NotImplementedError

    def session_url(self, request: HttpRequest, pk: int) -> str:
        """Where a token that was searched for leads."""
        raise NotImplementedError

    def page_url(self, request: HttpRequest, model: Any, pk: Any) -> str:
        """The address of a row's page."""
        raise NotImplementedError

    def list_url(self) -> str:
        """The address of the list."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
        return reverse(name, current_app=self.admin_site.name)

    def _list_url(self, params: dict[str, str]) -> str:
        return f"{self.list_url()}?{urlencode(params)}" if params else self.list_url()


def _searched(request: HttpRequest) -> str:
    """What an address searches for; links repeat a parameter as often as it is given."""
    return " ".join(request.GET.getlist("q"))
