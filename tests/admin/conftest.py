"""Staff of every kind, each with a browser."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from django_faceid import services
from django_faceid.models import ApiCall, MediaKind, VerificationSession, digests
from django_faceid.sandbox.state import SandboxState
from django_faceid.testing import faceid_sandbox, make_session, play

StaffClient = Callable[..., Client]

VIEW = ("view_verificationsession", "view_apicall")
OPERATE = (*VIEW, "operate_verificationsession")
REVIEW = (*VIEW, "review_verificationsession")
EXPORT = (*VIEW, "export_verificationsession")
LOOK = (*VIEW, "view_personal_data")
ERASE = (*VIEW, "erase_verificationsession")

SESSIONS = "/admin/faceid/verificationsession/"
CALLS = "/admin/faceid/apicall/"
# A template that is included ends with a line's end, which a page shows as a space.
STRAYED_STOP = re.compile(r"</time>\s+[.,:;]")


@pytest.fixture
def staff(db: None) -> StaffClient:
    """A browser that a member of staff with these permissions is logged in with."""

    def log_in(*codenames: str, user: User | None = None) -> Client:
        user = user or User.objects.create_user(f"staff-{uuid.uuid4()}", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def auditor(staff: StaffClient) -> Client:
    """The browser of somebody who may take lists away, without a name on them."""
    return staff(*EXPORT)


@pytest.fixture
def superuser(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def customer(db: None) -> User:
    return User.objects.create_user("amelia@example.com", email="amelia@example.com")


@pytest.fixture
def session(customer: User) -> VerificationSession:
    make_session("somebody else")
    return make_session(customer)


@pytest.fixture
def call(session: VerificationSession) -> ApiCall:
    return token_call(session)


@pytest.fixture
def sandbox(db: None) -> Iterator[SandboxState]:
    with faceid_sandbox() as state:
        yield state


@pytest.fixture
def kept_kinds(settings: Settings) -> None:
    """The default flow keeps everything, in a storage of this test's own."""
    flows = {"default": {"KEEP_MEDIA": list(MediaKind.values)}}
    settings.FACEID = {**settings.FACEID, "FLOWS": flows}
    settings.STORAGES = {**settings.STORAGES}


@pytest.fixture
def kept(kept_kinds: None, sandbox: SandboxState, customer: User) -> VerificationSession:
    """A passed session, with everything kept that came with its result."""
    session = services.issue_token(customer).session
    play(session, "pass")
    return services.fetch_result(session)


@pytest.fixture
def issued(sandbox: SandboxState, customer: User) -> VerificationSession:
    return services.issue_token(customer).session


@pytest.fixture
def passed(issued: VerificationSession) -> VerificationSession:
    play(issued, "pass")
    return services.fetch_result(issued)


def page(session: VerificationSession, act: str = "change") -> str:
    return f"{SESSIONS}{session.pk}/{act}/"


def call_page(call: ApiCall) -> str:
    return reverse("admin:faceid_apicall_change", args=[call.pk])


def make_call(session: VerificationSession | None, **columns: object) -> ApiCall:
    defaults: dict[str, object] = {
        "session": session,
        "action": "GetFaceIdTokenIntl",
        "account": "default",
        "region": "ap-singapore",
        "outcome": "ok",
        "request_id": str(uuid.uuid4()),
        "trace_id": str(uuid.uuid4()),
        "milliseconds": 120,
    }
    return ApiCall.objects.create(**{**defaults, **columns})


def token_call(session: VerificationSession) -> ApiCall:
    """The attempt that brought the session's token."""
    digest = digests.keyed("sdk_token", session.sdk_token)
    return make_call(session, request_id=session.request_id, sdk_token_digest=digest)


def text(client: Client, url: str, **params: str) -> str:
    """The markup of a page that must be there, names and codes in one piece."""
    response = client.get(url, params)
    assert response.status_code == 200, (url, response.status_code)
    return response.content.decode().replace("<wbr>", "")


def do(browser: Client, session: VerificationSession, act: str, **data: Any) -> str:
    """Press a button; what staff are told."""
    response = browser.post(page(session, act), data)
    assert response.status_code == 302, response.content.decode()[:2000]
    assert response["Location"] == page(session)
    session.refresh_from_db()
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def shown(browser: Client, session: VerificationSession) -> list[str]:
    html = text(browser, page(session))
    labels = ("Fetch result", "Cancel session…", "Approve…", "Reject…")
    return [label for label in labels if f">{label}<" in html]


def found(client: Client, term: str, url: str = SESSIONS) -> list[int]:
    """The rows of a list whose address searches for something."""
    response = client.get(url, {"q": term})
    assert response.status_code == 200
    return sorted(row.pk for row in response.context["cl"].result_list)


def posted(client: Client, term: str, url: str = SESSIONS, **others: str) -> str:
    """Where the search box leads."""
    response = client.post(f"{url}search/", {"q": term, **others})
    assert response.status_code == 302
    return str(response["Location"])


def told(client: Client, term: str, url: str = SESSIONS, **others: str) -> str:
    """The page that a search leads to, and every address on the way there."""
    response = client.post(f"{url}search/", {"q": term, **others}, follow=True)
    assert response.status_code == 200
    return f"{response.redirect_chain} {response.content.decode()}"
