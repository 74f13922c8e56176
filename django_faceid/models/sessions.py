"""One SdkToken, one eKYC process, one row."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from .. import clock
from . import digests, public_ids, review_rules, verdicts
from .database import write_alias
from .events import EventKind, SessionEvent, Source
from .fields import EncryptedTextField
from .querysets import SessionQuerySet
from .review_rules import Rule
from .session_schema import CONSTRAINTS, INDEXES
from .transitions import DECIDED, LIVE, ClosedReason, Status, effective_status, is_legal
from .verdicts import NextAction, Review, Verdict

if TYPE_CHECKING:
    from .calls import ApiCall


# A process that began in time has ended by then; looks for its result go on behind the scenes.
PATIENCE = timedelta(minutes=15)


class VerificationSession(models.Model):
    """A subject's way through one flow, from asking for a token to the result."""

    public_id = models.UUIDField(_("id"), default=public_ids.new, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        db_index=False,
        related_name="faceid_sessions",
    )
    reference = models.CharField(_("reference"), max_length=255, blank=True, default="")
    subject_key = models.CharField(max_length=digests.LENGTH)
    live_key = models.CharField(max_length=digests.LENGTH, null=True)  # noqa: DJ001 (unique)
    flow = models.CharField(_("flow"), max_length=64)
    flow_snapshot = models.JSONField(default=dict)
    account = models.CharField(_("account"), max_length=64)
    livemode = models.BooleanField(_("live mode"))
    assurance = models.CharField(_("assurance"), max_length=16)

    check_mode = models.CharField(max_length=16, blank=True, default="")
    secure_level = models.CharField(max_length=1, blank=True, default="")
    action_list = models.CharField(max_length=32, blank=True, default="")
    sdk_version = models.CharField(max_length=16, blank=True, default="")
    retry_limit = models.PositiveSmallIntegerField(null=True)
    enable_bot_bg_detection = models.BooleanField(null=True)
    extra = models.CharField(max_length=1000, blank=True, default="")
    image_sha256 = models.CharField(max_length=64, blank=True, default="")
    meta_data_sha256 = models.CharField(max_length=64, blank=True, default="")

    sdk_token = EncryptedTextField(blank=True, default="")
    server_param_info = EncryptedTextField(blank=True, default="")
    request_id = models.CharField(_("RequestId"), max_length=64, blank=True, default="")
    trace_id = models.CharField(max_length=36, blank=True, default="")

    status = models.CharField(
        _("status"), max_length=16, choices=Status.choices, default=Status.PENDING
    )
    version = models.PositiveIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    lease_until = models.DateTimeField(null=True)
    closed_reason = models.CharField(
        _("closed by"), max_length=16, blank=True, default="", choices=ClosedReason.choices
    )
    error_code = models.CharField(_("error code"), max_length=128, blank=True, default="")
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)
    issued_at = models.DateTimeField(_("issued at"), null=True)
    token_expires_at = models.DateTimeField(_("token expires at"), null=True)
    result_expires_at = models.DateTimeField(_("result expires at"), null=True)
    reported_at = models.DateTimeField(_("phone reported at"), null=True)
    sdk_code = models.IntegerField(_("SDK code"), null=True)
    next_pull_at = models.DateTimeField(_("next pull at"), null=True)
    last_pull_at = models.DateTimeField(_("last pull at"), null=True)
    pulls = models.PositiveIntegerField(_("pulls"), default=0)

    result_code = models.CharField(_("result code"), max_length=16, blank=True, default="")
    category = models.CharField(_("category"), max_length=16, blank=True, default="")
    result_at = models.DateTimeField(_("result at"), null=True)
    result_error = models.CharField(_("result error"), max_length=128, blank=True, default="")
    similarity = models.FloatField(_("similarity"), null=True)
    device_info_level = models.CharField(max_length=8, blank=True, default="")
    liveness_info_tag = models.JSONField(default=list, blank=True)

    verdict = models.CharField(
        _("verdict"), max_length=16, choices=Verdict.choices, default=Verdict.UNDECIDED
    )
    verified_at = models.DateTimeField(_("verified at"), null=True)
    verified_until = models.DateTimeField(_("verified until"), null=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True)
    review = models.CharField(
        _("review"), max_length=16, choices=Review.choices, default=Review.NONE
    )
    review_held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    review_held_since = models.DateTimeField(null=True)
    # The first of two decisions, where the flow wants a second pair of eyes.
    review_proposed = models.CharField(
        max_length=16, blank=True, default="", choices=Review.choices
    )
    review_proposed_by = models.CharField(max_length=64, blank=True, default="")
    public_comment = models.CharField(
        _("comment for the user"), max_length=500, blank=True, default=""
    )
    erased_at = models.DateTimeField(_("erased at"), null=True)
    legal_hold = models.BooleanField(_("legal hold"), default=False)
    consent_version = models.CharField(max_length=64, blank=True, default="")
    consent_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[VerificationSession]] = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("verification session")
        verbose_name_plural = _("verification sessions")
        ordering = ("-id",)
        default_permissions = ("view",)
        permissions = (
            ("view_personal_data", "Can see who a session is about, and kept pictures"),
            ("operate_verificationsession", "Can fetch results and cancel sessions"),
            ("review_verificationsession", "Can approve and reject sessions"),
            ("export_verificationsession", "Can export sessions and API calls"),
            ("erase_verificationsession", "Can erase kept pictures"),
        )
        indexes = INDEXES
        constraints = CONSTRAINTS

    def __str__(self) -> str:
        return str(self.public_id)

    @property
    def effective_status(self) -> Status:
        """The status as time has it, whether or not a sweep has moved the label yet."""
        return effective_status(self.status, self.token_expires_at, self.lease_until, clock.now())

    @property
    def may_start(self) -> bool:
        """Whether the token may still be handed out: one token serves one process."""
        return (
            self.effective_status == Status.ISSUED
            and self.reported_at is None
            and bool(self.sdk_token)
        )

    @property
    def seconds_left(self) -> float:
        """Seconds until the token's ten minutes are over; 0 without a live token."""
        if self.effective_status != Status.ISSUED or self.token_expires_at is None:
            return 0.0
        return (self.token_expires_at - clock.now()).total_seconds()

    @property
    def is_fetchable(self) -> bool:
        """Whether Tencent can still be asked how this ended."""
        ends = self.result_expires_at
        return bool(self.sdk_token and ends and clock.now() < ends)

    @property
    def owes_result(self) -> bool:
        """Whether Tencent will still be asked how this ended."""
        return self.next_pull_at is not None and self.status in (Status.ISSUED, Status.EXPIRED)

    @property
    def is_awaited(self) -> bool:
        """Whether a client that reported may still expect its result within minutes."""
        if self.reported_at is None or self.token_expires_at is None or not self.owes_result:
            return False
        return clock.now() < self.token_expires_at + PATIENCE

    @property
    def next_action(self) -> NextAction:
        """What this session's client does next, as of now."""
        status = self.effective_status
        if self.is_awaited:
            return NextAction.WAIT
        if status == Status.ISSUED and not self.may_start:
            return NextAction.RETRY
        return verdicts.decide(status, self.category, self.review).next_action

    @property
    def rules_met(self) -> list[Rule]:
        """The rules of its flow by which staff look at this finished session."""
        return self._rules_met({})

    def move(
        self,
        to: Status,
        *,
        source: Source,
        actor: Any = None,
        call: ApiCall | None = None,
        reason: str = "",
        **changes: Any,
    ) -> SessionEvent | None:
        """Take this session to another status, with its verdict and its event, at most once.

        One conditional UPDATE and one ``SessionEvent`` in one transaction; ``changes`` are
        columns written with them. Returns the event, or None when the status the session has by
        now does not lead there: somebody else was first. This instance then shows what is stored.
        """
        using = write_alias()
        with transaction.atomic(using=using, savepoint=False):
            # Bounded: a status never comes back, so there are fewer moves to lose than statuses.
            for _attempt in Status:
                if not is_legal(self.status, to):
                    break
                old_status, old_verdict = self.status, self.verdict
                row = {**changes, **self._consequences(to, changes)}
                moved = type(self).objects.filter(pk=self.pk, status=old_status)
                if not moved.update(version=F("version") + 1, **row):
                    self.refresh_from_db(using=using)
                    continue
                self.refresh_from_db(using=using)
                return SessionEvent.objects.create(
                    session=self,
                    kind=EventKind.TRANSITION,
                    from_status=old_status,
                    to_status=to,
                    from_verdict=old_verdict,
                    to_verdict=self.verdict,
                    source=source,
                    actor=actor,
                    actor_pk="" if actor is None else str(actor.pk),
                    call_pk=None if call is None else call.pk,
                    reason=reason,
                )
        return None

    def _consequences(self, to: Status, changes: dict[str, Any]) -> dict[str, Any]:
        row: dict[str, Any] = {"status": to}
        if to not in LIVE:
            row["live_key"] = None
        if to in DECIDED:
            row |= {"sdk_token": "", "server_param_info": "", "next_pull_at": None}
            if self._rules_met({"status": to, **changes}):
                row["review"] = Review.PENDING
        row |= self.verdict_columns(
            to,
            changes.get("category", self.category),
            row.get("review", self.review),
            result_at=changes.get("result_at", self.result_at),
        )
        return row

    def _rules_met(self, changes: dict[str, Any]) -> list[Rule]:
        facts = ("status", "device_info_level", "liveness_info_tag")
        stored = (changes.get(name, getattr(self, name)) for name in facts)
        return review_rules.met(self.flow_snapshot, *stored)

    def verdict_columns(
        self, status: str, category: str, review: str, *, result_at: datetime | None
    ) -> dict[str, Any]:
        """The columns that say what this session proves; its validity counts from the result."""
        verdict = verdicts.decide(status, category, review).verdict
        if verdict != Verdict.VERIFIED:
            return {"verdict": verdict, "verified_at": None, "verified_until": None}
        seconds = self.flow_snapshot.get("valid_for")
        since = result_at or clock.now()
        until = None if seconds is None else since + timedelta(seconds=seconds)
        return {"verdict": verdict, "verified_at": since, "verified_until": until}
