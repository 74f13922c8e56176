"""``faceid_groups``: made once, compared ever after."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command

from django_faceid.management.commands.faceid_groups import GROUPS

pytestmark = pytest.mark.django_db
DESK = Path(__file__).parent.parent / "docs" / "desk.md"


def run(**options: bool) -> list[str]:
    out = io.StringIO()
    call_command("faceid_groups", stdout=out, **options)
    return [line.partition("  ")[2].strip() for line in out.getvalue().splitlines()]


def held(name: str) -> set[str]:
    return set(Group.objects.get(name=name).permissions.values_list("codename", flat=True))


def permission(codename: str) -> Permission:
    return Permission.objects.get(codename=codename)


def test_both_groups_are_made_and_a_second_run_changes_nothing() -> None:
    assert run() == ["made", "made"]
    assert {name: held(name) for name in GROUPS} == GROUPS
    assert run() == ["as it came", "as it came"]
    assert Group.objects.count() == 2


def test_what_a_host_changed_is_told_and_left_alone() -> None:
    run()
    group = Group.objects.get(name="FaceID auditor")
    group.permissions.remove(permission("export_verificationsession"))
    group.permissions.add(permission("view_personal_data"), permission("view_user"))
    told, untouched = run()
    assert told.startswith("changed here: +view_personal_data, -export_verificationsession ")
    assert untouched == "as it came"
    assert "export_verificationsession" not in held("FaceID auditor")


def test_a_reset_puts_our_permissions_back_and_keeps_those_of_other_apps() -> None:
    run()
    group = Group.objects.get(name="FaceID auditor")
    group.permissions.set([permission("view_personal_data"), permission("view_user")])
    assert run(reset=True)[0].startswith("put back: ")
    assert held("FaceID auditor") == GROUPS["FaceID auditor"] | {"view_user"}
    assert run() == ["as it came", "as it came"]


def test_a_group_is_made_whole_or_not_at_all() -> None:
    permission("review_verificationsession").delete()
    with pytest.raises(CommandError, match="migrate first"):
        run()
    assert not Group.objects.exists()


def test_nobody_who_takes_data_away_sees_whom_it_is_about_and_nobody_erases() -> None:
    for codenames in GROUPS.values():
        assert not {"export_verificationsession", "view_personal_data"} <= codenames
        assert "erase_verificationsession" not in codenames


def test_the_table_in_the_docs_is_what_the_groups_may_do() -> None:
    rows = re.findall(r"^\| .+? \| `faceid\.(\w+)` \| (.*?) \| (.*?) \|$", DESK.read_text(), re.M)
    columns = zip(GROUPS, (1, 2), strict=True)
    assert {name: {row[0] for row in rows if row[column]} for name, column in columns} == GROUPS
    ours = {"verificationsession", "apicall"}
    every = Permission.objects.filter(content_type__model__in=ours)
    assert {row[0] for row in rows} == set(every.values_list("codename", flat=True))
