"""A session's story as lines of plain text, for terminals and files."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone

from django.utils.translation import gettext as _

from ..models import ApiCall, VerificationSession
from . import badges, clocks, facts, others, summary, timeline
from .facts import Fact
from .signs import printable

WIDTH = 100
_LABELS = 26
_BAR = 40


def of_session(session: VerificationSession, who: str, *, personal: bool) -> Iterator[str]:
    """Everything that is known of a session; ``who`` is its person as the reader may know them.

    ``personal`` says whether the reader may see personal data.
    """
    yield _("Session %s") % session.public_id
    yield from _rows(_head(session, who))
    yield ""
    yield from textwrap.wrap(" ".join(summary.of(session)), WIDTH)
    yield from _titled(_("Clocks"), _clocks(session))
    yield from _titled(_("What came back"), _rows(facts.came_back(session)))
    yield from _titled(_("What was asked for"), _rows(facts.asked_for(session, personal=personal)))
    yield from _titled(_("Time line"), _timeline(session, personal))
    yield from _titled(_("On file"), _rows(facts.on_file(session)))
    yield from _titled(_("The same person's other sessions"), _others(session))


def of_call(call: ApiCall) -> Iterator[str]:
    """One attempt that belongs to no session."""
    yield _("API call: %(action)s, %(outcome)s") % {
        "action": printable(call.action),
        "outcome": _badge(badges.of_outcome(call)),
    }
    yield from _rows([Fact(_("Started"), call.started_at), *facts.of_call(call, personal=False)])
    yield _("It belongs to no session.")


def in_a_list(sessions: Iterable[VerificationSession]) -> Iterator[str]:
    """One line for each session."""
    for session in sessions:
        yield "  ".join(
            (
                moment(session.created_at),
                f"{_badge(badges.of_status(session)):13}",
                f"{_badge(badges.of_verdict(session)):13}",
                str(session.public_id),
                printable(session.flow),
            )
        )


def moment(when: datetime) -> str:
    """A moment to the second, in UTC."""
    return f"{when.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S} UTC"


def _head(session: VerificationSession, who: str) -> list[Fact]:
    mode = _("live") if session.livemode else _("test")
    return [
        Fact(_("Person"), who),
        Fact(_("Status"), _badge(badges.of_status(session))),
        Fact(_("Verdict"), _badge(badges.of_verdict(session))),
        Fact(_("Review"), _badge(badges.of_review(session))),
        Fact(_("Flow, attempt, mode"), f"{session.flow}, {session.attempt}, {mode}"),
    ]


def _titled(title: str, lines: Iterator[str]) -> Iterator[str]:
    yield ""
    yield title
    yield from lines


def _rows(rows: Iterable[Fact], indent: str = "  ") -> Iterator[str]:
    for fact in rows:
        if fact.href:  # leads to another place of a page
            continue
        label = f"{indent}{printable(fact.label):{_LABELS}}"
        yield from _wrapped(_value(fact), label, " " * len(label))
        if fact.more:
            yield from _wrapped(fact.more, " " * len(label), " " * len(label))


def _value(fact: Fact) -> str:
    if fact.is_missing:
        return f"({fact.instead})"
    return moment(fact.moment) if fact.moment else str(fact.value)


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    # What is pasted elsewhere, a RequestId or a digest, must stay in one piece.
    return textwrap.wrap(
        printable(text.replace("\r\n", " ").replace("\n", " ")),
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _clocks(session: VerificationSession) -> Iterator[str]:
    bars = clocks.bars(session)
    if not bars:
        yield "  " + _("No clock has started: no token came.")
    for bar in bars:
        yield f"  {bar.label:{_LABELS}}{_drawn(bar)}  {bar.says}"
        told = [(_("issued"), bar.start), *((f"* {m.label}", m.moment) for m in bar.marks)]
        if bar.running:
            told.append((_("| now"), bar.now))
        for label, when in [*told, (_("ends"), bar.end)]:
            yield f"  {'':{_LABELS}}{label:18} {moment(when)}"


def _drawn(bar: clocks.Bar) -> str:
    """``=`` has passed, ``.`` is to come, ``*`` is what happened, ``|`` is now."""
    now = _column(bar.x)
    signs = ["=" if column < now else "." for column in range(_BAR + 1)]
    for mark in bar.marks:
        signs[_column(mark.x)] = "*"
    if bar.running:
        signs[now] = "|"
    return f"[{''.join(signs)}]"


def _column(x: str) -> int:
    return round(int(x) * _BAR / clocks.WIDTH)


def _timeline(session: VerificationSession, personal: bool) -> Iterator[str]:
    story = timeline.of(session, personal=personal)
    if story.cut:
        yield "  " + _("Only the newest entries are shown.")
    for entry in story.entries:
        outcome = f"  {_badge(entry.badge)}" if entry.badge else ""
        yield f"  {moment(entry.moment)}  {entry.after:12}  {printable(entry.title)}{outcome}"
        yield from _rows(entry.facts, "      ")


def _others(session: VerificationSession) -> Iterator[str]:
    same = others.of(session)
    if not same:
        yield "  " + _("None")
    for line in in_a_list(same):
        yield f"  {line}"


def _badge(badge: badges.Badge) -> str:
    return f"{badge.sign} {badge.text}"
