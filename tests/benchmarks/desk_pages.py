"""Every page of the desk that is measured, and what a browser sees of it, in a child process."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from . import desk_rows, rows
from .children import freeze, peak_megabytes

if TYPE_CHECKING:
    from django.test import Client

SESSIONS, CALLS = "verificationsession/", "apicall/"
SESSION_PAGE, TOKEN = "session page", "sessions: by token"
EMPTY = "sessions: flow=nobodys"
OURS, RIVAL = "/admin/faceid/", "/rival/faceid/"

LISTS = {
    "sessions: first page": SESSIONS,
    "sessions: last page": f"{SESSIONS}?after=0",
    "sessions: a page in the middle": SESSIONS + "?before={middle}",
    **{
        f"sessions: {query}": f"{SESSIONS}?{query}"
        for query in (
            "status=issued",
            "status=succeeded",
            "status=failed",
            "status=expired",
            "status=error",
            "verdict=rejected",
            "review=pending",
            "review=approved",
            "flow=withdraw",
            "flow=private_banking",
            "flow=nobodys",
            "livemode=0",
            "error_code=InternalError",
            "error_code=HttpStatus",
            "error_code=HttpStatus&status=error",
            "result_code=2016",
            "result_code=1001&flow=private_banking",
            "result_code=0&verdict=undecided",
            "sdk_code=211",
            "last=1h",
            "last=24h",
            "last=30d",
            "from=2025-10-20&to=2025-10-21",
            "status=failed&verdict=verified",
            "status=succeeded&verdict=undecided",
            "status=expired&verdict=verified",
            "status=canceled&flow=private_banking",
            "status=canceled&flow=private_banking&after=0",
            "verdict=rejected&flow=private_banking&livemode=0",
            "status=failed&flow=withdraw&from=2025-10-20&to=2025-10-27",
        )
    },
    "calls: first page": CALLS,
    "calls: last page": f"{CALLS}?after=0",
    "calls: a page in the middle": CALLS + "?before={middle}",
    **{
        f"calls: {query}": f"{CALLS}?{query}"
        for query in (
            "outcome=refused",
            "outcome=broken",
            "outcome=started",
            "action=GetFaceIdTokenIntl",
            "error_code=InternalError",
            "last=24h",
            "from=2025-10-20&to=2025-10-21",
            "outcome=interrupted&last=24h",
            "outcome=broken&action=GetFaceIdTokenIntl",
            "outcome=ok&error_code=RequestLimitExceeded",
            "outcome=refused&error_code=InternalError&after=0",
        )
    },
}
SEARCHES = {
    "sessions: by RequestId": SESSIONS + "?q={request_id}",
    "sessions: by a call's RequestId": SESSIONS + "?q={call_request_id}",
    "sessions: by session id": SESSIONS + "?q={public_id}",
    "sessions: by trace id": SESSIONS + "?q={trace_id}",
    "sessions: by user name": SESSIONS + "?q={username}",
    "sessions: by reference": f"{SESSIONS}?q={desk_rows.REFERENCE}",
    "sessions: by nonsense": f"{SESSIONS}?q=nonsense",
    TOKEN: f"{SESSIONS}search/",
    "calls: by RequestId": CALLS + "?q={call_request_id}",
    "calls: by session id": CALLS + "?q={public_id}",
    "calls: by user name": CALLS + "?q={username}",
}
PAGES = {
    SESSION_PAGE: SESSIONS + "{story}/change/",
    "API call page": CALLS + "{call}/change/",
    "review queue": f"{SESSIONS}queue/",
}
DASHBOARDS = {f"dashboard, {span}": f"?range={span}" for span in ("1h", "24h", "90d")}
ALL = {**LISTS, **SEARCHES, **PAGES, **DASHBOARDS}


class Seen(NamedTuple):
    """One look at a page: seconds, and how many rows of a table it showed."""

    seconds: float
    rows: int


def look(label: str, site: str = OURS) -> Seen:
    """Open a page as a superuser who is signed in."""
    browser, address = _browser(), site + ALL[label].format(**_facts())
    began = time.perf_counter()
    response = _open(browser, label, address)
    seconds = time.perf_counter() - began
    if response.status_code != (302 if label == TOKEN else 200):
        raise RuntimeError(f"{address} answered {response.status_code}")
    return Seen(seconds, response.content.count(b"<tr>"))


def warm_up() -> None:
    """Open every page once, and the rival's list, as a worker has that is up for a while."""
    for label in ALL:
        look(label)
    look(next(iter(LISTS)), RIVAL)
    freeze()


def queries(label: str) -> int:
    """How often a page asks the database."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        look(label)
    return len(captured)


def take_away(model: str, most: int) -> tuple[int, float, float]:
    """A list as a file, not further than ``most`` rows: rows, seconds, and megabytes more."""
    browser = _browser()
    before = peak_megabytes()
    began = time.perf_counter()
    response: Any = browser.get(f"{OURS}{model}export.csv")
    lines = 0
    for chunk in response.streaming_content:
        lines += chunk.count(b"\n")
        if lines > most:
            break
    response.close()
    return lines, time.perf_counter() - began, peak_megabytes() - before


def _open(browser: Client, label: str, address: str) -> Any:
    if label == TOKEN:
        return browser.post(address, {"q": desk_rows.TOKEN})
    return browser.get(address)


@cache
def _browser() -> Client:
    from django.contrib.auth.models import User
    from django.test import Client

    rows.stop_clock()
    root, _made = User.objects.get_or_create(
        username="root", defaults={"is_staff": True, "is_superuser": True}
    )
    browser = Client()
    browser.force_login(root)
    return browser


@cache
def _facts() -> dict[str, Any]:
    """What is looked for: a session in the middle of all, one of its calls, and a long story."""
    from django_faceid.models import VerificationSession

    newest = VerificationSession.objects.latest("pk")
    session = VerificationSession.objects.select_related("user").get(pk=newest.pk // 2)
    call = session.calls.exclude(request_id__in=["", session.request_id]).latest("pk")
    return {
        "middle": session.pk,
        "story": newest.pk,
        "call": call.pk,
        "public_id": session.public_id,
        "request_id": session.request_id,
        "call_request_id": call.request_id,
        "trace_id": call.trace_id,
        "username": session.user and session.user.get_username(),
    }
