"""Pages of a table that nobody can afford to count or to skip through."""

from __future__ import annotations

from functools import reduce
from itertools import product
from operator import and_, or_
from typing import Any, NamedTuple

from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.db import connections
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.safestring import SafeString

from . import columns

BEFORE, AFTER = "before", "after"
# Parameters that hold what was searched for; the others filter.
SEARCHED = (SEARCH_VAR, "subject_key")
MOST_COUNTED = 1_000
# Beyond it no database has a primary key.
_MOST_DIGITS = 18


class Page(NamedTuple):
    """Primary keys, newest first, and whether there are newer and older ones."""

    keys: list[int]
    newer: bool
    older: bool


class KeyedChangeList(ChangeList):
    """A list in the order of the primary key: its last page costs what its first does.

    ``?before=<id>`` shows the rows next older than one, ``?after=<id>`` the next newer ones and
    ``?after=0`` the oldest. Counts stop at ``MOST_COUNTED``; ``capped`` says when they did.
    """

    # Which links a template draws.
    pages_by_key = True

    @cached_property
    def drawn(self) -> list[SafeString] | None:
        return columns.drawn(self)

    def url_for_result(self, result: Any) -> str:
        # Django would look the same address up anew for each row.
        return f"{self._list_url}{result.pk}/change/"

    @cached_property
    def _list_url(self) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
        return reverse(name, current_app=self.model_admin.admin_site.name)

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str | None] | None = None
    ) -> QuerySet[Any]:
        # Where a page begins is no filter, and no link to another filter may keep it.
        for name in (BEFORE, AFTER):
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        rows = super().get_queryset(request, exclude_parameters)
        parted = (getattr(spec, "parts", []) for spec in self.filter_specs)
        self._parts = _together([parts for parts in parted if parts])
        self._unparted = rows
        return rows.filter(reduce(or_, self._parts)) if self._parts else rows

    def get_results(self, request: HttpRequest) -> None:
        before, after = key(request.GET.get(BEFORE)), key(request.GET.get(AFTER))
        page = self._page(before, after)
        # Keys first, from an index alone; then only this page's rows, which are wide and joined.
        rows = self._only_what_is_shown(self.root_queryset.filter(pk__in=page.keys))
        self.result_list = list(rows.order_by("-pk"))
        self.newer_url = page.newer and self._url(AFTER, page.keys[0])
        self.older_url = page.older and self._url(BEFORE, page.keys[-1])
        beyond_the_end = bool(self.result_count) and not page.keys
        self.first_url = (page.newer or beyond_the_end) and self.get_query_string()
        self.last_url = page.older and self._url(AFTER, 0)
        self._tell_django()

    def _only_what_is_shown(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        reads = columns.read_by(self)
        if reads is None:
            return self.apply_select_related(rows)
        rows = rows.select_related(None).only(*reads)
        joined = [
            name for name in {each.split("__")[0] for each in reads} if self._is_relation(name)
        ]
        return rows.select_related(*joined) if joined else rows

    def _is_relation(self, name: str) -> bool:
        """Whether a name stands for another row; a foreign key's own column does not."""
        field = self.lookup_opts.get_field(name)
        return field.is_relation and field.name == name

    def _page(self, before: int | None, after: int | None) -> Page:
        size = self.list_per_page
        if before is not None:
            keys = self._keys("-pk", size + 1, pk__lt=before)
            self._count()
            return Page(keys[:size], newer=bool(keys), older=len(keys) > size)
        if after is not None:
            keys = self._keys("pk", size + 1, pk__gt=after)
            if len(keys) > size:
                self._count()
                return Page(keys[:size][::-1], newer=True, older=after > 0)
        # Also where fewer are newer than fill a page: what comes last is the first page.
        keys = self._keys("-pk", max(MOST_COUNTED, size) + 1)
        self._counted(len(keys))
        return Page(keys[:size], newer=False, older=len(keys) > size)

    def _keys(self, order: str, most: int, **bound: int) -> list[int]:
        return list(self._some(order, most, **bound))

    def _count(self) -> None:
        self._counted(self._some("-pk", MOST_COUNTED + 1).count())

    def _some(self, order: str, most: int, **bound: int) -> QuerySet[Any, Any]:
        """The first keys of the list in this order."""
        rows = self._unparted.filter(**bound).order_by()
        first, *others = (
            rows.filter(part).values_list("pk", flat=True) for part in self._parts or [Q()]
        )
        if not others:
            return first.order_by(order)[:most]
        # No index has an OR in the order of the key; each part of it has one.
        if connections[rows.db].features.supports_slicing_ordering_in_compound:
            first, *others = (part.order_by(order)[:most] for part in (first, *others))
        return first.union(*others, all=True).order_by(order)[:most]

    def _counted(self, number: int) -> None:
        self.result_count = min(number, MOST_COUNTED)
        self.capped = number > MOST_COUNTED

    @property
    def is_search(self) -> bool:
        """Whether the list shows what somebody looked for, by an identifier or a person."""
        return any(self.params.get(name) for name in SEARCHED)

    @property
    def without_search(self) -> str:
        """The same list, every row of it that the filters leave."""
        return self.get_query_string(remove=list(SEARCHED))

    @property
    def without_filters(self) -> str:
        """What was searched for among all rows; empty where no filter stands in its way."""
        filters = [name for name in self.get_filters_params() if name not in SEARCHED]
        return self.get_query_string(remove=filters) if self.is_search and filters else ""

    def _url(self, name: str, key: int) -> str:
        return self.get_query_string({name: key})

    def _tell_django(self) -> None:
        """What the admin's views and templates ask a list about."""
        self.full_result_count = None
        self.show_full_result_count = False
        self.show_admin_actions = True
        # Links to numbered pages would count and skip rows.
        self.can_show_all = self.multi_page = False


def _together(filters: list[list[Q]]) -> list[Q]:
    """Parts of what all filters leave: each part of one within each part of the others."""
    return [reduce(and_, parts) for parts in product(*filters)] if filters else []


def key(given: str | None) -> int | None:
    """A key from an address; None for anything that is none."""
    if given is None or not given.isdecimal() or len(given) > _MOST_DIGITS:
        return None
    return int(given)
