"""One search box for whatever staff have in hand; a token never becomes an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _

from ..story import search

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class SearchingAdmin(ModelAdmin):
    """The box posts: access logs and histories keep addresses, and a token is a secret."""

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
        """Send whoever pasted a token to its session, and everything else to the list."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        term = request.POST.get("q", "").strip()
        pk = search.session_of_token(term) if term else None
        if pk is not None:
            return HttpResponseRedirect(self.session_url(request, pk))
        params = request.POST.copy()
        params.pop("csrfmiddlewaretoken", None)
        params["q"] = term
        if not term or self._may_be_a_lost_token(request, term):
            del params["q"]
        return HttpResponseRedirect(f"{self.list_url()}?{params.urlencode()}")

    def _may_be_a_lost_token(self, request: HttpRequest, term: str) -> bool:
        if not search.looks_like_token(term):
            return False
        if self.found(self.get_queryset(request), term).exists():
            return False
        text = _("Nothing is known by what you searched for. It may be a token: it is not shown.")
        self.message_user(request, text, messages.WARNING)
        return True

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # Somebody wrote a token into the address by hand: the page must not repeat it.
        if self.has_view_permission(request) and (term := request.GET.get("q", "")):
            pk = search.session_of_token(term)
            if pk is not None:
                return HttpResponseRedirect(self.session_url(request, pk))
        return super().changelist_view(request, extra_context)

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

    def list_url(self) -> str:
        """The address of the list."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
        return reverse(name, current_app=self.admin_site.name)
