"""What a flow keeps of a process to look at: pictures and recordings, each a file of its own."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .. import clock
from .fields import EncryptedTextField


class MediaKind(models.TextChoices):
    """What Tencent sends with a final result."""

    BEST_FRAME = "best_frame", _("best frame")
    VIDEO = "video", _("video")
    ACTION_VIDEO = "action_video", _("video of the actions")


class KeptMedia(models.Model):
    """One encrypted file in the storage ``faceid``, and the only key that opens it.

    Without its row, or once ``key`` is empty, a file is noise, wherever copies of it may lie.
    """

    session = models.ForeignKey(
        "faceid.VerificationSession",
        verbose_name=_("session"),
        on_delete=models.CASCADE,
        related_name="media",
    )
    kind = models.CharField(_("kind"), max_length=16, choices=MediaKind.choices)
    name = models.CharField(max_length=255)
    key = EncryptedTextField(blank=True, default="")
    # Of the picture itself, in bytes; not of the encrypted file.
    size = models.PositiveIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(_("created at"), default=clock.now)
    erased_at = models.DateTimeField(_("erased at"), null=True)

    class Meta:
        verbose_name = _("kept picture")
        verbose_name_plural = _("kept pictures")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=["session", "kind"], name="faceid_m_once"),
            models.CheckConstraint(
                name="faceid_m_kind", condition=models.Q(kind__in=[k.value for k in MediaKind])
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} of {self.session_id}"


class StrayFile(models.Model):
    """A file in the storage ``faceid`` that is no session's: not yet, or not any more.

    The row is there before the file, and goes when a session takes the file or when the storage
    has deleted it. Until ``lease_until`` somebody is at it.
    """

    name = models.CharField(max_length=255, primary_key=True)
    # No foreign key: the row outlives the session that its file was for.
    lease_until = models.DateTimeField()

    class Meta:
        verbose_name = _("stray file")
        verbose_name_plural = _("stray files")
        default_permissions = ()
        indexes = (models.Index(fields=["lease_until"], name="faceid_f_lease"),)

    def __str__(self) -> str:
        return self.name
