"""The dashboard's panels: the numbers of a range in words, bars and charts."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from ..models import Metric, Status, Verdict
from ..services.counting import OTHER
from ..services.figures import Figures, Number
from ..services.quotas import by_account
from ..story import words
from .charts import Chart, Series, Tick, anchor

MOST_ROWS = 12
FASTEST = 10.0
"""Milliseconds at the left end of the latency axis."""
SHORTEST_AXIS = 1000.0
SECOND, MINUTE = 1000.0, 60_000.0


class Tile(NamedTuple):
    """One number in large letters; ``kind`` is that of its line in the chart."""

    name: str
    kind: str
    number: Number
    change: str


class Step(NamedTuple):
    """One step of the funnel; ``width`` is its bar's, ``share`` of the tokens."""

    name: str
    number: int
    share: str
    width: str


class Row(NamedTuple):
    """A code with its number, what it means, and where to look."""

    code: str
    meaning: str
    advice: str
    action: str
    number: Number
    change: str
    width: str
    url: str


class Rest(NamedTuple):
    """What a list of codes leaves out: how many of them, how often, and where to look."""

    codes: int
    times: int
    url: str


class Percentile(NamedTuple):
    """One percentile of an action, where it lies, and what it was in the range before."""

    name: str
    kind: str
    says: str
    x: str
    before: str


class Latency(NamedTuple):
    """How long an action took."""

    action: str
    calls: Number
    percentiles: list[Percentile]


class Quota(NamedTuple):
    """What one action took of the calls a second that some accounts may make together."""

    action: str
    accounts: str
    calls: int
    busiest: int
    rate: int | None
    chart: Chart


def sessions(seen: Figures) -> dict[str, Any]:
    """Tiles and the chart that they are the legend of."""
    lines = [
        (Tile(name, kind, number, change(number)), Series(name, kind, values))
        for name, kind, number, values in _lines(seen)
    ]
    return {
        "tiles": [tile for tile, _series in lines],
        "chart": Chart(
            _("Sessions over time"), [series for _tile, series in lines], seen.steps, seen.until
        ),
    }


def _lines(seen: Figures) -> Iterator[tuple[str, str, Number, list[int | None]]]:
    for name, kind, metric, label in (
        (_("Tokens issued"), "issued", Metric.MOVED, Status.ISSUED),
        (_("Verified"), "verified", Metric.DECIDED, Verdict.VERIFIED),
        (_("Failed"), "failed", Metric.MOVED, Status.FAILED),
        (_("Expired"), "expired", Metric.MOVED, Status.EXPIRED),
    ):
        yield name, kind, seen.number(metric, label), seen.over_time(metric, label)


def funnel(seen: Figures) -> Iterator[Step]:
    """From token to verdict: how many took each step within the range."""
    results = [seen.number(Metric.MOVED, end).now for end in (Status.SUCCEEDED, Status.FAILED)]
    steps = (
        (_("Token issued"), seen.number(Metric.MOVED, Status.ISSUED).now),
        (_("Phone reported"), seen.number(Metric.REPORTED).now),
        (_("Result fetched"), sum(results)),
        (_("Verified"), seen.number(Metric.DECIDED, Verdict.VERIFIED).now),
    )
    first, most = steps[0][1], max(count for _name, count in steps)
    for name, count in steps:
        yield Step(name, count, percent(count, first), percent(count, most) or "0%")


def endings(seen: Figures) -> Iterator[tuple[str, Number, str]]:
    """How else sessions ended."""
    for name, metric, label in (
        (_("Rejected"), Metric.DECIDED, Verdict.REJECTED),
        (_("Canceled"), Metric.MOVED, Status.CANCELED),
        (_("No token came"), Metric.MOVED, Status.ERROR),
    ):
        number = seen.number(metric, label)
        yield name, number, change(number)


def errors(seen: Figures, calls_url: str) -> tuple[list[Row], Rest | None]:
    """Error codes of calls, each with a link to the calls it stands for, and what is left out."""
    found, since = seen.labels(Metric.ERROR), seen.steps[0]
    rows = [
        row._replace(url=_list_url(calls_url, since, error_code=row.code, action=row.action))
        for row in _rows(found)
    ]
    return rows, _rest(found, _list_url(calls_url, since))


def phone(seen: Figures, sessions_url: str) -> tuple[list[Row], Rest | None]:
    """What the phones' SDK said, "done" included, each trouble with a link to its sessions."""
    found, since = seen.labels(Metric.PHONE), seen.steps[0]
    rows = [
        row._replace(url=_list_url(sessions_url, since, sdk_code=label))
        if label.isdecimal() and int(label)
        else row
        for row, (_action, label, _number) in zip(_rows(found, of_phone=True), found, strict=False)
    ]
    return rows, _rest(found, "")


