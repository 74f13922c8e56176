"""What holds whatever happened: each function names what breaks it, and nothing when nothing does.

Read from the rows alone, so that the same sentences judge one process, many, and killed ones.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from django_faceid import clock
from django_faceid.api.serializers import TokenSerializer
from django_faceid.models import (
    ApiCall,
    ClosedReason,
    EventKind,
    Outcome,
    Review,
    SessionEvent,
    Status,
    Subject,
    Verdict,
    VerificationSession,
    decide,
    digests,
)
from django_faceid.models.events import ANNOUNCED
from django_faceid.models.transitions import LIVE, TRANSITIONS, is_legal
from django_faceid.sandbox.tokens import Token
from django_faceid.services.outbox import GRACE
from django_faceid.services.recovery import ATTEMPT_LEASE
from django_faceid.tencent.types import GET_TOKEN

FINAL = frozenset(status for status in Status if not TRANSITIONS[status])
UNSURE = (Outcome.STARTED, Outcome.INTERRUPTED, Outcome.UNREACHABLE, Outcome.BROKEN)
SIGNAL_OF = {
    Status.ISSUED: "session_issued",
    Status.SUCCEEDED: "session_completed",
    Status.FAILED: "session_completed",
    Status.EXPIRED: "session_expired",
    Status.CANCELED: "session_canceled",
}

Sessions = Iterable[VerificationSession]
Heard = set[tuple[str, int]]


def broken(
    sessions: Sessions, events: Iterable[SessionEvent], tokens: Iterable[Token], heard: Heard
) -> Iterator[str]:
    """Whatever holds at any moment, and does not."""
    yield from two_live(sessions)
    yield from illegal_stories(sessions, events)
    yield from wrong_verdicts(sessions)
    yield from shown_tokens(sessions)
    yield from pulls_without_a_token(sessions)
    yield from early_endings(sessions)
    yield from unfiled_answers(sessions)
    yield from lost_tokens(tokens, sessions)
    yield from unheard(events, heard)


def two_live(sessions: Sessions) -> Iterator[str]:
    """At most one live session per subject and flow, and only live ones hold a ``live_key``."""
    live = [session for session in sessions if session.status in LIVE]
    for (_subject, flow), count in Counter((s.subject_key, s.flow) for s in live).items():
        if count > 1:
            yield f"{count} live sessions in {flow}"
    for session in sessions:
        subject = Subject(session.user, session.reference)
        expected = subject.live_key(session.flow) if session.status in LIVE else None
        if session.live_key != expected:
            yield f"{session}: {session.status} with a wrong live_key"


def illegal_stories(sessions: Sessions, events: Iterable[SessionEvent]) -> Iterator[str]:
    """The events of a session lead from ``pending`` to its status, each step legal and once."""
    moves: defaultdict[int, list[SessionEvent]] = defaultdict(list)
    for event in sorted(events, key=lambda event: event.pk):
        if event.kind == EventKind.TRANSITION:
            moves[event.session_id].append(event)
    for session in sessions:
        at: str = Status.PENDING
        for event in moves[session.pk]:
            if event.from_status != at or not is_legal(event.from_status, event.to_status):
                yield f"{session}: {event.from_status} to {event.to_status} from {at}"
            at = event.to_status
        if at != session.status:
            yield f"{session}: its events end in {at}, its row says {session.status}"
        if sum(event.to_status in FINAL for event in moves[session.pk]) > 1:
            yield f"{session}: ended more than once"


def wrong_verdicts(sessions: Sessions) -> Iterator[str]:
    """The verdict is what the table says, and a canceled session never has one."""
    for session in sessions:
        expected = decide(session.status, session.category, session.review).verdict
        if session.verdict != expected:
            yield f"{session}: {session.verdict}, the table says {expected}"
        if session.status == Status.CANCELED and session.verdict != Verdict.UNDECIDED:
            yield f"{session}: canceled and {session.verdict}"
        if (session.verified_at is not None) != (session.verdict == Verdict.VERIFIED):
            yield f"{session}: {session.verdict} and verified at {session.verified_at}"
        if session.review != Review.NONE and session.status not in FINAL:
            yield f"{session}: reviewed while {session.status}"


def shown_tokens(sessions: Sessions) -> Iterator[str]:
    """A client sees a token only while it may start a process with it."""
    for session in sessions:
        shown = TokenSerializer(session).data["sdk_token"]
        late = session.token_expires_at is None or session.token_expires_at <= clock.now()
        if shown and (late or session.reported_at is not None or session.status != Status.ISSUED):
            yield f"{session}: its token shows though nobody may start with it"
        if (shown is not None) != session.may_start:
            yield f"{session}: may_start and the token shown differ"


def pulls_without_a_token(sessions: Sessions) -> Iterator[str]:
    """Nothing is scheduled that can never be asked, and no error stands beside a result."""
    for session in sessions:
        if session.next_pull_at is not None and not session.sdk_token:
            yield f"{session}: {session.status}, due for a pull without a token"
        if session.result_error and session.result_code:
            yield f"{session}: a result {session.result_code} and {session.result_error}"


def lost_tokens(tokens: Iterable[Token], sessions: Sessions) -> Iterator[str]:
    """Every minted token is on the call that brought it, or a session's last call is unsure.

    A session asks again only where nothing was minted: it has one token, and one more at the most
    when nobody knows what its last call brought.
    """
    by_extra = {session.extra or str(session.public_id): session for session in sessions}
    calls: defaultdict[int | None, list[ApiCall]] = defaultdict(list)
    for call in ApiCall.objects.filter(action=GET_TOKEN).order_by("id"):
        calls[call.session_id].append(call)
    unfiled: Counter[VerificationSession] = Counter()
    for token in tokens:
        session = by_extra.get(token.Extra or "")
        digest = digests.keyed("sdk_token", token.SdkToken)
        if session is None:
            yield "a token of which no row knows"
        elif digest not in {call.sdk_token_digest for call in calls[session.pk]}:
            unfiled[session] += 1
    for session, count in unfiled.items():
        if count > (calls[session.pk][-1].outcome in UNSURE):
            yield f"{session}: {count} tokens that no call brought"
    for session in sessions:
        brought = sum(call.sdk_token_digest != "" for call in calls[session.pk])
        if brought > 1:
            yield f"{session}: {brought} tokens"


def early_endings(sessions: Sessions) -> Iterator[str]:
    """The clock ends nothing before its time."""
    for session in sessions:
        ends = session.token_expires_at
        if session.closed_reason == ClosedReason.CLOCK and (ends is None or ends > clock.now()):
            yield f"{session}: expired by the clock, which has until {ends}"


def unfiled_answers(sessions: Sessions) -> Iterator[str]:
    """Whatever Tencent answered about a session stands on the row of a call."""
    filed = set(ApiCall.objects.exclude(request_id="").values_list("session_id", "request_id"))
    for session in sessions:
        if session.request_id and (session.pk, session.request_id) not in filed:
            yield f"{session}: no call has its RequestId"


def unheard(events: Iterable[SessionEvent], heard: Heard) -> Iterator[str]:
    """Each signal of a delivered event was heard at least once."""
    for event in events:
        if event.kind in ANNOUNCED and event.delivered_at is not None:
            for name in expected_signals(event):
                if (name, event.pk) not in heard:
                    yield f"event {event.pk} ({event}): {name} was never heard"


def expected_signals(event: SessionEvent) -> list[str]:
    """The signals that an announced event owes to the host."""
    names = ["session_reviewed"] if event.kind == EventKind.REVIEW else []
    if event.to_status in SIGNAL_OF:
        names.append(SIGNAL_OF[Status(event.to_status)])
    if event.from_verdict != event.to_verdict:
        names.append("verdict_changed")
    return names


def left_behind() -> Iterator[str]:
    """After recovery and delivery nothing is open beyond its lease."""
    now = clock.now()
    for session in VerificationSession.objects.interrupted():
        yield f"{session}: pending past its lease"
    for session in VerificationSession.objects.overdue():
        yield f"{session}: issued past its ten minutes"
    for attempt in ApiCall.objects.filter(
        outcome=Outcome.STARTED, started_at__lte=now - ATTEMPT_LEASE
    ):
        yield f"call {attempt.pk}: started {attempt.started_at} and never ended"
    for event in SessionEvent.objects.filter(delivered_at=None, created_at__lte=now - GRACE):
        yield f"event {event.pk} ({event}): never delivered"
