"""Filters by one column that need no look at the whole table to know their choices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeGuard

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from .. import conf
from ..models import Outcome, Review, Status, Verdict, VerificationSession
from ..models.querysets import effectively
from ..story import signs, words
from ..story.search import MOST_PEOPLE, MOST_SESSIONS
from ..tencent.codes import RESULT_CODES, Category
from ..tencent.types import GET_RESULT, GET_TOKEN
from .columns import wrapping

Choices = Sequence[tuple[str, Any]]
RECENT_ROWS = 2000
CODES = ("error_code", "result_code", "sdk_code")
# No column that is filtered by holds a longer text.
_LONGEST = 128
_NUMBER = re.compile(r"-?[0-9]{1,10}")
_KEYS = re.compile(r"[0-9a-f]{1,64}" + rf"(?:,[0-9a-f]{{1,64}}){{0,{MOST_PEOPLE - 1}}}")


class ColumnFilter(SimpleListFilter):
    """By a column that is called like the parameter; what no row can hold finds nothing."""

    parameter_name: str

    def has_output(self) -> bool:
        # A filter that an address names counts, choices or not.
        return super().has_output() or self.value() is not None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None:
            return queryset
        return self.narrowed(queryset, value) if self.makes_sense(value) else queryset.none()

    def makes_sense(self, value: str) -> bool:
        """Whether a row could hold this."""
        return len(value) <= _LONGEST and "\0" not in value

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        """The rows that hold it."""
        return rows.filter(**{self.parameter_name: value})


class _ClosedFilter(ColumnFilter):
    """By a column whose values are all known."""

    known: Choices

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return self.known

    def makes_sense(self, value: str) -> bool:
        return value in dict(self.known)


class EffectiveStatusFilter(_ClosedFilter):
    """By the status as time has it, whatever the label says yet."""

    title = _("status")
    parameter_name = "status"
    known = Status.choices

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows  # KeyedChangeList does, part by part

    @property
    def parts(self) -> list[Q]:
        """What the rows are made up of; all of them when empty."""
        value = self.value()
        return effectively(value) if value and self.makes_sense(value) else []


class VerdictFilter(_ClosedFilter):
    """By what sessions prove."""

    title = _("verdict")
    parameter_name = "verdict"
    known = Verdict.choices


class ReviewFilter(_ClosedFilter):
    """By what staff have said."""

    title = _("review")
    parameter_name = "review"
    known = Review.choices


class ModeFilter(_ClosedFilter):
    """By whether Tencent itself was asked."""

    title = _("mode")
    parameter_name = "livemode"
    known = (("1", _("live")), ("0", _("test")))

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(livemode=value == "1")


class OutcomeFilter(_ClosedFilter):
    """By how attempts ended."""

    title = _("outcome")
    parameter_name = "outcome"
    known = Outcome.choices


class ActionFilter(_ClosedFilter):
    """By what Tencent was asked."""

    title = _("action")
    parameter_name = "action"
    known = tuple((action, action) for action in (GET_TOKEN, GET_RESULT))


class FlowFilter(ColumnFilter):
    """By the flows of the settings; an address may name one that has left them."""

    title = _("flow")
    parameter_name = "flow"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        try:
            return [(name, name) for name in conf.flow_names()]
        except conf.SettingError:
            return []


class _CodeFilter(ColumnFilter):
    """By a code; offered are those of the newest rows, an address may name any other."""

    columns: tuple[str, ...]

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        newest = _newest(request, model_admin)
        codes = set().union(*(newest.get(column, ()) for column in self.columns)) - {None, "", 0}
        asked = {self.value()} - {None, ""}
        offered = {str(code): self.words(str(code)) for code in (*codes, *asked)}
        return sorted(offered.items())

    def words(self, code: str) -> str:
        """How a code is offered."""
        return wrapping(code)


class ErrorCodeFilter(_CodeFilter):
    """By why an attempt failed."""

    title = _("error code")
    parameter_name = "error_code"
    columns: tuple[str, ...] = ("error_code",)


class TroubleFilter(ErrorCodeFilter):
    """By why no token came, or no result."""

    columns = ("error_code", "result_error")

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows  # KeyedChangeList does, part by part

    @property
    def parts(self) -> list[Q]:
        """What the rows are made up of; all of them when empty."""
        value = self.value()
        if value is None or not self.makes_sense(value):
            return []
        if value == "":
            return [Q(error_code="", result_error="")]
        return [Q(error_code=value), Q(result_error=value) & ~Q(error_code=value)]


class ResultCodeFilter(_CodeFilter):
    """By Tencent's result."""

    title = _("result")
    parameter_name = "result_code"
    columns = ("result_code",)

    def words(self, code: str) -> str:
        told = words.explain_result(code)
        return f"{signs.plain(code)} {told.meaning if told else ''}"

    def makes_sense(self, value: str) -> bool:
        return value != "" and super().makes_sense(value)

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows  # KeyedChangeList does, part by part

    @property
    def parts(self) -> list[Q]:
        """What the rows are made up of; all of them when empty."""
        value = self.value()
        if value is None or not self.makes_sense(value):
            return []
        # A succeeded session has passed: the indexes by status have it, and none by code.
        others = Q(result_code=value) & ~Q(status=Status.SUCCEEDED)
        return [Q(status=Status.SUCCEEDED), others] if _is_pass(value) else [others]


