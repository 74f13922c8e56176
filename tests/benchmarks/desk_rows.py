"""Ninety days of a busy desk: sessions, five calls each, three events each, made in PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import rows
from .progress import bar
from .rows import _NOW

if TYPE_CHECKING:
    from django.db.models import Model

BATCH = 25_000
TOKEN = "C8CFF283-539AF-014E77-A5CF-DD9CAD93EFE2"
REFERENCE = "CUST-4711"
# Out of the way of the keys that are drawn.
_TEMPLATE = 10**12

# The newest tokens are live, and those of one minute overdue, as between two sweeps.
# Each draw is made once for a row, then read by many columns.
_DRAWS = """
    SELECT g, {now} - interval '90 days' * (1 - g / {total}.0) AS born,
        random() AS a, random() AS b, random() AS c, random() AS e, random() AS f
    FROM generate_series({first}, {last}) g OFFSET 0
"""
_STATUSES = """
    SELECT *, CASE
        WHEN born > {now} - interval '11 minutes' THEN 'issued'
        WHEN a < 0.62 THEN 'succeeded' WHEN a < 0.76 THEN 'failed' WHEN a < 0.94 THEN 'expired'
        WHEN a < 0.97 THEN 'canceled' ELSE 'error' END AS status,
        CASE WHEN b < 0.20 THEN 'spoof' WHEN b < 0.35 THEN 'mismatch' WHEN b < 0.95 THEN 'capture'
            ELSE 'provider' END AS trouble,
        CASE WHEN c < 0.70 THEN 'onboarding' WHEN c < 0.90 THEN 'withdraw'
            WHEN c < 0.99 THEN 'login' ELSE 'private_banking' END AS flow
    FROM ({draws}) drawn
"""
_SESSIONS = """
    SELECT *, CASE
        WHEN status = 'failed' AND e < 0.15 OR status = 'succeeded' AND e < 0.02 THEN
            CASE WHEN born > {now} - interval '1 day' THEN 'pending'
            WHEN b < 0.5 THEN 'approved' ELSE 'rejected' END
        ELSE 'none' END AS review,
        status IN ('succeeded', 'failed') AS decided
    FROM ({statuses}) with_status
"""
_CODE = """CASE WHEN b < 0.50 THEN 'RequestLimitExceeded' WHEN b < 0.68 THEN 'InternalError'
    WHEN b < 0.70 THEN 'AuthFailure.SignatureExpire' WHEN b < 0.90 THEN 'ConnectFailed'
    WHEN b < 0.99 THEN 'Interrupted' ELSE 'HttpStatus' END"""
_DRAWN_CALLS = """
    SELECT s.id, s.status, s.error_code, s.request_id, n, random() AS a, random() AS b,
        s.created_at + n * interval '20 seconds' AS started
    FROM faceid_verificationsession s, generate_series(0, 1 + mod(s.id, 7)) n
    WHERE s.id BETWEEN {first} AND {last} ORDER BY started
"""
_CALLS = """
    SELECT *, CASE WHEN error_code <> '' THEN error_code WHEN a > 0.965 THEN {code} ELSE '' END
        AS code
    FROM ({draws}) drawn
"""
_EVENTS = """
    SELECT s.id, s.status, s.verdict, s.review, kind,
        s.created_at + after * interval '1 second' AS happened
    FROM faceid_verificationsession s, (VALUES ('opened', 1), ('reported', 60), ('closed', 75),
        ('review', 3600)) steps (kind, after)
    WHERE s.id BETWEEN {first} AND {last} AND CASE kind
        WHEN 'reported' THEN s.result_code <> '' WHEN 'closed' THEN s.status <> 'issued'
        WHEN 'review' THEN s.review IN ('approved', 'rejected') ELSE true END
    ORDER BY happened
