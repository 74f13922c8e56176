"""Filters that need no look at the table to know their choices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from .. import conf
from ..models import ApiCall, Status
from ..tencent.types import GET_RESULT, GET_TOKEN

if TYPE_CHECKING:
    from ..models.querysets import SessionQuerySet

Choices = Sequence[tuple[str, Any]]
RECENT_CALLS = 5000


class EffectiveStatusFilter(SimpleListFilter):
    """By the status as time has it, whatever the label says yet."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return Status.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value not in Status.values:
            return queryset
        return cast("SessionQuerySet", queryset).with_status(value)


class _ColumnFilter(SimpleListFilter):
    """By a column that is called like the parameter."""

    parameter_name: str

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset if value is None else queryset.filter(**{self.parameter_name: value})


class FlowFilter(_ColumnFilter):
    """By the flows of the settings."""

    title = _("flow")
    parameter_name = "flow"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        try:
            return [(name, name) for name in conf.flow_names()]
        except conf.SettingError:
            return []


class SubjectFilter(_ColumnFilter):
    """One person's sessions, by the keyed digest that a session's page links with."""

    title = _("person")
    parameter_name = "subject_key"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return [(self.value() or "", _("this one person"))] if self.value() else []


class SessionFilter(_ColumnFilter):
    """One session's calls, by the primary key that a session's page links with."""

    title = _("session")
    parameter_name = "session"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return [(self.value() or "", _("this one session"))] if self.value() else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is not None and not value.isdecimal():
            return queryset.none()
        return super().queryset(request, queryset)


class ActionFilter(_ColumnFilter):
    """By what Tencent was asked."""

    title = _("action")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return [(action, action) for action in (GET_TOKEN, GET_RESULT)]


class ErrorCodeFilter(_ColumnFilter):
    """By the error codes of the newest calls."""

    title = _("error code")
    parameter_name = "error_code"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        newest = ApiCall.objects.order_by("-id").values_list("pk", flat=True).first() or 0
        recent = ApiCall.objects.filter(pk__gt=newest - RECENT_CALLS).exclude(error_code="")
        codes = set(recent.order_by().values_list("error_code", flat=True).distinct())
        return [(code, code) for code in sorted(codes | {self.value() or ""}) if code]
