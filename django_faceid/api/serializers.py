"""What goes out: sessions and flows as their owner sees them."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import Any, NamedTuple

from rest_framework import serializers

from .. import clock, conf
from ..models import NextAction, Subject, Verdict, VerificationSession
from ..services import limits, parameters
from .messages import message, reason

NEED_A_TOKEN = (NextAction.START_SDK, NextAction.RETRY, NextAction.FIX_INPUT)


class Allowance(NamedTuple):
    """Tokens left to a subject now, and seconds until there is one again when none are."""

    left: int | None
    retry_after: int | None

    @classmethod
    def of(cls, flow: conf.Flow | None, subject_key: str) -> Allowance:
        if flow is None:
            return cls(None, None)
        left = limits.attempts_left(flow, subject_key)
        return cls(left, None if left != 0 else limits.seconds_to_next(flow, subject_key))


class SessionSerializer(serializers.Serializer[VerificationSession]):
    """A session as its owner sees it; codes, scores and tags are for staff only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A page is one subject's: what is left to it is counted once per flow.
        self._allowances: dict[tuple[str, str], Allowance] = {}

    def to_representation(self, instance: VerificationSession) -> dict[str, Any]:
        allowance = self._allowance(instance)
        action = instance.next_action
        return {
            "id": str(instance.public_id),
            "flow": instance.flow,
            "status": instance.effective_status.value,
            "verdict": instance.verdict,
            "next_action": action.value,
            "retry_after": _retry_after(instance, action, allowance),
            "issued_at": _utc(instance.issued_at),
            "expires_at": _utc(instance.token_expires_at),
            "server_time": _utc(clock.now()),
            "attempt": instance.attempt,
            "attempts_left": allowance.left,
            "request_id": instance.request_id or None,
            "livemode": instance.livemode,
            "reason": reason(instance),
            "message": message(instance),
            "result": _result(instance),
        }

    def _allowance(self, session: VerificationSession) -> Allowance:
        key = session.flow, session.subject_key
        if key not in self._allowances:
            self._allowances[key] = Allowance.of(conf.flow(session.flow), session.subject_key)
        return self._allowances[key]


class TokenSerializer(SessionSerializer):
    """A session with its token: only in the answer to ``POST sessions/``."""

    def to_representation(self, instance: VerificationSession) -> dict[str, Any]:
        shown = super().to_representation(instance)
        live = instance.may_start
        shown["sdk_token"] = instance.sdk_token if live else None
        shown["server_param_info"] = (instance.server_param_info or None) if live else None
        return shown


class FlowSerializer(serializers.Serializer[conf.Flow]):
    """A flow, and how its caller stands in it; needs ``subject`` in its context."""

    def to_representation(self, instance: conf.Flow) -> dict[str, Any]:
        subject: Subject = self.context["subject"]
        proof = VerificationSession.objects.verified(subject, flow=instance.name).first()
        sessions = VerificationSession.objects.for_subject(subject).filter(flow=instance.name)
        shown = proof or sessions.first()
        allowance = Allowance.of(instance, subject.key)
        action = _flow_action(instance, proof, shown)
        return {
            "name": instance.name,
            "enabled": instance.enabled,
            "check_mode": instance.params.get("check_mode", "liveness"),
            "client_may_set": parameters.client_may_set(instance),
            "verified": proof is not None,
            "verdict": _flow_verdict(proof, shown),
            "verified_at": _utc(proof.verified_at) if proof else None,
            "verified_until": _utc(proof.verified_until) if proof else None,
            "attempts_left": allowance.left,
            "next_action": action.value,
            "retry_after": _retry_after(shown, action, allowance),
            "session": str(shown.public_id) if shown else None,
        }


def _flow_action(
    flow: conf.Flow, proof: VerificationSession | None, latest: VerificationSession | None
) -> NextAction:
    if proof is not None:
        return NextAction.NONE
    if not flow.enabled:
        return NextAction.CONTACT_SUPPORT
    # A session that once verified its subject and does so no more leaves nothing to wait for.
    if latest is None or latest.next_action == NextAction.NONE:
        return NextAction.START_SDK
    return latest.next_action


def _flow_verdict(proof: VerificationSession | None, latest: VerificationSession | None) -> str:
    if proof is not None:
        return Verdict.VERIFIED.value
    if latest is None or latest.verdict == Verdict.VERIFIED:
        return Verdict.UNDECIDED.value
    return latest.verdict


def _retry_after(
    session: VerificationSession | None, action: NextAction, allowance: Allowance
) -> int | None:
    """Seconds to wait before what ``action`` says makes sense; None where it does at once."""
    if action == NextAction.WAIT:
        due = session.next_pull_at if session else None
        ahead = (due - clock.now()).total_seconds() if due else 0
        return min(30, max(2, math.ceil(ahead)))
    has_token = session is not None and session.may_start
    return allowance.retry_after if action in NEED_A_TOKEN and not has_token else None


def _result(session: VerificationSession) -> dict[str, Any] | None:
    if session.result_at is None or session.status not in ("succeeded", "failed"):
        return None
    return {"passed": session.status == "succeeded", "at": _utc(session.result_at)}


def _utc(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
