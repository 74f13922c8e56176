"""Celery tasks: each is one service call and a heartbeat.

Nothing here is lost with a worker: what is to be done stands in the database, under leases that
run out, and each message only says that it is time to look.
"""

from __future__ import annotations

from celery import shared_task

from . import services
from .beat import BEAT_SCHEDULE
from .services import heartbeat
from .services.collecting import CLAIM_LEASE

__all__ = [
    "BEAT_SCHEDULE",
    "collect_results",
    "deliver_events",
    "expire_tokens",
    "fetch_session_result",
    "recover_interrupted",
    "roll_up",
    "run_bulk_jobs",
]


@shared_task(name="django_faceid.expire_tokens", ignore_result=True)
def expire_tokens() -> None:
    """Mark sessions whose ten minutes are over."""
    services.expire_tokens()
    heartbeat.beat("expire_tokens")


@shared_task(name="django_faceid.collect_results", ignore_result=True)
def collect_results() -> None:
    """Claim the sessions that are owed a look at their result, and send one task for each."""
    for pk in services.claim_due():
        fetch_session_result.delay(pk)
    heartbeat.beat("collect_results")


# After the lease the session is claimed anew: an older message would only be a second one.
@shared_task(
    name="django_faceid.fetch_session_result",
    ignore_result=True,
    expires=CLAIM_LEASE.total_seconds(),
)
def fetch_session_result(pk: int) -> None:
    """Fetch the result of one claimed session, by its primary key."""
    services.collect(pk)


@shared_task(name="django_faceid.recover_interrupted", ignore_result=True)
def recover_interrupted() -> None:
    """Close what killed processes left open."""
    services.recover_interrupted()
    heartbeat.beat("recover_interrupted")


@shared_task(name="django_faceid.deliver_events", ignore_result=True)
def deliver_events() -> None:
    """Send the signals that killed processes did not."""
    services.deliver_events()
    heartbeat.beat("deliver_events")


@shared_task(name="django_faceid.roll_up", ignore_result=True)
def roll_up() -> None:
    """Count what happened, for the dashboard."""
    services.roll_up()
    heartbeat.beat("roll_up")


@shared_task(name="django_faceid.run_bulk_jobs", ignore_result=True)
def run_bulk_jobs() -> None:
    """Work on what staff started for many sessions."""
    services.run_bulk_jobs()
    heartbeat.beat("run_bulk_jobs")