class SdkCodeFilter(_CodeFilter):
    """By what the phone's SDK said; that it is done, as most do, is not offered."""

    title = _("phone's code")
    parameter_name = "sdk_code"
    columns = ("sdk_code",)

    def words(self, code: str) -> str:
        told = words.explain_sdk(int(code)) if self.makes_sense(code) else None
        return f"{code} {told.meaning}" if told else signs.plain(code)

    def makes_sense(self, value: str) -> bool:
        # What the column can hold on every database.
        return _NUMBER.fullmatch(value) is not None and -(2**31) <= int(value) < 2**31

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(sdk_code=int(value))


class SubjectFilter(ColumnFilter):
    """One person's sessions, by the keyed digest that a session's page links with.

    Several digests where a search found several: a user and a reference of the same name.
    """

    title = _("person")
    parameter_name = "subject_key"

    @staticmethod
    def of(keys: Sequence[str]) -> str:
        """The value for the people behind these keys."""
        return ",".join(keys)

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return [(self.value() or "", _("this one person"))] if self.value() else []

    def makes_sense(self, value: str) -> bool:
        return _KEYS.fullmatch(value) is not None

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(subject_key__in=value.split(","))


class CallerFilter(SubjectFilter):
    """The calls of one person's newest sessions."""

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        theirs = VerificationSession.objects.filter(subject_key__in=value.split(","))
        # Keys, not a subquery: the database would rather join two tables of millions.
        newest = theirs.order_by("-pk").values_list("pk", flat=True)[:MOST_SESSIONS]
        return rows.filter(session__in=list(newest))


class SessionFilter(ColumnFilter):
    """One session's calls, by the primary key that a session's page links with."""

    title = _("session")
    parameter_name = "session"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return [(self.value() or "", _("this one session"))] if self.value() else []

    def makes_sense(self, value: str) -> bool:
        return value.isdecimal() and len(value) <= 18


def _is_pass(code: str) -> bool:
    known = RESULT_CODES.get(code)
    return known is not None and known.category == Category.PASSED


def _newest(request: HttpRequest, model_admin: ModelAdmin[Any]) -> dict[str, set[Any]]:
    """The codes of the newest rows by column, read once for all filters of a page."""
    kept: dict[type[Any], dict[str, set[Any]]] = request.__dict__.setdefault("_faceid_newest", {})
    model = model_admin.model
    if model not in kept:
        wanted = [spec for spec in model_admin.list_filter if _is_by_code(spec)]
        columns = sorted({column for spec in wanted for column in spec.columns})
        # Not told apart by the database: it would rather read every code there is.
        newest = model._default_manager.order_by("-pk").values_list(*columns)[:RECENT_ROWS]
        kept[model] = {column: {row[at] for row in newest} for at, column in enumerate(columns)}
    return kept[model]


def _is_by_code(spec: Any) -> TypeGuard[type[_CodeFilter]]:
    return isinstance(spec, type) and issubclass(spec, _CodeFilter)
