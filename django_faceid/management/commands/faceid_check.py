"""``manage.py faceid_check``: is everything well, and if not, what to do."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ...services import doctor


class Command(BaseCommand):
    """Print what was seen and what to do about it, one line each."""

    help = "Look at settings, database, schedule and every Tencent account; exit 1 on a FAIL."
    requires_system_checks = ()  # their complaints are among the lines

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", help="ask Tencent with this account only")

    def handle(self, *args: Any, **options: Any) -> None:
        failed = 0
        for level, name, seen, advice in doctor.examine(options["account"]):
            failed += level is doctor.Level.FAIL
            ending = f" → {advice}" if advice else ""
            self.stdout.write(f"{level.value:4}  {name:20}  {seen}{ending}")
        if failed:
            raise CommandError(f"{failed} of these must be mended.", returncode=1)
