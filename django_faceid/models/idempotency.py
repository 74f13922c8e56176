"""Who asked for a token with which Idempotency-Key."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .. import clock
from . import digests


class IdempotencyClaim(models.Model):
    """A key, claimed by an insert before anything else happens, within one subject's scope."""

    subject_key = models.CharField(max_length=digests.LENGTH)
    key_hash = models.CharField(max_length=digests.LENGTH)
    fingerprint = models.CharField(max_length=64)
    session = models.ForeignKey(
        "faceid.VerificationSession", null=True, on_delete=models.CASCADE, related_name="+"
    )
    answered = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    lease_until = models.DateTimeField()

    class Meta:
        verbose_name = _("idempotency claim")
        verbose_name_plural = _("idempotency claims")
        default_permissions = ()
        indexes = (models.Index(fields=["created_at"], name="faceid_i_created"),)
        constraints = (
            models.UniqueConstraint(fields=["subject_key", "key_hash"], name="faceid_i_key"),
            models.CheckConstraint(
                name="faceid_i_answered",
                condition=Q(answered=False) | Q(session__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.key_hash[:8]