def _rest(found: Sequence[tuple[str, str, Number]], url: str) -> Rest | None:
    left = [number.now for _action, _code, number in found[MOST_ROWS:] if number.now]
    return Rest(len(left), sum(left), url) if left else None


def _rows(found: Sequence[tuple[str, str, Number]], *, of_phone: bool = False) -> Iterator[Row]:
    shown = found[:MOST_ROWS]
    most = max((number.now for _action, _code, number in shown), default=0)
    for action, code, number in shown:
        told = _sdk_code(code) if of_phone else words.explain_error(code)
        named = told or words.Explained(code, "")
        width = percent(number.now, most) or "0%"
        yield Row(
            named.code, named.meaning, named.advice, action, number, change(number), width, url=""
        )


def _sdk_code(label: str) -> words.Explained | None:
    if label == "":
        return words.Explained(_("none"), _("The phone reported without a code."))
    if label == OTHER:
        return words.Explained(_("other"), _("Codes that no SDK has."))
    return words.explain_sdk(int(label))


def _list_url(url: str, since: datetime, **filters: str) -> str:
    return f"{url}?{urlencode({**filters, 'from': since.isoformat()})}" if url else ""


def latencies(seen: Figures) -> dict[str, Any]:
    """Percentiles of each action on one axis, which grows by factors of ten up to the slowest."""
    found = list(seen.latencies())
    slowest = max((max(now) for _action, _calls, now, _before in found), default=0.0)
    reach = math.log10(max(slowest, SHORTEST_AXIS) / FASTEST)
    kinds = (("p50", "circle"), ("p95", "square"), ("p99", "triangle"))

    def share(milliseconds: float) -> float:
        return math.log10(max(milliseconds, FASTEST) / FASTEST) / reach

    def place(milliseconds: float) -> str:
        return f"{2 + 96 * share(milliseconds):.2f}%"

    ticks = [FASTEST * 10**power for power in range(math.floor(reach + 1e-9) + 1)]
    return {
        "latencies": [
            Latency(
                action,
                calls,
                [
                    Percentile(name, kind, duration(took), place(took), duration(earlier))
                    for (name, kind), took, earlier in zip(kinds, now, before, strict=True)
                ],
            )
            for action, calls, now, before in found
        ],
        "latency_ticks": [
            Tick(place(tick), duration(tick), anchor=anchor(share(tick))) for tick in ticks
        ],
    }


def quotas(seen: Figures) -> Iterator[Quota]:
    """Each quota's busiest seconds, held against what its accounts may do together in one."""
    shared = by_account()
    spent: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for metric in (Metric.CALLS, Metric.PEAK):
        for action, label, _number in seen.labels(metric):
            # A second of before they shared it is told by an account's own name.
            spent[action, shared[label].name if label in shared else label].add(label)
    rates = {quota.name: quota.rate for quota in shared.values()}
    found = [_quota(seen, *key, labels, rates.get(key[1])) for key, labels in spent.items()]
    yield from sorted(found, key=lambda quota: (-quota.calls, quota[:2]))


def _quota(seen: Figures, action: str, name: str, labels: set[str], rate: int | None) -> Quota:
    over_time = [seen.over_time(Metric.PEAK, label, action) for label in labels]
    peaks = [
        None if None in step else max(filter(None, step), default=0)
        for step in zip(*over_time, strict=True)
    ]
    return Quota(
        action,
        name,
        sum(seen.number(Metric.CALLS, label, action).now for label in labels),
        max(seen.number(Metric.PEAK, label, action).now for label in labels),
        rate,
        Chart(
            _("Busiest second of %(action)s with %(accounts)s")
            % {"action": action, "accounts": name},
            [Series(_("Busiest second"), "peak", peaks)],
            seen.steps,
            seen.until,
            limit=None if rate is None else (rate, _("%d allowed") % rate),
            bottom=104,
        ),
    )


def change(number: Number) -> str:
    """How a number compares with the range before, in a sign and a share."""
    if number.change is None:
        news = number.comparable and number.now and not number.before
        return _("new") if news else ""
    share = round(number.change * 100)
    if share == 0:
        return "±0 %"
    return f"▲ {share} %" if share > 0 else f"▼ {-share} %"


def duration(milliseconds: float | None) -> str:
    """A length of time with two digits that count, in the unit that suits; empty without any."""
    if milliseconds is None:
        return ""
    rounded = float(f"{milliseconds:.2g}")
    if rounded < SECOND:
        return _("%s ms") % f"{rounded:.0f}"
    if rounded < 2 * MINUTE:
        return _("%s s") % f"{rounded / SECOND:g}"
    return _("%s min") % f"{float(f'{milliseconds / MINUTE:.2g}'):.10g}"


def percent(part: int, whole: int) -> str:
    """A share as a length of a bar and in words; empty of nothing."""
    return f"{100 * part / whole:.0f}%" if whole else ""
