"""What comes in and what goes out; the rules themselves live in ``tencent.types``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timezone
from difflib import get_close_matches
from typing import Any

from rest_framework import serializers

from .. import clock, conf
from ..models import NextAction, VerificationSession
from ..services import limits
from ..services.errors import FieldError, Invalid
from .messages import message, reason

INTEGERS = range(-(2**31), 2**31)


class Typed(serializers.Field[Any, Any, Any, Any]):
    """A value of one JSON type, as it came: no coercion, and no walk through a long picture."""

    default_error_messages = {
        "type": "Must be {expected}.",
        "text": "Must be valid text without NUL characters.",
        "range": "Must be between -2147483648 and 2147483647.",
    }
    EXPECTED: Mapping[type, str] = {
        str: "a string",
        int: "an integer",
        bool: "true or false",
        list: "a list of strings",
    }

    def __init__(self, kind: type, **kwargs: Any) -> None:
        super().__init__(required=False, allow_null=True, **kwargs)
        self.kind = kind

    def to_internal_value(self, data: Any) -> Any:
        items = data if self.kind is list and isinstance(data, list) else [data]
        kind = str if self.kind is list else self.kind
        if (self.kind is list and not isinstance(data, list)) or any(
            type(item) is not kind for item in items
        ):
            self.fail("type", expected=self.EXPECTED[self.kind])
        if kind is str and not all(map(_is_storable, items)):
            self.fail("text")
        if kind is int and data not in INTEGERS:
            self.fail("range")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


class InputSerializer(serializers.Serializer[Any]):
    """Refuses what it does not know, with a hint."""

    def checked(self) -> dict[str, Any]:
        """The given values; raises ``Invalid`` with every field that is wrong."""
        errors = [self._unknown(name) for name in self.initial_data if name not in self.fields]
        if not self.is_valid():
            errors += [
                FieldError(name, str(detail.code), str(detail))
                for name, details in self.errors.items()
                for detail in details
            ]
        if errors:
            raise Invalid(errors=tuple(errors))
        return dict(self.validated_data)

    def _unknown(self, name: str) -> FieldError:
        spelled = "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
        near = get_close_matches(spelled, self.fields, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        return FieldError(name[:64], "unknown", f"This field is not known.{hint}")


class IssueSerializer(InputSerializer):
    """The body of ``POST sessions/``."""

    flow = Typed(str)
    check_mode = Typed(str)
    secure_level = Typed(str)
    image = Typed(str)
    extra = Typed(str)
    action_list = Typed(list)
    sdk_version = Typed(str)
    retry_limit = Typed(int)
    enable_bot_bg_detection = Typed(bool)
    meta_data = Typed(str)


class ReportSerializer(InputSerializer):
    """The body of ``POST sessions/<id>/result/``."""

    sdk_code = Typed(int)


class EmptySerializer(InputSerializer):
    """No body, or an empty object."""


class SessionSerializer(serializers.Serializer[VerificationSession]):
    """A session as its owner sees it; codes, scores and tags are for staff only."""

    def to_representation(self, instance: VerificationSession) -> dict[str, Any]:
        left = _attempts_left(instance.flow, instance.subject_key)
        action = instance.next_action
        return {
            "id": str(instance.public_id),
            "flow": instance.flow,
            "status": instance.effective_status.value,
            "verdict": instance.verdict,
            "next_action": action.value,
            "retry_after": _retry_after(instance, action),
            "issued_at": _utc(instance.issued_at),
            "expires_at": _utc(instance.token_expires_at),
            "server_time": _utc(clock.now()),
            "attempt": instance.attempt,
            "attempts_left": left,
            "request_id": instance.request_id or None,
            "livemode": instance.livemode,
            "reason": reason(instance),
            "message": message(instance),
            "result": _result(instance),
        }


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
        subject = self.context["subject"]
        sessions = VerificationSession.objects.for_subject(subject).filter(flow=instance.name)
        proof = VerificationSession.objects.verified(subject, flow=instance.name).first()
        shown = proof or sessions.first()
        left = _attempts_left(instance.name, subject.key)
        return {
            "name": instance.name,
            "enabled": instance.enabled,
            "check_mode": instance.params.get("check_mode", "liveness"),
            "client_may_set": instance.client_may_set,
            "verified": proof is not None,
            "verdict": shown.verdict if shown else "undecided",
            "verified_at": _utc(proof.verified_at) if proof else None,
            "verified_until": _utc(proof.verified_until) if proof else None,
            "attempts_left": left,
            "next_action": _flow_action(instance, proof, shown).value,
            "session": str(shown.public_id) if shown else None,
        }


def _flow_action(
    flow: conf.Flow, proof: VerificationSession | None, latest: VerificationSession | None
) -> NextAction:
    if proof is not None:
        return NextAction.NONE
    if not flow.enabled:
        return NextAction.CONTACT_SUPPORT
    return NextAction.START_SDK if latest is None else latest.next_action


def _attempts_left(flow: str, subject_key: str) -> int | None:
    rules = conf.flow(flow)
    return None if rules is None else limits.attempts_left(rules, subject_key)


def _retry_after(session: VerificationSession, action: NextAction) -> int | None:
    if action != NextAction.WAIT:
        return None
    if session.next_pull_at is None:
        return 2
    return min(30, max(2, math.ceil((session.next_pull_at - clock.now()).total_seconds())))


def _result(session: VerificationSession) -> dict[str, Any] | None:
    if session.result_at is None or session.status not in ("succeeded", "failed"):
        return None
    return {"passed": session.status == "succeeded", "at": _utc(session.result_at)}


def _utc(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
