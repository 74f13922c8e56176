"""Columns of the desk's lists, and the rows that they make.

Django's own tag takes half of a page's time for fifty rows: it looks every cell up anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import admin
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ..story import signs

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Method = TypeVar("Method", bound=Callable[..., object])

_CLASSES = {"action_checkbox": "action-checkbox"}
_WORDS = re.compile(r"[^._]*[._]+|[^._]+$")


def column(description: StrOrPromise, *reads: str) -> Callable[[Method], Method]:
    """A method that gives a cell as markup, as text to be escaped, or None where it is empty.

    ``reads`` are the fields of a row that it looks at, a relation's own by ``__``, all of them by
    its name alone: a list of such columns asks for no others.
    """

    def declare(method: Method) -> Method:
        method.reads = reads  # type: ignore[attr-defined]
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
    methods = _methods(listed)
    empty = listed.model_admin.get_empty_value_display()
    row_markup = _row(listed)
    back_to_list = add_preserved_filters(
        {"preserved_filters": listed.preserved_filters, "opts": listed.opts}, ""
    )

    def cells(row: Model) -> SafeString:
        values = (method(row) for method in methods)
        shown = (empty if _is_empty(value) else value for value in values)
        return format_html(row_markup, listed.url_for_result(row) + back_to_list, *shown)

    return [cells(row) for row in listed.result_list]


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
    more = format_html(' <span class="faceid-more">{}</span>', _wrapping(second)) if second else ""
    return format_html('<span class="faceid-short">{}</span>{}', _wrapping(str(first)), more)


def _wrapping(text: str) -> str:
    """A code or a name that a narrow column breaks where its words end; markup as it is."""
    words = _WORDS.findall(signs.plain(text))
    if isinstance(text, SafeString) or len(words) < 2:
        return signs.plain(text)
    return format_html_join("", "{}<wbr>", ((word,) for word in words))


def moment(when: datetime) -> SafeString:
    """A moment to the second, for people and for machines."""
    local = timezone.localtime(when)
    return format_html(
        '<time datetime="{}"><span>{}</span> <span>{}</span></time>',
        local.isoformat(),
        local.strftime("%Y-%m-%d"),
        local.strftime("%H:%M:%S"),
    )
