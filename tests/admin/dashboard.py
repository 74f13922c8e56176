"""Numbers for the dashboard to show, and what a reader sees of them."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

from django_faceid import clock
from django_faceid.models import Metric, Resolution, Rollup
from django_faceid.models.rollups import Key
from django_faceid.services.rollups import floor

DASHBOARD = "/admin/faceid/"


def put(
    metric: Metric, count: int, ago: timedelta = timedelta(0), *, action: str = "", label: str = ""
) -> None:
    """A number of the hour that was then, and that the hour was counted."""
    start = floor(clock.now() - ago, timedelta(hours=1))
    rows = ((Key(start, Metric.COUNTED), 60), (Key(start, metric, action, label), count))
    for key, number in rows:
        Rollup.objects.update_or_create(
            resolution=Resolution.HOUR, **key._asdict(), defaults={"count": number}
        )


def words(html: str) -> str:
    """What a reader sees, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())
