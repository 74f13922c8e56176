"""The dashboard as a tag, so that any admin site shows it at the app's place."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import RequestContext

register = template.Library()


@register.inclusion_tag("admin/faceid/dashboard/dashboard.html", takes_context=True)
def faceid_dashboard(context: RequestContext) -> dict[str, Any]:
    """How it goes; for a page of the admin that lists the models of one app."""
    # Django imports every tag library, also where the admin is not installed.
    from ..admin import dashboard

    return dashboard.context(context["request"], context["app_list"])
