"""Any act of anyone in any order, killed at any moment and raced by others: what holds after each.

``FACEID_PROOF_EXAMPLES`` and ``FACEID_PROOF_STEPS`` make the search wider.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import hypothesis.strategies as st
import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from django_faceid import clock, services
from django_faceid.models import (
    ApiCall,
    IdempotencyClaim,
    SessionEvent,
    Verdict,
    VerificationSession,
)
from django_faceid.sandbox.errors import PhoneRefused
from django_faceid.sandbox.faults import Fault, Html, MissingToken, Refuse, Reset
from django_faceid.services import breaker
from django_faceid.services.errors import ServiceError
from django_faceid.testing import advance
from tests.settings import CACHE

from . import invariants
from .meddling import Act, Moment, killed, meanwhile
from .memory import Keys, Memory
from .world import FLOWS, PEOPLE, listening, roomy_sandbox

PARAMS: tuple[dict[str, Any], ...] = ({}, {"retry_limit": 1})
KEYS = ("", "", "key one", "key two")
OUTCOMES = ("pass", "pass", "spoof", "too_dark")
SECONDS = (1, 3, 31, 61, 95, 420, 420, 601, 3 * 3600, 26 * 3600, 73 * 3600)
TROUBLES: tuple[Fault | None, ...] = (
    None,
    None,
    None,
    Reset(When="before"),
    Reset(When="after"),
    Refuse(Code="InternalError"),
    Refuse(Code="AuthFailure.SecretIdNotFound"),
    Refuse(Code="InvalidParameterValue.BizTokenIllegal"),
    Html(),
    MissingToken(),
)
LOST_ANSWERS = (Reset(When="after"), MissingToken())

OTHERS = ("nobody", "sweep", "recovery", "collector", "cancel", "pull", "end", "tap")

people = st.sampled_from(PEOPLE)
flows = st.sampled_from(tuple(FLOWS))
params = st.sampled_from(PARAMS)
keys = st.sampled_from(KEYS)
nth = st.integers(0, 3)
troubles = st.sampled_from(TROUBLES)
others = st.sampled_from(OTHERS)
moments = st.sampled_from((None, None, None, *Moment))
silenced = st.sampled_from((None, None, Moment.BEFORE_THE_SIGNAL))


class Onboarding(RuleBasedStateMachine):
    """Two people, two flows, clients, phones, workers and staff."""

    def __init__(self) -> None:
        super().__init__()
        for model in (SessionEvent, ApiCall, IdempotencyClaim, VerificationSession):
            model._default_manager.all().delete()
        self.stack = ExitStack()
        self.sandbox = self.stack.enter_context(roomy_sandbox())
        self.heard: invariants.Heard = set()
        self.stack.enter_context(listening(lambda name, pk: self.heard.add((name, pk))))
        self.staff = User.objects.get_or_create(username="staff")[0]
        self.memory = Memory()
        self.keys = Keys()

    def teardown(self) -> None:
        try:
            self.dust_settles()
            self.what_always_holds()
        finally:
            self.stack.close()

    # Who acts on what

    def sessions(self) -> list[VerificationSession]:
        return list(VerificationSession.objects.order_by("-id"))

    def pick(self, nth: int, stale: bool) -> VerificationSession | None:
        """One of the newest sessions: as it is, or as a slow worker still remembers it."""
        sessions = self.sessions()
        if not sessions:
            return None
        session = sessions[nth % len(sessions)]
        return copy.copy(self.memory.first_seen[session.pk]) if stale else session

    def other_worker(self, name: str, nth: int) -> Act | None:
        """What somebody else does while a call is on its way."""
        acts: dict[str, tuple[int, Act]] = {
            "sweep": (600, self.sweep),
            "recovery": (31, self.recover),
            "collector": (61, self.collect),
            "cancel": (0, lambda: self.cancel(nth, stale=False)),
            "pull": (3, lambda: self.pull(nth, stale=False)),
            "end": (1, lambda: self.process_ends(nth, "pass")),
            "tap": (0, lambda: self.tap(PEOPLE[nth % 2], "default", {"retry_limit": 1}, "")),
        }
        if name not in acts:
            return None
        seconds, act = acts[name]

        def at_that_moment() -> None:
            advance(seconds=seconds)
            act()

        return at_that_moment

    # Clients

    @initialize(flow=flows, outcome=st.sampled_from(OUTCOMES))
    def somebody_went_before(self, flow: str, outcome: str) -> None:
        for who in PEOPLE:
            self.tap(who, flow, {}, "")
        self.process_ends(0, outcome)

    @rule(who=people, flow=flows, params=params, key=keys)
    def tap(self, who: str, flow: str, params: dict[str, Any], key: str) -> None:
        asked_at = clock.now()
        answer: VerificationSession | ServiceError
        try:
            answer = services.issue_token(who, flow, params, idempotency_key=key).session
        except ServiceError as error:
            answer = error
        if key:
            self.keys.holds(who, key, (flow, params), asked_at, answer)

    @rule(
        who=people,
        flow=flows,
        params=params,
        key=keys,
        trouble=troubles,
        moment=moments,
        other=others,
        nth=nth,
    )
    def tap_in_trouble(
        self,
        who: str,
        flow: str,
        params: dict[str, Any],
        key: str,
        trouble: Fault | None,
        moment: Moment | None,
        other: str,
        nth: int,
    ) -> None:
        with self.suffering(trouble, moment, self.other_worker(other, nth)):
            self.tap(who, flow, params, key)

    @rule(who=people, flow=flows, key=keys, trouble=st.sampled_from(LOST_ANSWERS))
    def token_is_lost_on_its_way(self, who: str, flow: str, key: str, trouble: Fault) -> None:
        """Tencent makes a new token, and nobody hears of it."""
        for live in VerificationSession.objects.filter(reference=who, flow=flow, status="issued"):
            with suppress(ServiceError):
                services.cancel(live)
        with self.suffering(trouble, None, None):
            self.tap(who, flow, {}, key)

    @rule(nth=nth)
    def tap_is_repeated(self, nth: int) -> None:
        """A client sends once more what it sent before, however much has happened since."""
        requests = self.keys.used()
        if requests:
            (who, key), (flow, params) = requests[nth % len(requests)]
            self.tap(who, flow, params, key)

    @rule(nth=nth, stale=st.booleans())
    def pull(self, nth: int, stale: bool) -> None:
        session = self.pick(nth, stale)
        if session is not None:
            with suppress(ServiceError):
                services.fetch_result(session)

    @rule(nth=nth, stale=st.booleans(), trouble=troubles, moment=moments, other=others)
    def pull_in_trouble(
        self, nth: int, stale: bool, trouble: Fault | None, moment: Moment | None, other: str
    ) -> None:
        advance(seconds=2)
        with self.suffering(trouble, moment, self.other_worker(other, nth)):
            self.pull(nth, stale)

    @rule(nth=nth, outcome=st.sampled_from(OUTCOMES))
    def process_ends(self, nth: int, outcome: str) -> None:
        """A phone plays, its app asks for the result."""
        session = self.pick(nth, stale=False)
        if session is not None and session.may_start:
            with suppress(PhoneRefused):
                self.sandbox.play(session.sdk_token, outcome)
            advance(seconds=2)
            self.pull(nth, stale=False)

    @rule(nth=nth, stale=st.booleans(), moment=silenced)
    def cancel(self, nth: int, stale: bool, moment: Moment | None = None) -> None:
        session = self.pick(nth, stale)
        if session is not None:
            with suppress(ServiceError), killed(moment):
                services.cancel(session)

    # Phones

    @rule(nth=nth, outcome=st.sampled_from(OUTCOMES), seconds=st.sampled_from((0, 0, 45)))
    def phone_plays(self, nth: int, outcome: str, seconds: int) -> None:
        with suppress(PhoneRefused):
            self.sandbox.play(self.token(nth), outcome, seconds=seconds)

    @rule(nth=nth)
    def phone_begins(self, nth: int) -> None:
        with suppress(PhoneRefused):
            self.sandbox.begin(self.token(nth))

    @rule(nth=nth, outcome=st.sampled_from(OUTCOMES))
    def phone_finishes(self, nth: int, outcome: str) -> None:
        with suppress(PhoneRefused):
            self.sandbox.finish(self.token(nth), outcome)

    def token(self, nth: int) -> str:
        tokens = [*self.sandbox.tokens, "none yet"][::-1]
        return tokens[(nth + 1) % len(tokens)]

    @rule(nth=nth, stale=st.booleans(), sdk_code=st.sampled_from((None, 0, 212)))
    def phone_reports(self, nth: int, stale: bool, sdk_code: int | None) -> None:
        session = self.pick(nth, stale)
        # As the view does: others are answered from their row.
        if session is not None and session.owes_result:
            services.report(session, sdk_code)

    # Staff

    @rule(nth=nth, stale=st.booleans(), approves=st.booleans())
    def staff_decides(self, nth: int, stale: bool, approves: bool) -> None:
        session = self.pick(nth, stale)
        if session is None:
            return
        decide = services.approve if approves else services.reject
        with suppress(ServiceError):
            decide(session, actor=self.staff, reason="mistake")
            self.memory.decisions[session.pk] = Verdict.VERIFIED if approves else Verdict.REJECTED

    # Background work and time

    @rule(moment=silenced)
    def sweep(self, moment: Moment | None = None) -> None:
        with killed(moment):
            services.expire_tokens()

    @rule()
    def collect(self) -> None:
        services.collect_results()

    @rule(trouble=troubles, moment=moments, other=others, nth=nth)
    def collect_in_trouble(
        self, trouble: Fault | None, moment: Moment | None, other: str, nth: int
    ) -> None:
        advance(seconds=90)
        with self.suffering(trouble, moment, self.other_worker(other, nth)):
            self.collect()

    @rule(moment=silenced)
    def recover(self, moment: Moment | None = None) -> None:
        with killed(moment):
            services.recover_interrupted()

    @rule()
    def deliver(self) -> None:
        services.deliver_events()

    @rule(seconds=st.sampled_from(SECONDS))
    def time_passes(self, seconds: int) -> None:
        advance(seconds=seconds)

    @rule(days=st.sampled_from((1, 3)))
    def days_pass(self, days: int) -> None:
        advance(days=days)

    @rule()
    def dust_settles(self) -> None:
        """Past every lease, the background work leaves nothing open, and every key is free."""
        advance(seconds=61)
        services.recover_interrupted()
        advance(seconds=15)
        services.expire_tokens()
        services.deliver_events()
        assert list(invariants.left_behind()) == []
        assert not SessionEvent.objects.filter(delivered_at=None).exists()
        held = IdempotencyClaim.objects.filter(answered=False, lease_until__gt=clock.now())
        assert not held.exists()

    @contextmanager
    def suffering(
        self, trouble: Fault | None, moment: Moment | None, other: Act | None
    ) -> Iterator[None]:
        """One fault of the vendor's, one kill of the process, one other worker in between."""
        if trouble is not None:
            self.sandbox.faults.add(trouble)
        with killed(moment), meanwhile(other):
            yield
        self.sandbox.faults.clear()
        breaker.forget()

    # What holds after each step

    @invariant()
    def what_always_holds(self) -> None:
        sessions = self.sessions()
        events = list(SessionEvent.objects.all())
        broken = list(invariants.broken(sessions, events, self.sandbox.tokens.values(), self.heard))
        assert broken == []
        self.memory.agrees(sessions, self.sandbox.tokens.values())


@pytest.mark.django_db
def test_no_order_of_acts_breaks_what_always_holds() -> None:
    run_state_machine_as_test(
        Onboarding,
        settings=settings(
            max_examples=int(os.environ.get("FACEID_PROOF_EXAMPLES", "60")),
            stateful_step_count=int(os.environ.get("FACEID_PROOF_STEPS", "30")),
            deadline=None,
            # What failed once is tried first from then on, and printed so that anybody can.
            database=DirectoryBasedExampleDatabase(CACHE / "examples"),
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
