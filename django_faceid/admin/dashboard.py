"""How it goes: the dashboard at the app's own place in the admin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from .. import clock, conf
from ..models import ApiCall, VerificationSession
from ..services import status
from ..services.figures import FEWEST, RANGES, figures
from ..services.histograms import ERROR
from ..story import spans
from . import banner, panels

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

USUAL = "24h"
# How a range is called, and its steps.
NAMES: Mapping[str, tuple[StrOrPromise, StrOrPromise]] = {
    "1h": (_("1 hour"), _("per minute")),
    "6h": (_("6 hours"), _("per 5 minutes")),
    "24h": (_("24 hours"), _("per hour")),
    "7d": (_("7 days"), _("per 3 hours")),
    "30d": (_("30 days"), _("per day of UTC")),
    "90d": (_("90 days"), _("per day of UTC")),
}


def context(request: HttpRequest, app_list: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the dashboard's template shows; nothing without the permission to see sessions.

    ``app_list`` is that of the admin site in use, so that links lead only to pages that it has.
    """
    if not request.user.has_perm("faceid.view_verificationsession"):
        return {"may_see": False, "app_list": app_list, "request": request}
    given = request.GET.get("range", USUAL)
    name = given if given in RANGES else USUAL
    seen = figures(RANGES[name])
    urls = _urls(app_list)
    errors, more_errors = panels.errors(seen, urls.get(ApiCall.__name__, ""))
    phone, more_phone = panels.phone(seen, urls.get(VerificationSession.__name__, ""))
    return {
        "may_see": True,
        "links": [model for app in app_list for model in app["models"] if model["admin_url"]],
        "faceid_warnings": banner.warnings(),
        "ranges": [(each, label, each == name) for each, (label, _step) in NAMES.items()],
        "range_name": NAMES[name][0],
        "step_name": NAMES[name][1],
        "seen": seen,
        "fewest": FEWEST,
        "error_percent": round(ERROR * 100),
        "review_url": _review_url(request, urls),
        **_waiting(),
        **panels.sessions(seen),
        "funnel": list(panels.funnel(seen)),
        "endings": list(panels.endings(seen)),
        "errors": errors,
        "more_errors": more_errors,
        "phone": phone,
        "more_phone": more_phone,
        **panels.latencies(seen),
        "quotas": list(panels.quotas(seen)),
    }


def _urls(app_list: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    models = (model for app in app_list for model in app["models"])
    return {model["object_name"]: model["admin_url"] or "" for model in models}


def _review_url(request: HttpRequest, urls: Mapping[str, str]) -> str:
    """Where sessions wait for a decision: the queue for those who decide, else the list."""
    sessions = urls.get(VerificationSession.__name__, "")
    if not sessions or not request.user.has_perm("faceid.review_verificationsession"):
        return sessions and f"{sessions}?review=pending"
    site = getattr(request, "current_app", None)
    return reverse("admin:faceid_verificationsession_queue", current_app=site)


def _waiting() -> dict[str, Any]:
    """What waits now, whatever range is looked at."""
    try:
        backlog = status.backlog()
    except conf.SettingError:
        return {}  # the banner says so
    review, closes, now = status.in_review(), backlog.owed.first_closes_at, clock.now()
    return {
        "backlog": backlog,
        "problems": backlog.problems,
        "counted_at": backlog.last_runs["roll_up"],
        "review": review,
        "reversals": status.reversals(),
        "review_age": review.oldest and spans.words(now - review.oldest),
        "owed_left": closes and spans.words(max(closes, now) - now),
    }
