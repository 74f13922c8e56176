"""Workers that start at the same instant, and the order that they leave."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

from django_faceid import services
from django_faceid.models import SessionEvent, VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.services.errors import ServiceError
from django_faceid.testing import advance

from . import invariants

ROUNDS = 20
Act = Callable[[], Any]


class Race:
    """A sandbox, an ear on every signal, and a starting gun."""

    def __init__(self, sandbox: SandboxState) -> None:
        self.sandbox = sandbox
        self.heard: invariants.Heard = set()

    def run(self, *acts: Act) -> list[BaseException]:
        """Run each act in a thread of its own from the same instant; what they could not do."""
        start = threading.Barrier(len(acts))
        refusals: list[BaseException] = []

        def run(act: Act) -> None:
            try:
                start.wait(timeout=10)
                act()
            except BaseException as error:
                refusals.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert not any(thread.is_alive() for thread in threads)
        surprises = [error for error in refusals if not isinstance(error, ServiceError)]
        assert surprises == []
        return refusals

    def leaves_order(self) -> None:
        """What always holds, holds; what is open has an end."""
        self.holds()
        advance(seconds=61)
        services.recover_interrupted()
        advance(seconds=15)
        services.deliver_events()
        services.expire_tokens()
        assert list(invariants.left_behind()) == []
        self.holds()

    def holds(self) -> None:
        sessions = list(VerificationSession.objects.all())
        events = list(SessionEvent.objects.all())
        broken = list(invariants.broken(sessions, events, self.sandbox.tokens.values(), self.heard))
        assert broken == []


def issued(who: str) -> VerificationSession:
    return services.issue_token(who).session


def loaded(session: VerificationSession) -> VerificationSession:
    return VerificationSession.objects.get(pk=session.pk)
