"""What is known, and which changes are legal."""

from .bulk import BulkAct, BulkItem, BulkJob, ItemState, JobState
from .calls import ApiCall, Outcome
from .events import EventKind, SessionEvent, Source
from .idempotency import IdempotencyClaim
from .media import KeptMedia, MediaKind, StrayFile
from .quota import Heartbeat, QuotaWindow
from .rollups import Metric, Resolution, Rollup
from .sessions import VerificationSession
from .subjects import Subject
from .transitions import TRANSITIONS, ClosedReason, Status
from .verdicts import Decision, NextAction, Review, Verdict, decide

__all__ = [
    "TRANSITIONS",
    "ApiCall",
    "BulkAct",
    "BulkItem",
    "BulkJob",
    "ClosedReason",
    "Decision",
    "EventKind",
    "Heartbeat",
    "IdempotencyClaim",
    "ItemState",
    "JobState",
    "KeptMedia",
    "MediaKind",
    "Metric",
    "NextAction",
    "Outcome",
    "QuotaWindow",
    "Resolution",
    "Review",
    "Rollup",
    "SessionEvent",
    "Source",
    "Status",
    "StrayFile",
    "Subject",
    "Verdict",
    "VerificationSession",
    "decide",
]
