"""A list's span of time: the last hour to the last month, or from one moment to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta
from datetime import timezone as zones
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.admin import ListFilter, ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from .. import clock
from ..models import chronology

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LAST, SINCE, UNTIL = NAMES = ("last", "from", "to")
SPANS: Mapping[str, tuple[timedelta, StrOrPromise]] = {
    "1h": (timedelta(hours=1), _("Last hour")),
    "24h": (timedelta(hours=24), _("Last 24 hours")),
    "7d": (timedelta(days=7), _("Last 7 days")),
    "30d": (timedelta(days=30), _("Last 30 days")),
}


class TimeFilter(ListFilter):
    """``?last=24h``, or ``?from=…&to=…``: days, or moments, in the site's time zone or their own.

    A day given as ``to`` is included. What is neither finds nothing.
    """

    title = _("time")
    template = "admin/faceid/time_filter.html"
    column: ClassVar[str]

    def __init__(
        self,
        request: HttpRequest,
        params: dict[str, list[str]],
        model: type[Model],
        model_admin: ModelAdmin[Any],
    ) -> None:
        super().__init__(request, params, model, model_admin)
        given = {name: params.pop(name)[-1] for name in NAMES if name in params}
        self.given = {name: value for name, value in given.items() if value}
        self.used_parameters = {**self.given}
        self.others: list[tuple[str, Any]] = []

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return list(NAMES)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        try:
            since, until = self._since(), self._until()
            return chronology.within(queryset, self.column, since, until)
        except (ValueError, OverflowError, KeyError):
            return queryset.none()

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        used = self.given
        # The fields form a form of their own, which must not lose the other filters.
        self.others = [(k, v) for k, v in changelist.params.items() if k not in NAMES]
        yield {
            "selected": not used,
            "query_string": changelist.get_query_string(remove=list(NAMES)),
            "display": _("Any time"),
        }
        for name, (_span, label) in SPANS.items():
            yield {
                "selected": used.get(LAST) == name,
                "query_string": changelist.get_query_string({LAST: name}, [SINCE, UNTIL]),
                "display": label,
            }

    @property
    def fields(self) -> list[tuple[str, StrOrPromise, str]]:
        """Name, label and value of each field of the form."""
        return [
            (SINCE, _("From"), self._as_typed(SINCE)),
            (UNTIL, _("To"), self._as_typed(UNTIL)),
        ]

    def _as_typed(self, name: str) -> str:
        """What a field of this form would have sent; empty for what none could."""
        try:
            when = _moment(self.given.get(name, ""), end_of_day=name == UNTIL)
            return timezone.localtime(when).strftime("%Y-%m-%dT%H:%M")
        except (ValueError, OverflowError):
            return ""

    def _since(self) -> datetime | None:
        if given := self.given.get(SINCE):
            return _moment(given)
        if last := self.given.get(LAST):
            return clock.now() - SPANS[last][0]
        return None

    def _until(self) -> datetime | None:
        given = self.given.get(UNTIL)
        return _moment(given, end_of_day=True) if given else None


class CreatedFilter(TimeFilter):
    """By when a session was opened."""

    column = "created_at"


class StartedFilter(TimeFilter):
    """By when an attempt began."""

    column = "started_at"


def _moment(given: str, end_of_day: bool = False) -> datetime:
    """A moment as it was typed; raises ``ValueError`` or ``OverflowError`` for what is none."""
    if day := parse_date(given):
        midnight = datetime.combine(day, time())
        return timezone.make_aware(midnight + timedelta(days=1) if end_of_day else midnight)
    when = parse_datetime(given)
    if when is None:
        raise ValueError(given)
    aware = timezone.make_aware(when) if timezone.is_naive(when) else when
    # PostgreSQL takes no time zone more than 16 hours away.
    return aware.astimezone(zones.utc)