"""


def fill(total: int) -> None:
    """``total`` sessions up to ``rows.NOW`` with their users, calls, events and counts."""
    from django_faceid.services.rollups import roll_up

    rows.stop_clock()
    with rows.at_once():
        users = max(10, total // 4)
        _fill_users(users)
        batches = [
            (first, min(first + BATCH, total + 1) - 1) for first in range(1, total + 1, BATCH)
        ]
        session, call, event = _templates()
        for first, last in bar("sessions", batches):
            _fill_sessions(session, first, last, total, users)
        for first, last in bar("calls", batches):
            _fill_calls(call, first, last)
        for first, last in bar("events", batches):
            _fill_events(event, first, last)
        session.delete()
    _samples(total)
    rows.settle()
    for _all in bar("counts", ["ninety days"]):
        # What the dashboard shows, as its task would have counted it meanwhile.
        roll_up(seconds=3600)


def _templates() -> tuple[Model, Model, Model]:
    from django_faceid.models import ApiCall, SessionEvent, Status
    from django_faceid.testing import make_session

    session = make_session("template", pk=_TEMPLATE, status=Status.ERROR)
    call = ApiCall.objects.create(
        pk=_TEMPLATE, session=session, action="", account="default", region="ap-singapore"
    )
    event = SessionEvent.objects.create(pk=_TEMPLATE, session=session, kind="reported")
    return session, call, event


def _fill_users(count: int) -> None:
    from django.contrib.auth.models import User

    rows.multiply(User.objects.create_user("template"), count, username="'user-' || g")


def _fill_sessions(template: Model, first: int, last: int, total: int, users: int) -> None:
    draws = _DRAWS.format(now=_NOW, total=total, first=first, last=last)
    statuses = _STATUSES.format(now=_NOW, draws=draws)
    opened = "CASE WHEN status <> 'error' THEN {} END"
    decided = "CASE WHEN decided THEN {} ELSE '' END"
    rows.copy(
        template,
        _SESSIONS.format(now=_NOW, statuses=statuses),
        id="g",
        public_id=rows.public_id("born"),
        user_id=f"(SELECT min(id) FROM auth_user) + mod(g::bigint * 7919, {users})",
        reference="''",
        subject_key=rows.digest("subject"),
        live_key=f"CASE WHEN status = 'issued' THEN {rows.digest('live')} END",
        flow="flow",
        livemode="f < 0.98",
        request_id="gen_random_uuid()::text",
        trace_id="gen_random_uuid()::text",
        status="status",
        closed_reason="CASE WHEN status = 'expired' THEN 'clock' ELSE '' END",
        error_code=f"CASE WHEN status = 'error' THEN {_CODE} ELSE '' END",
        created_at="born",
        issued_at=opened.format("born"),
        token_expires_at=opened.format("born + interval '10 minutes'"),
        result_expires_at=opened.format("born + interval '72 hours'"),
        result_at="CASE WHEN decided THEN born + interval '75 seconds' END",
        result_code=decided.format(
            "CASE WHEN status = 'succeeded' THEN '0' WHEN trouble = 'spoof' THEN '1002' "
            "WHEN trouble = 'mismatch' THEN '2016' WHEN trouble = 'capture' THEN '1201' "
            "ELSE '1001' END"
        ),
        category=decided.format("CASE WHEN status = 'succeeded' THEN 'passed' ELSE trouble END"),
        result_error="CASE WHEN status = 'expired' AND e > 0.99 THEN 'InternalError' ELSE '' END",
        sdk_code="CASE WHEN decided THEN 0 WHEN status = 'expired' AND e < 0.4 THEN "
        "CASE WHEN b < 0.05 THEN 211 WHEN b < 0.6 THEN 212 ELSE 215 END END",
        review="review",
        verdict="CASE WHEN NOT decided OR review = 'pending' THEN 'undecided' "
        "WHEN review = 'rejected' THEN 'rejected' "
        "WHEN status = 'succeeded' OR review = 'approved' THEN 'verified' "
        "WHEN trouble IN ('spoof', 'mismatch') THEN 'rejected' ELSE 'undecided' END",
    )


def _fill_calls(template: Model, first: int, last: int) -> None:
    rows.copy(
        template,
        _CALLS.format(code=_CODE, draws=_DRAWN_CALLS.format(first=first, last=last)),
        session_id="id",
        action="CASE WHEN n = 0 OR status = 'error' THEN 'GetFaceIdTokenIntl' "
        "ELSE 'GetFaceIdResultIntl' END",
        attempt="CASE WHEN status = 'error' THEN n + 1 ELSE 1 END",
        started_at="started",
        milliseconds="80 + (2000 * power(b, 8))::int",
        http_status="200",
        request_id="CASE WHEN n = 0 THEN request_id WHEN code IN ('ConnectFailed', 'Interrupted') "
        "THEN '' ELSE gen_random_uuid()::text END",
        error_code="code",
        outcome="CASE code WHEN '' THEN 'ok' WHEN 'ConnectFailed' THEN 'unreachable' "
        "WHEN 'Interrupted' THEN 'interrupted' WHEN 'HttpStatus' THEN 'broken' ELSE 'refused' END",
        trace_id="gen_random_uuid()::text",
        sdk_token_digest="CASE WHEN n > 0 OR status = 'error' THEN '' ELSE md5('token' || id) END",
    )


def _fill_events(template: Model, first: int, last: int) -> None:
    rows.copy(
        template,
        _EVENTS.format(first=first, last=last),
        session_id="id",
        kind="CASE WHEN kind IN ('opened', 'closed') THEN 'transition' ELSE kind END",
        from_status="CASE kind WHEN 'opened' THEN 'pending' WHEN 'closed' THEN 'issued' "
        "ELSE '' END",
        to_status="CASE kind WHEN 'opened' THEN 'issued' WHEN 'closed' THEN status ELSE '' END",
        from_verdict="'undecided'",
        to_verdict="CASE WHEN kind IN ('closed', 'review') THEN d.verdict ELSE 'undecided' END",
        source="CASE kind WHEN 'closed' THEN 'task' WHEN 'review' THEN 'staff' ELSE 'api' END",
        reason="CASE kind WHEN 'review' THEN 'documents' ELSE '' END",
        created_at="happened",
        delivered_at="happened",
    )


def _samples(total: int) -> None:
    """What is searched for, in the middle; and the newest session, fifty attempts old."""
    from django_faceid.models import ApiCall, SessionEvent, Subject, VerificationSession, digests
    from django_faceid.testing import make_session

    middle = ApiCall.objects.filter(session=total // 2, action="GetFaceIdTokenIntl")
    middle.update(sdk_token_digest=digests.keyed("sdk_token", TOKEN))
    theirs = Subject.of(REFERENCE).key
    third = VerificationSession.objects.filter(pk=total // 3)
    third.update(user=None, reference=REFERENCE, subject_key=theirs)
    session = make_session("a long story")
    ApiCall.objects.bulk_create(
        ApiCall(
            session=session,
            action="GetFaceIdResultIntl",
            account="default",
            region="ap-singapore",
            outcome="refused",
            error_code="InternalError",
            request_id=f"attempt-{number}",
        )
        for number in range(50)
    )
    SessionEvent.objects.bulk_create(
        SessionEvent(session=session, kind="reported", source="api", reason="222")
        for _number in range(100)
    )
