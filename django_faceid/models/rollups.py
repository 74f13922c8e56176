"""What happened in a minute, an hour, a day: numbers, so that nobody counts the tables."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _


class Resolution(models.TextChoices):
    """How long the time is that a row counts; hours and days are those of UTC."""

    MINUTE = "minute", _("minute")
    HOUR = "hour", _("hour")
    DAY = "day", _("day")


class Metric(models.TextChoices):
    """What is counted, and what ``action``, ``label`` and ``bucket`` say about it."""

    COUNTED = "counted", _("minutes counted")
    MOVED = "moved", _("sessions by the status they reached")
    DECIDED = "decided", _("sessions by the verdict they reached")
    REPORTED = "reported", _("sessions whose phone reported for the first time")
    PHONE = "phone", _("reports by SDK code")
    OUTCOME = "outcome", _("calls of an action by outcome")
    ERROR = "error", _("calls of an action by error code")
    LATENCY = "latency", _("calls of an action by bucket of milliseconds")
    CALLS = "calls", _("calls of an action that left, by account")
    PEAK = "peak", _("calls of an action that left in the busiest second, by quota")


class Key(NamedTuple):
    """What one number is about; rows hold one number for each key."""

    start: datetime
    metric: str
    action: str = ""
    label: str = ""
    bucket: int = 0


class Rollup(models.Model):
    """One number about one stretch of time; ``count`` is a sum, of ``PEAK`` the largest."""

    resolution = models.CharField(max_length=8, choices=Resolution.choices)
    start = models.DateTimeField()
    metric = models.CharField(max_length=16, choices=Metric.choices)
    action = models.CharField(max_length=64, blank=True, default="")
    label = models.CharField(max_length=128, blank=True, default="")
    bucket = models.SmallIntegerField(default=0)
    count = models.PositiveBigIntegerField()

    class Meta:
        verbose_name = _("rollup")
        verbose_name_plural = _("rollups")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=["resolution", "start", "metric", "action", "label", "bucket"],
                name="faceid_r_key",
            ),
        )

    def __str__(self) -> str:
        return f"{self.resolution} {self.start:%Y-%m-%d %H:%M} {self.metric} {self.label}".strip()
