"""One Idempotency-Key, one token: claimed by an insert before anything else happens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from .. import clock
from ..models import IdempotencyClaim, Subject, VerificationSession, digests
from ..models.database import write_alias
from .errors import KeyInFlight, KeyReused

KEPT_FOR = timedelta(hours=24)
LEASE = timedelta(seconds=30)
# More than an account at its quota claims in the minute between two runs.
BATCH = 2000


class _Work(NamedTuple):
    """What this process is at with a key, which until then is nobody else's."""

    fingerprint: str
    until: datetime


_at_work_lock = threading.Lock()
_at_work: dict[tuple[str, str], _Work] = {}


@dataclass(frozen=True)
class Key:
    """A client's key within one subject's scope, and what it was used for."""

    subject: Subject
    text: str
    fingerprint: str

    @cached_property
    def digest(self) -> str:
        return digests.keyed("idempotency", self.text)

    @property
    def _name(self) -> tuple[str, str]:
        return self.subject.key, self.digest

    def replay(self) -> VerificationSession | None:
        """The session this key already stands for, if it was answered.

        Raises ``KeyReused`` for other input and ``KeyInFlight`` while the first is at work.
        """
        with _at_work_lock:
            # Of a hundred taps at once most are answered here, without a look at the database.
            self._require_idle()
        return self.stored()

    def stored(self) -> VerificationSession | None:
        """As ``replay``, for whoever is at the key itself."""
        claim = self._claims().filter(created_at__gt=clock.now() - KEPT_FOR).first()
        if claim is None or self._is_a_strangers(claim):
            return None
        if not claim.answered and claim.lease_until <= clock.now():
            # Whoever held it is dead: the key is free, whatever it was asked for.
            return None
        if claim.fingerprint != self.fingerprint:
            raise KeyReused
        if claim.answered:
            return claim.session
        raise KeyInFlight(retry_after=1)

    def _is_a_strangers(self, claim: IdempotencyClaim) -> bool:
        """Whether a deleted user left this claim, whose primary key is somebody else's by now."""
        user = self.subject.user
        if user is None or claim.session is None or claim.session.user_id == user.pk:
            return False
        self._claims().filter(pk=claim.pk).delete()
        return True

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Around what claims the key: raises as ``replay`` while this process is at it already.

        Repeats that come before the claim is committed would each take one of ``MAX_IN_FLIGHT``
        places, and tell the rest of them, and everybody else, of a full queue.
        """
        work = _Work(self.fingerprint, clock.now() + LEASE)
        with _at_work_lock:
            self._require_idle()
            _at_work[self._name] = work
        try:
            yield
        finally:
            with _at_work_lock:
                # A call that outlived its lease leaves the key to whoever took it.
                if _at_work.get(self._name) is work:
                    del _at_work[self._name]

    def _require_idle(self) -> None:
        work = _at_work.get(self._name)
        if work is None or work.until <= clock.now():
            return
        if work.fingerprint != self.fingerprint:
            raise KeyReused
        raise KeyInFlight(retry_after=1)

    def claim(self) -> None:
        """Take the key inside the caller's transaction; a claim that ran out is taken over.

        Raises ``KeyInFlight`` when another request was first.
        """
        now = clock.now()
        stale = Q(answered=False, lease_until__lte=now) | Q(created_at__lte=now - KEPT_FOR)
        self._claims().filter(stale).delete()
        try:
            with transaction.atomic(using=write_alias()):
                IdempotencyClaim.objects.create(
                    subject_key=self.subject.key,
                    key_hash=self.digest,
                    fingerprint=self.fingerprint,
                    lease_until=now + LEASE,
                )
        except IntegrityError:
            raise KeyInFlight(retry_after=1) from None

    def keep(self, session: VerificationSession) -> None:
        """Answer every repeat with this session from now on."""
        self._own_claims().update(answered=True, session=session)

    def release(self) -> None:
        """Let the client repeat with the same key: nothing came of it."""
        self._own_claims().filter(answered=False).delete()

    def _own_claims(self) -> QuerySet[IdempotencyClaim]:
        # Whoever comes back after its lease may find the key taken for something else.
        return self._claims().filter(fingerprint=self.fingerprint)

    def _claims(self) -> QuerySet[IdempotencyClaim]:
        return (
            IdempotencyClaim.objects.using(write_alias())
            .filter(subject_key=self.subject.key, key_hash=self.digest)
            .select_related("session")
        )


def forget_old_keys() -> int:
    """Delete a bounded number of claims older than 24 hours; how many."""
    old = IdempotencyClaim.objects.filter(created_at__lte=clock.now() - KEPT_FOR)
    pks = list(old.order_by("created_at").values_list("pk", flat=True)[:BATCH])
    deleted, _by_model = IdempotencyClaim.objects.filter(pk__in=pks).delete()
    return deleted
