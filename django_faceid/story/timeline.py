"""Every attempt and every event of a session, in the order in which they happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from ..models import (
    ApiCall,
    EventKind,
    Review,
    SessionEvent,
    Source,
    Status,
    Verdict,
    VerificationSession,
)
from ..services import reasons
from ..tencent.types import GET_RESULT, GET_TOKEN
from . import badges, spans, words
from .facts import Fact, explained, of_call

MOST_ENTRIES = 500


@dataclass(frozen=True)
class Entry:
    """One moment of a session's story; ``after`` is the time since its beginning."""

    moment: datetime
    title: str
    after: str
    badge: badges.Badge | None = None
    facts: list[Fact] = field(default_factory=list)
    call: ApiCall | None = None


@dataclass(frozen=True)
class Timeline:
    """The newest entries of a session; ``cut`` when there are older ones.

    ``events`` are what the entries were made from, newest first.
    """

    entries: list[Entry]
    cut: bool
    events: list[SessionEvent]


def of(session: VerificationSession, *, personal: bool) -> Timeline:
    """A session's story, from two queries, for a reader who may see ``personal`` data or not."""
    calls = list(session.calls.order_by("-id")[: MOST_ENTRIES + 1])
    newest = session.events.select_related("actor").order_by("-id")
    events = list(newest[: MOST_ENTRIES + 1])
    cut = max(len(calls), len(events)) > MOST_ENTRIES
    entries = [
        Entry(session.created_at, _("Session opened"), _("start")),
        *(_of_call(session, call, personal) for call in reversed(calls[:MOST_ENTRIES])),
        *(_of_event(session, event) for event in reversed(events[:MOST_ENTRIES])),
    ]
    return Timeline(sorted(entries, key=lambda entry: entry.moment), cut, events)


def _after(session: VerificationSession, moment: datetime) -> str:
    return f"+{spans.words(max(moment, session.created_at) - session.created_at)}"


def _of_call(session: VerificationSession, call: ApiCall, personal: bool) -> Entry:
    titles = {
        GET_TOKEN: _("Asked Tencent for a token"),
        GET_RESULT: _("Asked Tencent for the result"),
    }
    return Entry(
        call.started_at,
        titles.get(call.action, call.action),
        _after(session, call.started_at),
        badges.of_outcome(call),
        of_call(call, personal=personal),
        call,
    )


def _of_event(session: VerificationSession, event: SessionEvent) -> Entry:
    return Entry(
        event.created_at,
        _title(event),
        _after(session, event.created_at),
        None,
        [
            Fact(_("By"), _who(session, event)),
            *_why(event),
            *_verdict_change(event),
            *_said(event),
            *_cause(event),
        ],
    )


def _title(event: SessionEvent) -> str:
    if event.kind == EventKind.TRANSITION:
        old, new = _label(Status, event.from_status), _label(Status, event.to_status)
        return _("Status: %(old)s → %(new)s") % {"old": old, "new": new}
    if event.kind == EventKind.REVIEW_PROPOSED:
        return _("First of two decisions: %s") % _decision(event).label
    if event.kind == EventKind.REVIEW:
        return _("Staff: %s") % _decision(event).label
    return str(event.get_kind_display()).capitalize()


def _label(choices: type[Status] | type[Verdict], value: str) -> str:
    return str(dict(choices.choices).get(value, value))


def _who(session: VerificationSession, event: SessionEvent) -> str:
    source = event.get_source_display()
    if event.actor_pk and _is_the_persons_own(session, event):
        return _("the person (%s)") % source  # whose name not everybody may see
    if event.actor is not None:
        return f"{event.actor.get_username()} ({source})"
    if event.actor_pk:
        gone = _("user %s, deleted since") % event.actor_pk
        return f"{gone} ({source})"
    return source


def _is_the_persons_own(session: VerificationSession, event: SessionEvent) -> bool:
    # What staff do to a session of their own they do as staff: auditors must read who it was.
    by_themselves = event.source != Source.STAFF and event.actor_pk == str(session.user_id)
    return event.source == Source.API or by_themselves


def _why(event: SessionEvent) -> list[Fact]:
    if not event.reason:
        return []
    if event.kind == EventKind.REPORTED and event.reason.lstrip("-").isdecimal():
        return [explained(_("Phone said (unproven)"), words.explain_sdk(int(event.reason)))]
    if event.kind == EventKind.LATE_RESULT:
        return [explained(_("Result"), words.explain_result(event.reason))]
    if event.kind == EventKind.RESULT_ERROR or event.to_status == Status.ERROR:
        return [explained(_("Why"), words.explain_error(event.reason))]
    if event.kind == EventKind.LATE_TOKEN:
        return [Fact(_("RequestId"), event.reason, copy=True)]
    return [_reason(event)]


def _reason(event: SessionEvent) -> Fact:
    if event.kind in (EventKind.MEDIA_KEPT, EventKind.MEDIA_LOST, EventKind.MEDIA_VIEWED):
        return Fact(_("Which"), words.media(event.reason), long=True)
    if event.kind not in (EventKind.REVIEW, EventKind.REVIEW_PROPOSED):
        return Fact(_("Reason"), event.reason, long=True)
    said = reasons.words(_decision(event), event.reason)
    return Fact(_("Reason"), said, event.reason if said != event.reason else "", long=True)


def _said(event: SessionEvent) -> list[Fact]:
    if event.note and event.kind == EventKind.MEDIA_ERASED:
        return [Fact(_("Which"), words.media(event.note), long=True)]
    said = ((_("Note"), event.note), (_("Told the user"), event.public_comment))
    return [Fact(label, text, long=True) for label, text in said if text]


def _decision(event: SessionEvent) -> Review:
    return Review.APPROVED if event.to_verdict == Verdict.VERIFIED else Review.REJECTED


def _verdict_change(event: SessionEvent) -> list[Fact]:
    if event.from_verdict == event.to_verdict or event.kind == EventKind.REVIEW_PROPOSED:
        return []
    old, new = _label(Verdict, event.from_verdict), _label(Verdict, event.to_verdict)
    return [Fact(_("Verdict"), f"{old} → {new}")]


def _cause(event: SessionEvent) -> list[Fact]:
    if event.call_pk is None:
        return []
    return [Fact(_("Follows from"), _("this answer"), href=f"#call-{event.call_pk}")]
