"""Columns of the desk's lists, and the rows that they make.

Django's own tag takes half of a page's time for fifty rows: it looks every cell up anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.contrib import admin
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.views.main import ChangeList
from django.db.models import Field, Model
from django.utils import timezone
from django.utils.html import conditional_escape, escape, format_html, format_html_join
from django.utils.safestring import SafeString

from ..story import signs

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Method = TypeVar("Method", bound=Callable[..., object])

_CLASSES = {"action_checkbox": "action-checkbox"}
_WORDS = re.compile(r"[^._@]*[._@]+|[^._@]+$")


def column(description: StrOrPromise, read: str, *reads: str) -> Callable[[Method], Method]:
    """A method that gives a cell as markup, as text to be escaped, or None where it is empty.

    ``reads`` are the fields of a row that it looks at, a relation's own by ``__``, all of them by
    its name alone: a list of such columns asks for no others, and draws what reads the same once.
    """

    def declare(method: Method) -> Method:
        method.reads = (read, *reads)  # type: ignore[attr-defined]
        return admin.display(description=description)(method)

    return declare


def read_by(listed: ChangeList) -> list[str] | None:
    """The fields that a list's columns look at; None where one of them is a host's own."""
    reads = [getattr(method, "reads", None) for method in _methods(listed)]
    return None if None in reads else [field for fields in reads for field in fields or ()]


def drawn(listed: ChangeList) -> list[SafeString] | None:
    """Each row's cells; None where Django has to draw them: a host's own columns, a popup."""
    if listed.is_popup or read_by(listed) is None:
        return None
    cells = [_Cells(listed, method) for method in _methods(listed)]
    row_markup = _row(listed)
    back_to_list = add_preserved_filters(
        {"preserved_filters": listed.preserved_filters, "opts": listed.opts}, ""
    )

    def markup(row: Model) -> SafeString:
        address = escape(listed.url_for_result(row) + back_to_list)
        return SafeString(row_markup.format(address, *(cell(row) for cell in cells)))

    return [markup(row) for row in listed.result_list]


class _Cells:
    """A column of one list: rows in which it reads the same have the same cell."""

    def __init__(self, listed: ChangeList, method: Any) -> None:
        self._method = method
        self._empty = listed.model_admin.get_empty_value_display()
        fields = (listed.lookup_opts.get_field(name.partition("__")[0]) for name in method.reads)
        self._read = attrgetter(*(cast("Field[Any, Any]", field).attname for field in fields))
        self._drawn: dict[Any, str] = {}

    def __call__(self, row: Model) -> str:
        read = self._read(row)
        if read not in self._drawn:
            value = self._method(row)
            self._drawn[read] = conditional_escape(self._empty if _is_empty(value) else value)
        return self._drawn[read]


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _methods(listed: ChangeList) -> list[Any]:
    return [getattr(listed.model_admin, str(name), None) for name in listed.list_display]


def _row(listed: ChangeList) -> str:
    """The markup of a row's cells: ``{0}`` is its address, the others are they in order."""
    names = [str(name) for name in listed.list_display]
    links = listed.list_display_links
    linked = [] if links is None else list(links) or names[:1]
    row, tag = "", "th"
    for number, name in enumerate(names, start=1):
        css = _CLASSES.get(name, f"field-{name}")
        if name in linked:
            row += f'<{tag} class="{css}"><a href="{{0}}">{{{number}}}</a></{tag}>'
            tag = "td"
        else:
            row += f'<td class="{css}">{{{number}}}</td>'
    return row


# A list shows the same few codes on every row; markup and text of the same letters differ.
@lru_cache(maxsize=512, typed=True)
def over(first: object, second: str) -> SafeString:
    """What a cell says, above what it says more quietly."""
    more = format_html(' <span class="faceid-more">{}</span>', wrapping(second)) if second else ""
    return format_html('<span class="faceid-short">{}</span>{}', wrapping(str(first)), more)


def wrapping(text: str) -> str:
    """A code or a name that a narrow column breaks where its words end; markup as it is."""
    words = _WORDS.findall(signs.plain(text))
    if isinstance(text, SafeString) or len(words) < 2:
        return signs.plain(text)
    return format_html_join(SafeString("<wbr>"), "{}", ((word,) for word in words))


def moment(when: datetime) -> SafeString:
    """A moment to the second, for people and for machines."""
    text = timezone.localtime(when).isoformat()
    markup = '<time datetime="{}"><span>{}</span> <span>{}</span></time>'
    return format_html(markup, text, text[:10], text[11:19])
