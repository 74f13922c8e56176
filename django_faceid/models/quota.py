"""What the fleet shares: when calls may leave, and when tasks last ran."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class QuotaWindow(models.Model):
    """The last reserved moments of one action under one Tencent account.

    ``slots`` are microseconds of the database's clock since the epoch, oldest first;
    ``background`` those of them that background work took while the window was busy; ``version``
    grows with every change, so that whoever has looked can tell whether it still holds.
    """

    group = models.CharField(max_length=128)
    action = models.CharField(max_length=64)
    slots = models.JSONField(default=list)
    background = models.JSONField(default=list)
    version = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("quota window")
        verbose_name_plural = _("quota windows")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=["group", "action"], name="faceid_q_group_action"),
        )

    def __str__(self) -> str:
        return f"{self.group} {self.action}"


class Heartbeat(models.Model):
    """When a background task last ran to its end; None while it never has."""

    task = models.CharField(max_length=64, unique=True)
    last_run_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")
        default_permissions = ()

    def __str__(self) -> str:
        return self.task
