"""The audit desk at ten million calls, beside itself when small and beside Django's own admin.

The rows take minutes to make: ``--keep`` leaves them for the next run, ``--build`` makes no more.
"""

from __future__ import annotations

import argparse
import hashlib
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from statistics import median

from . import databases, desk_pages, desk_rows
from .children import children, in_child
from .desk_pages import ALL, DASHBOARDS, EMPTY, LISTS, OURS, RIVAL, SEARCHES, SESSION_PAGE, Seen
from .tables import Bounds, machine, table

SESSIONS, SMALL = 2_000_000, 10_000
MOST_MS = {SESSION_PAGE: 150.0, **dict.fromkeys(DASHBOARDS, 200.0)}
MS, GROWTH, QUERIES, FASTER = 100.0, 1.3, 8, 50
EXPORTED, EXPORT_MB, MOST_EXPORTED = 20_000, 50, 1_000_000
# How often the rival opens each; a search takes it half a minute.
RIVALRY = {
    "sessions: first page": 5,
    "calls: first page": 5,
    "sessions: by RequestId": 1,
    "calls: by RequestId": 1,
}
# Rows of the page around a list.
AROUND = 4
_MIGRATION = Path(__file__).parents[2] / "django_faceid/migrations/0001_initial.py"


def _rows(sessions: int, keep: bool) -> AbstractContextManager[str]:
    """A database with so many sessions, made anew when tables or rows have changed since."""
    made_from = _MIGRATION.read_bytes() + Path(desk_rows.__file__).read_bytes()
    return databases.lasting(
        f"faceid_desk_{sessions}",
        hashlib.sha256(made_from).hexdigest()[:16],
        lambda address: in_child(databases.environment(address), desk_rows.fill, sessions),
        keep,
    )


def _alternately(
    small: ProcessPoolExecutor, large: ProcessPoolExecutor, runs: int
) -> dict[str, tuple[list[Seen], list[Seen]]]:
    """Looks at every page at both sizes in turns, so that a busy moment falls on both."""
    seen: dict[str, tuple[list[Seen], list[Seen]]] = {label: ([], []) for label in ALL}
    for _run in range(runs):
        for label, looks in seen.items():
            for pool, taken in zip((small, large), looks, strict=True):
                taken.append(pool.submit(desk_pages.look, label).result())
    return seen


def _ms(looks: list[Seen]) -> float:
    return median(look.seconds for look in looks) * 1e3


def _pages(
    bounds: Bounds, small: ProcessPoolExecutor, large: ProcessPoolExecutor, runs: int
) -> None:
    lines = []
    for label, (few, many) in _alternately(small, large, runs).items():
        at_few, at_many = _ms(few), _ms(many)
        asked = [pool.submit(desk_pages.queries, label).result() for pool in (small, large)]
        # A page that has become fuller shows more rows, and a list without any has been looked
        # for to the end of an index: only equals with something on them are compared.
        empty = label in LISTS and many[0].rows <= AROUND
        same = few[0].rows == many[0].rows and not empty
        growth = f"{at_many / at_few:.2f}" if same else "-"
        lines.append((label, f"{at_few:.1f}", f"{at_many:.1f}", growth, asked[1], many[0].rows))
        bounds.at_most(f"{label}, ms", at_many, MOST_MS.get(label, MS))
        if label in LISTS or label in SEARCHES:
            bounds.at_most(f"{label}, queries", max(asked), QUERIES)
            if same:
                bounds.at_most(f"{label}, times small", at_many / at_few, GROWTH)
    head = ("page", "small, ms", "large, ms", "times", "queries", "rows")
    table("The desk", head, lines)


def _rival(bounds: Bounds, small: ProcessPoolExecutor, large: ProcessPoolExecutor) -> None:
    """In turns with the rival, which is as warm as ours."""
    lines = []
    for label, looks in RIVALRY.items():
        ours, theirs = [], []
        for _turn in range(looks):
            ours += [large.submit(desk_pages.look, label).result() for _look in range(3)]
            theirs.append(large.submit(desk_pages.look, label, RIVAL).result())
        own, taken = _ms(ours), _ms(theirs)
        lines.append((label, f"{own:.1f}", f"{taken:.1f}", f"{taken / own:.0f}"))
        bounds.at_least(f"{label}, times faster than the rival", taken / own, FASTER)
    own, taken = (
        _ms([small.submit(desk_pages.look, EMPTY, site).result() for _look in range(9)])
        for site in (OURS, RIVAL)
    )
    # What each is when it only draws the page around a list.
    lines.append(("  a list without a row", f"{own:.1f}", f"{taken:.1f}", "-"))
    table("A default ModelAdmin", ("page", "ours, ms", "rival's, ms", "times"), lines)


def _export(bounds: Bounds, address: str) -> None:
    lines = []
    for model in (desk_pages.SESSIONS, desk_pages.CALLS):
        # In a process of its own, so that its memory is its own.
        environment = databases.environment(address)
        taken = in_child(environment, desk_pages.take_away, model, MOST_EXPORTED)
        rows, seconds, grown = taken
        lines.append((model.strip("/"), rows, f"{rows / seconds:.0f}", f"{grown:.0f}"))
        bounds.at_least(f"{model} exported, rows a second", rows / seconds, EXPORTED)
        bounds.at_most(f"{model} exported, MB more", grown, EXPORT_MB)
    table("Export of a list", ("list", "rows", "rows a second", "MB more"), lines)


def main(argv: list[str]) -> int:
    """Measure the desk; 1 when a bound is missed."""
    options = argparse.ArgumentParser(prog="desk", description=__doc__)
    options.add_argument("--sessions", type=int, default=SESSIONS, help="five calls for each")
    options.add_argument("--runs", type=int, default=9, help="looks at each page, for the median")
    options.add_argument("--keep", action="store_true", help="leave the rows for the next run")
    options.add_argument("--build", action="store_true", help="make the rows and measure nothing")
    given = options.parse_args(argv)
    bounds = Bounds()
    with ExitStack() as stack:
        small, large = (
            stack.enter_context(_rows(number, given.keep or given.build))
            for number in (SMALL, given.sessions)
        )
        if given.build:
            return 0
        machine()
        few, many = (
            stack.enter_context(children(1, databases.environment(address)))
            for address in (small, large)
        )
        for pool in (few, many):
            pool.submit(desk_pages.warm_up).result()
        _pages(bounds, few, many, given.runs)
        _rival(bounds, few, many)
        _export(bounds, large)
        machine()
    return bounds.exit_status
