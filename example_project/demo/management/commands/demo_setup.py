"""The people of the demo; running it again changes nothing."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.core.management.base import BaseCommand

STAFF: Mapping[str, tuple[str, ...]] = {
    "staff": ("FaceID auditor", "FaceID reviewer"),
    "auditor": ("FaceID auditor",),
    "reviewer": ("FaceID reviewer",),
}


class Command(BaseCommand):
    """Makes the demo's person, its staff and the groups these are in."""

    help = "Make the demo's people; everybody's password is their name."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("faceid_groups", stdout=io.StringIO())
        _person("demo")
        for name, groups in STAFF.items():
            _person(name, is_staff=True).groups.set(Group.objects.filter(name__in=groups))
        # In no group: it is given to a person, by name.
        erase = Permission.objects.get(codename="erase_verificationsession")
        _person("staff").user_permissions.add(erase)
        self.stdout.write("Person    demo / demo")
        self.stdout.write("Staff     staff / staff, auditor / auditor, reviewer / reviewer")


def _person(name: str, **flags: bool) -> Any:
    person, created = get_user_model().objects.get_or_create(username=name, defaults=flags)
    if created:
        person.set_password(name)
        person.save()
    return person
