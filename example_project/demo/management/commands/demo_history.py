"""A week of made-up sessions, and a queue that waits for the reviewers of the demo."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from django_faceid import clock, services
from django_faceid.models import VerificationSession
from django_faceid.services.rollups import roll_up
from example_project.demo.history import Past
from example_project.demo.sandbox import sandbox

# Hours ago, and what the phone saw.
WAITING = (
    (31, "pass"),
    (26, "too_dark"),
    (22, "pass"),
    (9, "spoof"),
    (7, "pass"),
    (5, "several_faces"),
    (2, "pass"),
    (1, "pass"),
)


class Command(BaseCommand):
    """Fills an empty desk; a desk with anything on it is left as it is."""

    help = "Make up a week of sessions, and some that wait for a decision."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sessions", type=int, default=900, help="how many; default 900")
        parser.add_argument("--days", type=int, default=7, help="in how many days; default 7")

    def handle(self, *args: Any, **options: Any) -> None:
        if VerificationSession.objects.exists():
            self.stdout.write("There are sessions already: nothing is made up.")
            return
        past = Past(options["sessions"], options["days"])
        now = clock.now()
        for (hours, outcome), person in zip(WAITING, past.people, strict=False):
            past.write(until=now - timedelta(hours=hours))
            _let_wait(person, outcome, timedelta(hours=hours))
        past.write(until=now)
        roll_up(seconds=60)
        call_command("faceid_tick", stdout=io.StringIO())
        self.stdout.write(f"{VerificationSession.objects.count()} sessions were made up.")


def _let_wait(person: Any, outcome: str, ago: timedelta) -> None:
    """A real check in the sandbox, some time ago, that a colleague has yet to decide on."""
    phone = sandbox()
    if phone is None:
        return
    with _the_clock_put_back(ago):
        session = services.issue_token(person, "loan").session
        phone.play(session.sdk_token, outcome)
        services.fetch_result(session)


@contextmanager
def _the_clock_put_back(ago: timedelta) -> Iterator[None]:
    before = clock.offset
    clock.offset = partial(_less, before(), ago)
    try:
        yield
    finally:
        clock.offset = before


def _less(offset: timedelta, ago: timedelta) -> timedelta:
    return offset - ago
