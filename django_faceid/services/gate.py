"""The one question a host asks: may this user?"""

from __future__ import annotations

from typing import Any

from .. import conf
from ..models import Subject, VerificationSession
from ..models.database import write_alias
from ..models.querysets import ANY, AnyFlow, SessionQuerySet
from .errors import AlreadyVerified

__all__ = ["ANY", "is_verified", "proofs", "require_unverified"]


def is_verified(who: Any, flow: str | AnyFlow, *, using: str | None = None) -> bool:
    """Whether a user or a reference is verified for a flow right now.

    ``flow`` is a flow's name; ``ANY`` accepts whichever. Nobody in particular (an anonymous user,
    None) never is. Sessions of a test endpoint count only while ``ALLOW_TEST_ENDPOINT`` is on.
    ``using`` names the database to ask, where the host's router would take a replica that lags.
    """
    if who is None or getattr(who, "is_anonymous", False):
        return False
    proofs = VerificationSession.objects.using(using).verified(who, flow=flow)
    if isinstance(flow, AnyFlow):
        return proofs.exists()
    # Compared here, because a database may fold the case of names.
    return flow in proofs.values_list("flow", flat=True)


def proofs(subject: Subject, flow: conf.Flow) -> SessionQuerySet:
    """Sessions because of which another token would prove nothing new, if of this very flow.

    Asks the database that takes the writes: a replica may not have heard of a result yet. Its
    names are to be compared once more: a database may fold their case.
    """
    sessions = VerificationSession.objects.using(write_alias())
    return sessions.none() if flow.allow_again else sessions.verified(subject, flow=flow.name)


def require_unverified(subject: Subject, flow: conf.Flow) -> None:
    """Raise ``AlreadyVerified`` where another token would prove nothing new."""
    if flow.name in proofs(subject, flow).values_list("flow", flat=True):
        raise AlreadyVerified
