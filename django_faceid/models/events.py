"""The story of a session, and the outbox its signals are sent from."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .. import clock
from .indexes import PartialIndex


class EventKind(models.TextChoices):
    """What happened."""

    TRANSITION = "transition", _("status changed")
    REPORTED = "reported", _("phone reported")
    RESULT_ERROR = "result_error", _("result cannot be fetched")
    LATE_RESULT = "late_result", _("result of a canceled session")
    LATE_TOKEN = "late_token", _("token came too late")
    REVIEW = "review", _("reviewed")
    REVIEW_PROPOSED = "review_proposed", _("first of two decisions")
    STAFF_PULL = "staff_pull", _("staff asked for the result")
    REVEALED = "revealed", _("reference revealed")
    EXPORTED = "exported", _("handed out for support")
    MEDIA_KEPT = "media_kept", _("pictures kept")
    MEDIA_LOST = "media_lost", _("pictures not kept")
    MEDIA_VIEWED = "media_viewed", _("picture looked at")
    MEDIA_ERASED = "media_erased", _("pictures erased")


class Source(models.TextChoices):
    """Who caused it."""

    API = "api", _("client")
    HOST = "host", _("host project")
    STAFF = "staff", _("staff")
    TASK = "task", _("background task")


# A signal follows from these; everything else is born delivered.
ANNOUNCED = frozenset({EventKind.TRANSITION, EventKind.REVIEW})


class SessionEvent(models.Model):
    """One transition, phone report or staff act."""

    session = models.ForeignKey(
        "faceid.VerificationSession",
        verbose_name=_("session"),
        on_delete=models.CASCADE,
        related_name="events",
    )
    kind = models.CharField(_("kind"), max_length=24, choices=EventKind.choices)
    from_status = models.CharField(max_length=16, blank=True, default="")
    to_status = models.CharField(max_length=16, blank=True, default="")
    from_verdict = models.CharField(max_length=16, blank=True, default="")
    to_verdict = models.CharField(max_length=16, blank=True, default="")
    source = models.CharField(_("source"), max_length=8, choices=Source.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("actor"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    # Survives the actor's deletion.
    actor_pk = models.CharField(max_length=64, blank=True, default="")
    reason = models.CharField(_("reason"), max_length=128, blank=True, default="")
    note = models.TextField(_("note"), blank=True, default="")
    public_comment = models.CharField(
        _("comment for the user"), max_length=500, blank=True, default=""
    )
    # Not a foreign key: nothing points at calls, so that they can be partitioned.
    call_pk = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(_("created at"), default=clock.now)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("session event")
        verbose_name_plural = _("session events")
        ordering = ("id",)
        default_permissions = ("view",)
        indexes = (
            PartialIndex(
                fields=["id"],
                name="faceid_e_undelivered",
                where=Q(delivered_at__isnull=True),
                otherwise=["delivered_at", "id"],
            ),
            PartialIndex(
                fields=["actor"],
                name="faceid_e_actor",
                where=Q(actor__isnull=False),
                otherwise=["actor"],
            ),
            models.Index(fields=["created_at"], name="faceid_e_created"),
        )
        constraints = (
            models.CheckConstraint(
                name="faceid_e_kind", condition=Q(kind__in=[k.value for k in EventKind])
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.to_status or self.reason}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding and self.kind not in ANNOUNCED:
            self.delivered_at = self.created_at
        super().save(*args, **kwargs)
