"""What was seen once, and therefore has to stay so or to follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django_faceid import clock, services
from django_faceid.models import Status, Verdict, VerificationSession
from django_faceid.sandbox.tokens import Token
from django_faceid.services.errors import KeyReused, ServiceError
from django_faceid.services.idempotency import KEPT_FOR

from .world import FLOWS, PEOPLE, REVIEWED_FLOW, VALID_FOR

# Real time goes on between our clock and theirs.
MARGIN = timedelta(minutes=1)


class Answer(NamedTuple):
    """What a key was used for, and not before when."""

    body: Any
    session: int
    since: datetime


class Keys:
    """Every repeat with a used key gets what the first one got, for a day."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], Answer] = {}

    def used(self) -> list[tuple[tuple[str, str], Any]]:
        """Who used which key, and what for."""
        return [(used, answer.body) for used, answer in self._answers.items()]

    def holds(
        self,
        who: str,
        key: str,
        body: Any,
        asked_at: datetime,
        answer: VerificationSession | ServiceError,
    ) -> None:
        """Judge an answer by the one before it, and remember it."""
        known = self._answers.get((who, key))
        if known is not None and asked_at < known.since + KEPT_FOR - MARGIN:
            if body != known.body:
                assert isinstance(answer, KeyReused), answer
            else:
                assert isinstance(answer, VerificationSession), answer
                assert answer.pk == known.session
        elif isinstance(answer, VerificationSession) and known_as(known) != answer.pk:
            # No claim is older than its session, though it may be as old.
            self._answers[who, key] = Answer(body, answer.pk, answer.created_at)


def known_as(answer: Answer | None) -> int | None:
    return None if answer is None else answer.session


class Memory:
    """Results, cancellations and decisions stay; the gate is made of nothing else."""

    def __init__(self) -> None:
        self.first_seen: dict[int, VerificationSession] = {}
        self.decisions: dict[int, Verdict] = {}
        self._results: dict[int, tuple[Any, ...]] = {}
        self._canceled: set[int] = set()

    def agrees(self, sessions: Sequence[VerificationSession], tokens: Iterable[Token]) -> None:
        """Compare what is stored with what is remembered, and remember what is new."""
        phones = {token.Extra: token.Result for token in tokens}
        for session in sessions:
            self.first_seen.setdefault(session.pk, session)
            self._result_stays(session, phones)
            self._cancel_stays(session)
        self._gate_agrees(sessions)

    def _result_stays(
        self, session: VerificationSession, phones: Mapping[str | None, str | None]
    ) -> None:
        result = (session.result_code, session.category, session.result_at)
        if session.result_code:
            assert session.result_code == phones[str(session.public_id)]
            assert self._results.setdefault(session.pk, result) == result

    def _cancel_stays(self, session: VerificationSession) -> None:
        if session.status == Status.CANCELED:
            self._canceled.add(session.pk)
        assert (session.pk in self._canceled) == (session.status == Status.CANCELED)

    def _gate_agrees(self, sessions: Sequence[VerificationSession]) -> None:
        """``is_verified`` is what Tencent said and staff decided, and nothing else."""
        now = clock.now()
        proven = {
            (session.reference, session.flow)
            for session in sessions
            if self.decisions.get(session.pk, self._vendor_says(session)) == Verdict.VERIFIED
            and not _is_over(session, now)
        }
        for who in PEOPLE:
            for flow in FLOWS:
                assert services.is_verified(who, flow) == ((who, flow) in proven)

    def _vendor_says(self, session: VerificationSession) -> Verdict:
        passed = session.result_code == "0" and session.pk not in self._canceled
        return Verdict.VERIFIED if passed else Verdict.UNDECIDED


def _is_over(session: VerificationSession, now: datetime) -> bool:
    # From the result on, however late staff decide about it.
    assert session.result_at is not None
    return session.flow == REVIEWED_FLOW and now >= session.result_at + VALID_FOR
