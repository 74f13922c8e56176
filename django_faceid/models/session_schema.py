"""Which sessions the database finds at once, and which it refuses as impossible.

No constraint mentions ``user``: it would forbid deleting one.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from .indexes import PartialIndex
from .transitions import Status
from .verdicts import Verdict

INDEXES = (
    # Every move of a session writes to each index its row is in. RequestIds and tokens are found
    # through the calls that brought them, and columns that are mostly empty where they are not.
    models.Index(fields=["subject_key", "-id"], name="faceid_s_subject"),
    PartialIndex(
        fields=["user"],
        name="faceid_s_user",
        where=Q(user__isnull=False),
        otherwise=["user"],
    ),
    PartialIndex(
        fields=["review_held_by"],
        name="faceid_s_held_by",
        where=Q(review_held_by__isnull=False),
        otherwise=["review_held_by"],
    ),
    PartialIndex(
        fields=["next_pull_at"],
        name="faceid_s_next_pull",
        where=Q(next_pull_at__isnull=False),
        otherwise=["next_pull_at"],
    ),
    # Lists are ordered by key and filtered by several columns at once: what stands after the key is
    # looked at in the index alone, so that a rare combination costs no look at a row.
    models.Index(
        fields=["status", "-id", "verdict", "flow", "created_at"], name="faceid_s_status_id"
    ),
    models.Index(
        fields=["flow", "-id", "status", "verdict", "created_at"], name="faceid_s_flow_id"
    ),
    models.Index(fields=["created_at"], name="faceid_s_created"),
    PartialIndex(
        fields=["error_code", "-id", "status", "flow"],
        name="faceid_s_error_code",
        where=~Q(error_code=""),
        otherwise=["error_code", "-id", "status", "flow"],
    ),
    PartialIndex(
        fields=["result_error", "-id", "status", "flow", "error_code"],
        name="faceid_s_result_error",
        where=~Q(result_error=""),
        otherwise=["result_error", "-id", "status", "flow", "error_code"],
    ),
    # Passes are found by their status, and phones that are done by theirs: most sessions are both,
    # and enter neither of these.
    PartialIndex(
        fields=["result_code", "-id", "status", "verdict", "flow"],
        name="faceid_s_result_code",
        where=~Q(result_code="") & ~Q(status="succeeded"),
        otherwise=["result_code", "-id", "status", "verdict", "flow"],
    ),
    PartialIndex(
        fields=["sdk_code", "-id", "status", "verdict", "flow"],
        name="faceid_s_sdk_code",
        where=Q(sdk_code__gt=0) | Q(sdk_code__lt=0),
        otherwise=["sdk_code", "-id", "status", "verdict", "flow"],
    ),
    PartialIndex(
        fields=["verdict", "-id", "status", "flow", "created_at"],
        name="faceid_s_verdict_id",
        where=~Q(verdict="undecided"),
        otherwise=["verdict", "-id", "status", "flow", "created_at"],
    ),
    # Finished, and nothing proved: few of those that finished.
    PartialIndex(
        fields=["status", "-id", "flow"],
        name="faceid_s_unproved",
        where=Q(verdict="undecided", status__in=["succeeded", "failed"]),
        otherwise=["verdict", "status", "-id", "flow"],
    ),
    PartialIndex(
        fields=["review", "-id", "status", "verdict", "flow"],
        name="faceid_s_review_id",
        where=~Q(review="none"),
        otherwise=["review", "-id", "status", "verdict", "flow"],
    ),
    # The review queue: what has waited longest comes first, whenever its session was opened.
    PartialIndex(
        fields=["result_at", "id"],
        name="faceid_s_waiting",
        where=Q(review="pending"),
        otherwise=["review", "result_at", "id"],
    ),
    PartialIndex(
        fields=["-id", "status", "verdict", "flow"],
        name="faceid_s_test_id",
        where=Q(livemode=False),
        otherwise=["livemode", "-id"],
    ),
    PartialIndex(
        fields=["id"],
        name="faceid_s_proposed",
        where=~Q(review_proposed="") & ~Q(review="pending"),
        otherwise=["review_proposed", "review", "id"],
    ),
    PartialIndex(
        fields=["token_expires_at"],
        name="faceid_s_expiry",
        where=Q(status="issued"),
        otherwise=["status", "token_expires_at"],
    ),
    PartialIndex(
        fields=["lease_until"],
        name="faceid_s_lease",
        where=Q(status="pending"),
        otherwise=["status", "lease_until"],
    ),
)

CONSTRAINTS = (
    # One live session per subject and flow.
    models.UniqueConstraint(fields=["live_key"], name="faceid_s_live"),
    models.CheckConstraint(
        name="faceid_s_status", condition=Q(status__in=[s.value for s in Status])
    ),
    models.CheckConstraint(
        name="faceid_s_verdict", condition=Q(verdict__in=[v.value for v in Verdict])
    ),
    models.CheckConstraint(
        name="faceid_s_live_key",
        condition=Q(status__in=["pending", "issued"], live_key__isnull=False)
        | (~Q(status__in=["pending", "issued"]) & Q(live_key__isnull=True)),
    ),
    models.CheckConstraint(
        name="faceid_s_clocks",
        condition=Q(status__in=["pending", "error"])
        # A comparison with NULL is unknown, and a CHECK lets unknown pass.
        | Q(
            issued_at__isnull=False,
            token_expires_at__isnull=False,
            result_expires_at__isnull=False,
            token_expires_at__gt=F("issued_at"),
            result_expires_at__gte=F("token_expires_at"),
        ),
    ),
    models.CheckConstraint(
        name="faceid_s_result",
        condition=~Q(status__in=["succeeded", "failed"])
        | (~Q(result_code="") & Q(result_at__isnull=False)),
    ),
    models.CheckConstraint(
        name="faceid_s_passed",
        condition=(Q(status="succeeded") & Q(category="passed"))
        | (Q(status="failed") & ~Q(category__in=["", "passed"]))
        | ~Q(status__in=["succeeded", "failed"]),
    ),
    models.CheckConstraint(
        name="faceid_s_verified",
        condition=~Q(verdict="verified")
        | (Q(status="succeeded") & ~Q(review__in=["pending", "rejected"]))
        | Q(status="failed", review="approved"),
    ),
)
