"""``manage.py faceid_tick``: the background work of one minute, without Celery."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ... import services
from ...services import heartbeat

logger = logging.getLogger("django_faceid")

STEPS: tuple[Callable[[], int], ...] = (
    services.expire_tokens,
    services.recover_interrupted,
    services.deliver_events,
    services.collect_results,
    services.run_bulk_jobs,
    services.roll_up,
)


class Command(BaseCommand):
    """Run every background task once; one line of output each."""

    help = "Expire, recover, deliver, collect, count once: for a cron line that runs each minute."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        failed = [step.__name__ for step in STEPS if not self._runs(step)]
        if failed:
            raise CommandError(f"Failed: {', '.join(failed)}.")

    def _runs(self, step: Callable[[], int]) -> bool:
        """Whether a step came to its end; one that did not keeps no other from its turn."""
        try:
            count = step()
            heartbeat.beat(step.__name__)
        except Exception as error:
            logger.exception("action=%s outcome=failed", step.__name__)
            self.stdout.write(f"{step.__name__} failed: {type(error).__name__}")
            return False
        self.stdout.write(f"{step.__name__} {count}")
        return True
