"""``manage.py faceid_groups``: ready-made groups for the people at the audit desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import router, transaction

LOOK = frozenset({"view_verificationsession", "view_apicall"})
# Nobody takes data away who sees whom it is about, and erasing is left to a person by name.
GROUPS: Mapping[str, frozenset[str]] = {
    "FaceID auditor": LOOK | {"export_verificationsession"},
    "FaceID reviewer": LOOK
    | {"view_personal_data", "review_verificationsession", "operate_verificationsession"},
}


class Command(BaseCommand):
    """Make the groups that are missing; say where the others differ, and leave them alone."""

    help = "Make the groups 'FaceID auditor' and 'FaceID reviewer', or say how they differ."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--reset", action="store_true", help="give both groups their own permissions again"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic(using=router.db_for_write(Group)):
            for name, codenames in GROUPS.items():
                said = _settle(name, codenames, reset=options["reset"])
                self.stdout.write(f"{name:16}  {said}")


def _settle(name: str, codenames: frozenset[str], *, reset: bool) -> str:
    """Make or compare one group; what is to be said about it."""
    group, created = Group.objects.get_or_create(name=name)
    # What a host added for its own apps is no business of ours.
    ours = group.permissions.filter(content_type__app_label="faceid")
    present = frozenset(ours.values_list("codename", flat=True))
    difference = ", ".join(
        [f"+{extra}" for extra in sorted(present - codenames)]
        + [f"-{missing}" for missing in sorted(codenames - present)]
    )
    if not difference:
        return "as it came"
    if not created and not reset:
        return f"changed here: {difference} (--reset puts it back)"
    group.permissions.remove(*ours.exclude(codename__in=codenames))
    group.permissions.add(*_permissions(codenames))
    return "made" if created else f"put back: it had {difference}"


def _permissions(codenames: frozenset[str]) -> list[Permission]:
    found = list(
        Permission.objects.filter(content_type__app_label="faceid", codename__in=codenames)
    )
    if len(found) < len(codenames):
        raise CommandError("Some permissions do not exist yet. Run manage.py migrate first.")
    return found
