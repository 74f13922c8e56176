"""The people of the demo; running it again changes nothing."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management.base import BaseCommand

LOOK = ("view_verificationsession", "view_apicall", "view_sessionevent")
GROUPS = {
    "Identity desk: operators": (*LOOK, "operate_verificationsession"),
    "Identity desk: reviewers": (*LOOK, "review_verificationsession"),
}


class Command(BaseCommand):
    """Makes the demo's two people and the groups of its staff."""

    help = "Make the demo's person (demo / demo) and its member of staff (staff / staff)."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, permissions in GROUPS.items():
            group, _created = Group.objects.get_or_create(name=name)
            found = Permission.objects.filter(
                content_type__app_label="faceid", codename__in=permissions
            )
            group.permissions.set(found)
        _person("demo")
        _person("staff", is_staff=True).groups.set(Group.objects.filter(name__in=GROUPS))
        self.stdout.write("Person    demo / demo")
        self.stdout.write("Staff     staff / staff")


def _person(name: str, **flags: bool) -> Any:
    person, created = get_user_model().objects.get_or_create(username=name, defaults=flags)
    if created:
        person.set_password(name)
        person.save()
    return person
