"""The dashboard's panels: the numbers of a range in words, bars and charts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from .. import conf
from ..models import Metric, Status, Verdict
from ..services.counting import OTHER
from ..services.figures import Figures, Number
from ..story import words
from .charts import Chart, Series, Tick

MOST_ROWS = 12
FASTEST = 10.0
"""Milliseconds at the left end of the latency axis."""


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
    """What one action took of one account's calls a second."""

    account: str
    action: str
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


def errors(seen: Figures, calls_url: str) -> list[Row]:
    """Error codes of calls, each with a link to the calls it stands for."""
    return [
        row._replace(url=_list_url(calls_url, row, seen.steps[0]))
        for row in _rows(seen.labels(Metric.ERROR))
    ]


def phone(seen: Figures) -> list[Row]:
    """What the phones' SDK said, the code for "done" included."""
    return list(_rows(seen.labels(Metric.PHONE), of_phone=True))


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


def _list_url(calls_url: str, row: Row, since: datetime) -> str:
    named = {"error_code": row.code, "action": row.action, "from": since.isoformat()}
    return f"{calls_url}?{urlencode(named)}" if calls_url else ""


def latencies(seen: Figures) -> dict[str, Any]:
    """Percentiles of each action on one axis, which grows by factors of ten."""
    found = list(seen.latencies())
    slowest = max((max(now) for _action, _calls, now, _before in found), default=0.0)
    decades = max(2, math.ceil(math.log10(max(slowest, 1.0) / FASTEST)))
    kinds = (("p50", "circle"), ("p95", "square"), ("p99", "triangle"))

    def place(milliseconds: float) -> str:
        share = math.log10(max(milliseconds, FASTEST) / FASTEST) / decades
        return f"{2 + 96 * share:.2f}%"

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
            Tick(place(FASTEST * 10**power), duration(FASTEST * 10**power))
            for power in range(decades + 1)
        ],
    }


def quotas(seen: Figures) -> Iterator[Quota]:
    """Each action's busiest seconds, held against what its account may do in one."""
    for action, account, calls in seen.labels(Metric.CALLS):
        rate = _rate(account)
        peaks = seen.over_time(Metric.PEAK, account, action)
        yield Quota(
            account,
            action,
            calls.now,
            seen.number(Metric.PEAK, account, action).now,
            rate,
            Chart(
                _("Busiest second of %(action)s with account %(account)s")
                % {"action": action, "account": account},
                [Series(_("Busiest second"), "peak", peaks)],
                seen.steps,
                seen.until,
                limit=None if rate is None else (rate, _("%d allowed") % rate),
                bottom=104,
            ),
        )


def _rate(account: str) -> int | None:
    try:
        return conf.account(account).rate
    except conf.SettingError:
        return None  # it left FACEID


def change(number: Number) -> str:
    """How a number compares with the range before, in a sign and a share."""
    if number.change is None:
        return _("new") if number.now and not number.before else ""
    share = round(number.change * 100)
    if share == 0:
        return "±0 %"
    return f"▲ {share} %" if share > 0 else f"▼ {-share} %"


def duration(milliseconds: float | None) -> str:
    """Milliseconds with two digits that count; empty without any."""
    if milliseconds is None:
        return ""
    if milliseconds >= 1000:
        return _("%s s") % f"{milliseconds / 1000:.2g}"
    return _("%s ms") % f"{float(f'{milliseconds:.2g}'):.0f}"


def percent(part: int, whole: int) -> str:
    """A share as a length of a bar and in words; empty of nothing."""
    return f"{100 * part / whole:.0f}%" if whole else ""
