"""A week that never was: sessions, calls and events for a desk that would be empty otherwise."""

from __future__ import annotations

import math
import random
import uuid
from collections import deque
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password

from django_faceid import clock
from django_faceid.models import (
    ApiCall,
    EventKind,
    Outcome,
    Review,
    SessionEvent,
    Source,
    Status,
    Subject,
    Verdict,
    VerificationSession,
)
from django_faceid.tencent.codes import error_code, result_category
from django_faceid.tencent.types import GET_RESULT, GET_TOKEN

FIRST = "Amelia Budi Chen Dewi Emre Farah Goran Hana Indra Jonas Kaya Linh Mateo Nadia Omar Priya"
LAST = "Abbas Berg Costa Dogan Endo Ferrari Gupta Hartono Ivanova Jansen Kaplan Lim Moreau Nguyen"
RESULT_LIFETIME = timedelta(hours=72)
TOKEN_LIFETIME = timedelta(minutes=10)


class Ending(NamedTuple):
    """One way in which a session can go, and how often out of a hundred it does."""

    weight: int
    status: Status
    code: str = ""
    tags: tuple[str, ...] = ()
    sdk_code: int | None = None


ENDINGS = (
    Ending(76, Status.SUCCEEDED, "0"),
    Ending(5, Status.FAILED, "1201"),
    Ending(3, Status.FAILED, "2013", sdk_code=217),
    Ending(2, Status.FAILED, "1005", ("09", "12")),
    Ending(1, Status.FAILED, "1002", ("03",)),
    Ending(1, Status.FAILED, "1005", ("05",)),
    Ending(3, Status.EXPIRED, sdk_code=215),
    Ending(2, Status.EXPIRED, sdk_code=212),
    Ending(1, Status.EXPIRED, sdk_code=211),
    Ending(4, Status.EXPIRED),
    Ending(1, Status.CANCELED, sdk_code=212),
    Ending(1, Status.ERROR, "InternalError.UnKnown"),
)


