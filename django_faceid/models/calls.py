"""Evidence of every attempt to reach Tencent."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .. import clock
from . import digests
from .indexes import PartialIndex


class Outcome(models.TextChoices):
    """How an attempt ended."""

    STARTED = "started", _("no answer recorded yet")
    OK = "ok", _("answered")
    REFUSED = "refused", _("refused by Tencent")
    UNREACHABLE = "unreachable", _("no answer")
    BROKEN = "broken", _("broken answer")
    INTERRUPTED = "interrupted", _("our process ended first")


class ApiCall(models.Model):
    """One attempt at one action; the row is committed before the request leaves."""

    session = models.ForeignKey(
        "faceid.VerificationSession",
        verbose_name=_("session"),
        null=True,
        on_delete=models.CASCADE,
        related_name="calls",
    )
    action = models.CharField(_("action"), max_length=64)
    account = models.CharField(_("account"), max_length=64)
    region = models.CharField(_("region"), max_length=32)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    started_at = models.DateTimeField(_("started at"), default=clock.now)
    milliseconds = models.PositiveIntegerField(_("milliseconds"), null=True)
    waited = models.PositiveIntegerField(_("waited, ms"), default=0)
    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True)
    request_id = models.CharField(_("RequestId"), max_length=64, blank=True, default="")
    error_code = models.CharField(_("error code"), max_length=128, blank=True, default="")
    message = models.CharField(_("message"), max_length=500, blank=True, default="")
    outcome = models.CharField(
        _("outcome"), max_length=16, choices=Outcome.choices, default=Outcome.STARTED
    )
    trace_id = models.CharField(_("trace id"), max_length=36, blank=True, default="")
    # Of the token that this attempt brought.
    sdk_token_digest = models.CharField(max_length=digests.LENGTH, blank=True, default="")

    class Meta:
        verbose_name = _("API call")
        verbose_name_plural = _("API calls")
        ordering = ("-id",)
        default_permissions = ("view",)
        indexes = (
            models.Index(fields=["request_id"], name="faceid_c_request_id"),
            models.Index(fields=["trace_id"], name="faceid_c_trace_id"),
            PartialIndex(
                fields=["sdk_token_digest"],
                name="faceid_c_token_digest",
                where=~Q(sdk_token_digest=""),
                otherwise=["sdk_token_digest"],
            ),
            models.Index(fields=["started_at"], name="faceid_c_started_at"),
            PartialIndex(
                fields=["error_code", "-id", "outcome", "action"],
                name="faceid_c_error_code",
                where=~Q(error_code=""),
                otherwise=["error_code", "-id", "outcome", "action"],
            ),
            PartialIndex(
                fields=["outcome", "-id", "action"],
                name="faceid_c_outcome_id",
                where=~Q(outcome="ok"),
                otherwise=["outcome", "-id", "action"],
            ),
            PartialIndex(
                fields=["started_at"],
                name="faceid_c_started",
                where=Q(outcome="started"),
                otherwise=["outcome", "started_at"],
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="faceid_c_outcome", condition=Q(outcome__in=[o.value for o in Outcome])
            ),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.request_id or self.outcome}"
