"""``manage.py faceid_sandbox``: a stand-in for Tencent's endpoint, on this machine."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ...sandbox import command


class Command(BaseCommand):
    """Serve the sandbox until Ctrl-C."""

    help = "Run a stand-in for Tencent's FaceID endpoint, for laptops and staging."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        command.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        command.run(Namespace(**options))
