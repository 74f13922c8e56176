"""Every address of the desk, and what it takes to pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver

SESSIONS, CALLS = "view_verificationsession", "view_apicall"
PERSON, REVIEW = "view_personal_data", "review_verificationsession"
OPERATE, EXPORT = "operate_verificationsession", "export_verificationsession"
ERASE = "erase_verificationsession"
EVERY = frozenset({SESSIONS, CALLS, PERSON, REVIEW, OPERATE, EXPORT, ERASE})

DESK = "/admin/faceid/"
OK, LOGIN, REFUSED, MISSING, NOT_SO = 200, 302, 403, 404, 405


class Door(NamedTuple):
    """What whoever holds all of ``needs`` is answered; everybody else is refused."""

    status: int
    needs: frozenset[str]


def door(status: int, *needs: str) -> Door:
    return Door(status, frozenset(needs))


class Doors(NamedTuple):
    get: Door
    post: Door


CLOSED = Doors(door(REFUSED), door(REFUSED))
# Django's old addresses lead on to the pages of today, whether or not there is such a row.
LEGACY = Doors(door(302), door(302))

# One row for each address below /admin/faceid/: a new one without a row here fails.
ROUTES: Mapping[str, Doors] = {
    "verificationsession/": Doors(door(200, SESSIONS), door(200, SESSIONS)),
    "verificationsession/search/": Doors(door(NOT_SO, SESSIONS), door(302, SESSIONS)),
    "verificationsession/add/": CLOSED,
    "verificationsession/<path:object_id>/": LEGACY,
    "verificationsession/<path:object_id>/change/": Doors(
        door(200, SESSIONS), door(NOT_SO, SESSIONS)
    ),
    "verificationsession/<path:object_id>/delete/": CLOSED,
    "verificationsession/<path:object_id>/history/": Doors(
        door(200, SESSIONS), door(200, SESSIONS)
    ),
    "verificationsession/<path:object_id>/fetch-result/": Doors(
        door(NOT_SO, SESSIONS, OPERATE), door(302, SESSIONS, OPERATE)
    ),
    "verificationsession/<path:object_id>/cancel/": Doors(
        door(302, SESSIONS, OPERATE), door(302, SESSIONS, OPERATE)
    ),
    "verificationsession/<path:object_id>/approve/": Doors(
        door(200, SESSIONS, REVIEW), door(200, SESSIONS, REVIEW)
    ),
    "verificationsession/<path:object_id>/reject/": Doors(
        door(200, SESSIONS, REVIEW), door(200, SESSIONS, REVIEW)
    ),
    "verificationsession/<path:object_id>/media/<str:kind>/": Doors(
        door(302, SESSIONS, PERSON), door(200, SESSIONS, PERSON)
    ),
    "verificationsession/<path:object_id>/erase-pictures/": Doors(
        door(200, SESSIONS, ERASE), door(200, SESSIONS, ERASE)
    ),
    "verificationsession/<path:object_id>/take/": Doors(
        door(NOT_SO, SESSIONS, REVIEW), door(302, SESSIONS, REVIEW)
    ),
    "verificationsession/<path:object_id>/release/": Doors(
        door(NOT_SO, SESSIONS, REVIEW), door(302, SESSIONS, REVIEW)
    ),
    "verificationsession/queue/": Doors(
        door(200, SESSIONS, REVIEW), door(NOT_SO, SESSIONS, REVIEW)
    ),
    "verificationsession/queue/next/": Doors(
        door(NOT_SO, SESSIONS, REVIEW), door(302, SESSIONS, REVIEW)
    ),
    "verificationsession/<path:object_id>/reveal/": Doors(
        door(NOT_SO, SESSIONS, PERSON), door(302, SESSIONS, PERSON)
    ),
    "verificationsession/export.csv": Doors(
        door(200, SESSIONS, EXPORT), door(NOT_SO, SESSIONS, EXPORT)
    ),
    "verificationsession/export.jsonl": Doors(
        door(200, SESSIONS, EXPORT), door(NOT_SO, SESSIONS, EXPORT)
    ),
    "verificationsession/<path:object_id>/support-file/": Doors(
        door(NOT_SO, SESSIONS, EXPORT), door(200, SESSIONS, EXPORT)
    ),
    "verificationsession/bulk/": Doors(
        door(200, SESSIONS, OPERATE), door(NOT_SO, SESSIONS, OPERATE)
    ),
    "verificationsession/bulk/<int:job>/": Doors(
        door(200, SESSIONS, OPERATE), door(NOT_SO, SESSIONS, OPERATE)
    ),
    "verificationsession/bulk/<int:job>/progress.json": Doors(
        door(200, SESSIONS, OPERATE), door(NOT_SO, SESSIONS, OPERATE)
    ),
    "verificationsession/bulk/<int:job>/stop/": Doors(
        door(NOT_SO, SESSIONS, OPERATE), door(302, SESSIONS, OPERATE)
    ),
    "apicall/": Doors(door(200, CALLS), door(200, CALLS)),
    "apicall/search/": Doors(door(NOT_SO, CALLS), door(302, CALLS)),
    "apicall/export.csv": Doors(door(200, CALLS, EXPORT), door(NOT_SO, CALLS, EXPORT)),
    "apicall/export.jsonl": Doors(door(200, CALLS, EXPORT), door(NOT_SO, CALLS, EXPORT)),
    "apicall/add/": CLOSED,
    "apicall/<path:object_id>/": LEGACY,
    "apicall/<path:object_id>/change/": Doors(door(200, CALLS), door(NOT_SO, CALLS)),
    "apicall/<path:object_id>/delete/": CLOSED,
    "apicall/<path:object_id>/history/": Doors(door(200, CALLS), door(200, CALLS)),
}

# What is answered with 200 and is nothing to look at.
FILES = frozenset(
    {
        "verificationsession/export.csv",
        "verificationsession/export.jsonl",
        "verificationsession/<path:object_id>/support-file/",
        "verificationsession/bulk/<int:job>/progress.json",
        "apicall/export.csv",
        "apicall/export.jsonl",
    }
)


def pages() -> Iterator[tuple[str, str]]:
    """Every page of the desk: its route, and the method it is asked for with."""
    for route, doors in ROUTES.items():
        if route not in FILES and OK in (doors.get.status, doors.post.status):
            yield ("get" if doors.get.status == OK else "post"), route


def routes() -> Iterator[str]:
    """Every address of the app in the admin, from the resolver itself."""
    for route in _walk(get_resolver().url_patterns):
        if route.startswith("admin/faceid/"):
            yield route.removeprefix("admin/faceid/")


def _walk(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield route
