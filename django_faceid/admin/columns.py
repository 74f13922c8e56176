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

    ``reads`` are the fields of a row that it looks at: a list of such columns asks for no others.
    """

    def declare(method: Method) -> Method:
        method.reads = reads  # type: ignore[attr-defined]
        return admin.display(description=description)(method)

    return declare


def read_by(listed: ChangeList) -> list[str] | None:
    """The fields that a list's columns look at; None where one of them is a host's own."""
    reads = [getattr(method, "reads", None) for method in _methods(listed)]
    return None if None in reads else [field for fields in reads for field in fields or ()]


def drawn(listed: ChangeList) -> SafeString | None:
    """The rows of a list; None where Django has to draw them: a host's own columns, a popup."""
    if listed.is_popup or read_by(listed) is None:
        return None
    methods = _methods(listed)
    empty = listed.model_admin.get_empty_value_display()
    back_to_list = add_preserved_filters(
        {"preserved_filters": listed.preserved_filters, "opts": listed.opts}, ""
    )

    def cells(row: Model) -> tuple[object, ...]:
        values = (method(row) for method in methods)
        return (
            listed.url_for_result(row) + back_to_list,
            *(empty if value in (None, "") else value for value in values),
        )

    return format_html_join("", _row(listed), map(cells, listed.result_list))


def _methods(listed: ChangeList) -> list[Any]:
    return [getattr(listed.model_admin, str(name), None) for name in listed.list_display]


def _row(listed: ChangeList) -> str:
    """The markup of every row: ``{0}`` is its address, the others are its cells in order."""
    links = listed.list_display_links or ()
    heads = [name for name in listed.list_display if name in links][:1]
    row = ""
    for number, name in enumerate(map(str, listed.list_display), start=1):
        cell = f'<a href="{{0}}">{{{number}}}</a>' if name in links else f"{{{number}}}"
        tag = "th" if name in heads else "td"
        row += f'<{tag} class="{_CLASSES.get(name, f"field-{name}")}">{cell}</{tag}>'
    return f"<tr>{row}</tr>"


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
