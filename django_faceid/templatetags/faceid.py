"""What templates of the admin ask for: the dashboard on any admin site, and a list's rows."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import RequestContext
from django.template.loader import render_to_string

register = template.Library()


@register.inclusion_tag("admin/faceid/dashboard/dashboard.html", takes_context=True)
def faceid_dashboard(context: RequestContext) -> dict[str, Any]:
    """How it goes; for a page of the admin that lists the models of one app."""
    # Django imports every tag library, also where the admin is not installed.
    from ..admin import dashboard

    return dashboard.context(context["request"], context["app_list"])


@register.simple_tag
def faceid_result_list(cl: Any) -> str:
    """A list in Django's template, or in a host's in its place, around rows drawn already."""
    from django.contrib.admin.templatetags.admin_list import result_headers

    name, app = "change_list_results.html", cl.opts.app_label
    places = [f"admin/{app}/{cl.opts.model_name}/{name}", f"admin/{app}/{name}", f"admin/{name}"]
    rows = [[cells] for cells in cl.drawn]
    shown = {"cl": cl, "result_headers": list(result_headers(cl)), "results": rows}
    return render_to_string(places, shown)
