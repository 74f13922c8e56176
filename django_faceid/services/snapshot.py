"""What a session keeps of its flow, so that a changed setting rewrites no running session."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .. import conf
from ..models import Subject, review_rules


def of_flow(flow: conf.Flow, subject: Subject, now: datetime) -> dict[str, Any]:
    """The rules of a flow for one subject's session that begins now, as plain JSON."""
    return {
        "review": flow.review_rules,
        "sampled": review_rules.is_sampled(flow.review_sample, subject.key, flow.name, now),
        "second_review": flow.second_review,
        "keep_media": list(flow.keep_media),
        "valid_for": None if flow.valid_for is None else flow.valid_for.total_seconds(),
    }
