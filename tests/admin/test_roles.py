"""Who may open which door of the desk: every address, every role, to look and to act."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Mapping
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.test import Client

from django_faceid import clock
from django_faceid.models import (
    ApiCall,
    BulkItem,
    BulkJob,
    KeptMedia,
    SessionEvent,
    Status,
    VerificationSession,
)
from django_faceid.services import vault
from django_faceid.testing import make_session
from tests.admin.conftest import make_call
from tests.admin.doors import (
    CALLS,
    DESK,
    EVERY,
    EXPORT,
    FILES,
    LOGIN,
    MISSING,
    OK,
    OPERATE,
    PERSON,
    REFUSED,
    REVIEW,
    ROUTES,
    SESSIONS,
    routes,
)

pytestmark = pytest.mark.django_db

ROLES: Mapping[str, frozenset[str]] = {
    "without rights": frozenset(),
    "FaceID auditor": frozenset({SESSIONS, CALLS, EXPORT}),
    "FaceID reviewer": frozenset({SESSIONS, CALLS, PERSON, REVIEW, OPERATE}),
    "superuser": EVERY,
    **{f"only {name}": frozenset({name}) for name in sorted(EVERY)},
    **{f"looks and {name}": frozenset({SESSIONS, CALLS, name}) for name in sorted(EVERY)},
}


@pytest.fixture
def addresses() -> Mapping[str, str]:
    """Every route with an address of it that leads to something."""
    session = make_session(
        User.objects.create_user("customer"),
        status=Status.FAILED,
        flow_snapshot={"keep_media": ["best_frame"]},
    )
    sealed = vault.seal(vault.Picture(b"\xff\xd8\xff"))
    KeptMedia.objects.create(
        session=session, kind="best_frame", name=vault.save(sealed), key=sealed.key, size=3
    )
    call = make_call(session)
    job = BulkJob.objects.create(act="cancel", actor_pk="1")
    keys = {"verificationsession": session.pk, "apicall": call.pk}
    return {
        route: "/admin/faceid/"
        + re.sub("<path:object_id>", str(keys[route.partition("/")[0]]), route)
        .replace("<str:kind>", "best_frame")
        .replace("<int:job>", str(job.pk))
        for route in ROUTES
    }


def somebody(role: str) -> Client:
    """A browser that somebody in this role is logged in with."""
    user = User.objects.create_user(f"staff-{uuid.uuid4()}", is_staff=True)
    call_command("faceid_groups", stdout=io.StringIO())
    if role == "superuser":
        user.is_superuser = True
        user.save()
    elif role.startswith("FaceID "):
        user.groups.add(Group.objects.get(name=role))
    else:
        user.user_permissions.set(Permission.objects.filter(codename__in=ROLES[role]))
    browser = Client()
    browser.force_login(user)
    return browser


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    assert sorted(routes()) == sorted(ROUTES)


def test_every_permission_of_the_desk_is_one_of_these() -> None:
    known = Permission.objects.filter(content_type__app_label="faceid")
    assert set(known.values_list("codename", flat=True)) == EVERY | {"view_sessionevent"}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_answered_as_the_table_says(role: str, addresses: Mapping[str, str]) -> None:
    browser = somebody(role)
    expected, seen = {}, {}
    for route, doors in ROUTES.items():
        for method, (status, needs) in zip(("get", "post"), doors, strict=True):
            allowed = needs <= ROLES[role]
            expected[method, route] = status if allowed else REFUSED
            seen[method, route] = getattr(browser, method)(addresses[route]).status_code
    assert seen == expected


def test_what_is_answered_is_a_page_unless_the_table_says_that_it_is_a_file(
    addresses: Mapping[str, str],
) -> None:
    browser = somebody("superuser")
    for route, doors in ROUTES.items():
        for method, (status, _needs) in zip(("get", "post"), doors, strict=True):
            if status == OK:
                answer = getattr(browser, method)(addresses[route])
                is_page = answer["Content-Type"].startswith("text/html")
                assert is_page == (route not in FILES), (method, route)


@pytest.mark.parametrize("review", ["pending", "approved"])
@pytest.mark.parametrize("held", [True, False])
def test_a_look_changes_nothing_anywhere(
    addresses: Mapping[str, str], review: str, held: bool
) -> None:
    browser = somebody("superuser")
    me = int(browser.session["_auth_user_id"]) if held else None
    since = clock.now() - timedelta(minutes=5)
    VerificationSession.objects.update(
        review=review, review_held_by=me, review_held_since=since if held else None
    )
    tables = (VerificationSession, SessionEvent, ApiCall, BulkJob, BulkItem, KeptMedia)

    def stored() -> list[object]:
        return [list(table.objects.order_by("pk").values()) for table in tables]

    before = stored()
    for address in [DESK, *addresses.values()]:
        browser.get(address)
        assert stored() == before, address


@pytest.mark.parametrize("role", ROLES)
def test_the_dashboard_is_there_for_who_may_see_anything_at_all(role: str) -> None:
    status = 200 if ROLES[role] & {SESSIONS, CALLS} else MISSING
    for ask in (somebody(role).get, somebody(role).post):
        assert ask(DESK).status_code == status


def test_strangers_are_asked_who_they_are(client: Client, addresses: Mapping[str, str]) -> None:
    for url in [DESK, *addresses.values()]:
        for answer in (client.get(url), client.post(url)):
            assert answer.status_code == LOGIN
            assert answer["Location"].startswith("/admin/login/")


def test_customers_are_strangers_at_the_desk(addresses: Mapping[str, str]) -> None:
    browser = Client()
    browser.force_login(User.objects.get(username="customer"))
    for url in [DESK, *addresses.values()]:
        for answer in (browser.get(url), browser.post(url)):
            assert answer.status_code == LOGIN
            assert answer["Location"].startswith("/admin/login/")
