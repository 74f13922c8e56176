"""When the background tasks run: plain data, so that a settings module can import it."""

from __future__ import annotations

from typing import Any


def _every(seconds: float, task: str) -> dict[str, Any]:
    # Long enough for a busy queue, short enough that an outage leaves four messages at most.
    options = {"expires": 4 * seconds}
    return {"task": f"django_faceid.{task}", "schedule": seconds, "options": options}


BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "faceid-expire-tokens": _every(30.0, "expire_tokens"),
    "faceid-collect-results": _every(5.0, "collect_results"),
    "faceid-recover-interrupted": _every(60.0, "recover_interrupted"),
    "faceid-deliver-events": _every(30.0, "deliver_events"),
    "faceid-roll-up": _every(60.0, "roll_up"),
    "faceid-run-bulk-jobs": _every(5.0, "run_bulk_jobs"),
}
"""Entries for ``CELERY_BEAT_SCHEDULE``; each says how often a task runs and when it is stale."""