class Past:
    """Makes sessions up, the same ones each time; the last of them ended a little while ago."""

    def __init__(self, sessions: int, days: int) -> None:
        self._dice = random.Random(1061)  # noqa: S311 - nothing secret
        self._now = clock.now()
        self._moments = deque(sorted(self._moment(days) for _each in range(sessions)))
        self._calls: list[ApiCall] = []
        self._events: list[SessionEvent] = []
        self.people = self._people()

    def write(self, until: datetime) -> None:
        """Store what began before a moment and is not stored yet, in the order of its time."""
        told = []
        while self._moments and self._moments[0] < until:
            told.append(self._session(self._dice.choice(self.people), self._moments.popleft()))
        VerificationSession.objects.bulk_create([row for row, _ending in told], batch_size=200)
        for session, ending in told:
            self._tell(session, ending)
        self._calls.sort(key=lambda call: call.started_at)
        ApiCall.objects.bulk_create(self._calls, batch_size=200)
        self._events.sort(key=lambda event: event.created_at)
        SessionEvent.objects.bulk_create(self._events, batch_size=200)
        self._calls, self._events = [], []

    def _people(self) -> list[Any]:
        model = get_user_model()
        names = [f"{first}.{last}".lower() for first in FIRST.split() for last in LAST.split()]
        chosen = self._dice.sample(names, 160)
        nobody_logs_in = make_password(None)
        found = [
            model(username=name, email=f"{name}@example.com", password=nobody_logs_in)
            for name in chosen
        ]
        model._default_manager.bulk_create(found, ignore_conflicts=True)
        return list(model._default_manager.filter(username__in=chosen).order_by("username"))

    def _moment(self, days: int) -> datetime:
        """More by day than by night, and more of late than at first."""
        while True:
            ago = timedelta(days=days * self._dice.random() ** 1.25, minutes=12)
            moment = self._now - ago
            awake = 0.5 - 0.5 * math.cos(2 * math.pi * (moment.hour - 3) / 24)
            if self._dice.random() < 0.08 + 0.92 * awake:
                return moment

    def _session(self, user: Any, created: datetime) -> tuple[VerificationSession, Ending]:
        ending = self._dice.choices(ENDINGS, [each.weight for each in ENDINGS])[0]
        subject = Subject.of(user)
        issued = created + timedelta(milliseconds=self._milliseconds(160))
        session = VerificationSession(
            user=user,
            subject_key=subject.key,
            flow="default",
            flow_snapshot={"review": "never"},
            account="default",
            livemode=False,
            assurance="liveness",
            created_at=created,
            status=ending.status,
            sdk_code=ending.sdk_code,
            trace_id=self._uuid(),
            request_id=self._uuid(),
        )
        if ending.status == Status.ERROR:
            session.error_code, session.category = ending.code, "provider"
            return session, ending
        session.issued_at = issued
        session.token_expires_at = issued + TOKEN_LIFETIME
        session.result_expires_at = issued + RESULT_LIFETIME
        if ending.sdk_code or ending.code:
            session.reported_at = issued + timedelta(seconds=self._dice.lognormvariate(3.5, 0.5))
        if ending.code:
            self._decide(session, ending)
        return session, ending

    def _decide(self, session: VerificationSession, ending: Ending) -> None:
        session.result_code = ending.code
        session.category = result_category(ending.code, ending.tags).value
        session.liveness_info_tag = list(ending.tags)
        session.device_info_level = self._dice.choice("1112")
        session.result_at = (session.reported_at or session.created_at) + timedelta(seconds=1)
        session.pulls = 1
        columns = session.verdict_columns(
            ending.status, session.category, Review.NONE, result_at=session.result_at
        )
        for name, value in columns.items():
            setattr(session, name, value)

    def _tell(self, session: VerificationSession, ending: Ending) -> None:
        if ending.status == Status.ERROR:
            self._call(session, GET_TOKEN, session.created_at, ending.code)
            self._move(session, session.created_at, Status.PENDING, Status.ERROR, ending.code)
            return
        # One answer in thirty is slow, and one in sixty comes only at the second attempt.
        if self._dice.random() < 1 / 60:
            self._call(session, GET_TOKEN, session.created_at, "RequestLimitExceeded")
        self._call(session, GET_TOKEN, session.created_at)
        self._move(session, session.issued_at, Status.PENDING, Status.ISSUED)
        code = "" if session.sdk_code is None else str(session.sdk_code)
        self._event(session, session.reported_at, EventKind.REPORTED, Source.API, reason=code)
        if session.result_at:
            self._call(session, GET_RESULT, session.result_at - timedelta(milliseconds=250))
            self._move(session, session.result_at, Status.ISSUED, ending.status)
        elif ending.status == Status.CANCELED:
            self._move(session, session.reported_at, Status.ISSUED, Status.CANCELED)
        else:
            ends = session.token_expires_at
            self._call(session, GET_RESULT, ends)
            self._move(session, ends, Status.ISSUED, Status.EXPIRED, source=Source.TASK)

    def _call(
        self, session: VerificationSession, action: str, at: datetime | None, error: str = ""
    ) -> None:
        if at is None:
            return
        known = error_code(error) if error else None
        issued = action == GET_TOKEN and not error
        self._calls.append(
            ApiCall(
                session=session,
                action=action,
                account="default",
                region="ap-singapore",
                started_at=at,
                milliseconds=self._milliseconds(160 if action == GET_TOKEN else 95),
                waited=self._dice.choice((0, 0, 0, 0, 12, 40)),
                http_status=200,
                request_id=session.request_id if issued else self._uuid(),
                outcome=Outcome.REFUSED if error else Outcome.OK,
                error_code=error,
                message=known.meaning if known else "",
                trace_id=session.trace_id,
            )
        )

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._dice.getrandbits(128), version=4))

    def _milliseconds(self, usual: int) -> int:
        slow = 9 if self._dice.random() < 1 / 30 else 1
        return int(slow * self._dice.lognormvariate(math.log(usual), 0.35))

    def _move(
        self,
        session: VerificationSession,
        at: datetime | None,
        old: Status,
        new: Status,
        reason: str = "",
        source: Source = Source.API,
    ) -> None:
        verdict = session.verdict if new == session.status else Verdict.UNDECIDED
        self._event(
            session,
            at,
            EventKind.TRANSITION,
            source,
            from_status=old,
            to_status=new,
            from_verdict=Verdict.UNDECIDED,
            to_verdict=verdict,
            reason=reason,
        )

    def _event(
        self,
        session: VerificationSession,
        at: datetime | None,
        kind: EventKind,
        source: Source,
        **columns: Any,
    ) -> None:
        if at is None:  # it never came to that
            return
        event = SessionEvent(
            session=session, kind=kind, source=source, created_at=at, delivered_at=at, **columns
        )
        self._events.append(event)
