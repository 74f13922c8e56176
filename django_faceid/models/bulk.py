"""The same act for many sessions, as work that survives whoever does it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .. import clock
from .indexes import PartialIndex


class BulkAct(models.TextChoices):
    """What is done to each session."""

    FETCH_RESULT = "fetch_result", _("fetch results")
    CANCEL = "cancel", _("cancel sessions")


class JobState(models.TextChoices):
    """Where a job stands."""

    RUNNING = "running", _("running")
    DONE = "done", _("done")
    STOPPED = "stopped", _("stopped")


class ItemState(models.TextChoices):
    """Where one session of a job stands."""

    WAITING = "waiting", _("waiting")
    STARTED = "started", _("being worked on")
    DONE = "done", _("done")
    SKIPPED = "skipped", _("skipped")
    FAILED = "failed", _("failed")


OPEN = (ItemState.WAITING, ItemState.STARTED)


class BulkJobQuerySet(models.QuerySet["BulkJob"]):
    """``BulkJob.objects``."""

    def due(self) -> BulkJobQuerySet:
        """Running jobs that nobody works on."""
        return self.filter(state=JobState.RUNNING, lease_until__lte=clock.now())


class BulkJob(models.Model):
    """One act of one member of staff on many sessions.

    Whoever moves ``lease_until`` from the value they saw works on the job until then.
    """

    act = models.CharField(_("act"), max_length=16, choices=BulkAct.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Survives the actor's deletion.
    actor_pk = models.CharField(max_length=64)
    state = models.CharField(
        _("state"), max_length=8, choices=JobState.choices, default=JobState.RUNNING
    )
    capped = models.BooleanField(default=False)
    created_at = models.DateTimeField(_("created at"), default=clock.now)
    finished_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(default=clock.now)
    last_error = models.CharField(max_length=128, blank=True, default="")

    objects: ClassVar[models.Manager[BulkJob]] = BulkJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("bulk job")
        verbose_name_plural = _("bulk jobs")
        ordering = ("-id",)
        default_permissions = ()
        indexes = (
            PartialIndex(
                fields=["lease_until"],
                name="faceid_b_due",
                where=Q(state="running"),
                otherwise=["state", "lease_until"],
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="faceid_b_state", condition=Q(state__in=[s.value for s in JobState])
            ),
        )

    def __str__(self) -> str:
        return f"{self.act} {self.pk}"

    def hold(self, until: datetime, last_error: str | None = None) -> bool:
        """Keep the job to oneself until then; False when it was stopped or is somebody else's."""
        changes = {} if last_error is None else {"last_error": last_error}
        mine = BulkJob.objects.filter(
            pk=self.pk, state=JobState.RUNNING, lease_until=self.lease_until
        )
        held = mine.update(lease_until=until, **changes) == 1
        if held:
            self.lease_until = until
        return held

    def end(self, state: JobState, last_error: str = "") -> bool:
        """Take a running job to its end; False when it has one."""
        running = BulkJob.objects.filter(pk=self.pk, state=JobState.RUNNING)
        changes = {"last_error": last_error} if last_error else {}
        return running.update(state=state, finished_at=clock.now(), **changes) == 1

    def counts(self) -> Counter[str]:
        """How many of its sessions stand where."""
        states = self.items.order_by().values_list("state").annotate(models.Count("id"))
        return Counter(dict(states))


class BulkItem(models.Model):
    """One session of a job; ``reason`` says in a code how it ended."""

    job = models.ForeignKey(BulkJob, on_delete=models.CASCADE, related_name="items")
    session = models.ForeignKey(
        "faceid.VerificationSession", on_delete=models.CASCADE, related_name="+"
    )
    state = models.CharField(max_length=8, choices=ItemState.choices, default=ItemState.WAITING)
    reason = models.CharField(max_length=128, blank=True, default="")
    tries = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("session of a bulk job")
        verbose_name_plural = _("sessions of bulk jobs")
        ordering = ("id",)
        default_permissions = ()
        indexes = (models.Index(fields=["job", "state", "id"], name="faceid_b_items"),)
        constraints = (
            models.UniqueConstraint(fields=["job", "session"], name="faceid_b_session"),
            models.CheckConstraint(
                name="faceid_b_item", condition=Q(state__in=[s.value for s in ItemState])
            ),
        )

    def __str__(self) -> str:
        return f"{self.job_id} {self.session_id} {self.state}"

    def move(self, to: ItemState, reason: str = "", **changes: object) -> bool:
        """Take the stored row on from what this one shows; False when somebody else has."""
        mine = BulkItem.objects.filter(pk=self.pk, state=self.state, started_at=self.started_at)
        return mine.update(state=to, reason=reason[:128], **changes) == 1
