"""What the contrary host puts in the place of DRF's parts."""

from __future__ import annotations

from typing import Any

from rest_framework.pagination import PageNumberPagination
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response
from rest_framework.versioning import QueryParameterVersioning


class Shouting(BaseRenderer):
    """Everything in one loud line of text."""

    media_type = "text/loud"
    format = "loud"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        return str(data).upper().encode()


class Versions(QueryParameterVersioning):
    allowed_versions = ("9",)
    default_version = "9"


class Pages(PageNumberPagination):
    page_size = 1


class Everything:
    """A filter that lets nothing through."""

    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
        return queryset.none()


class FirstParser:
    """A negotiation that takes whatever comes."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Any, renderers: Any, *args: Any) -> Any:
        return renderers[0], "text/loud"


def all_is_well(error: Exception, context: Any) -> Any:
    return Response("all is well")
