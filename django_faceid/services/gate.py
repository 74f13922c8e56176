"""The one question a host asks: may this user?"""

from __future__ import annotations

from typing import Any

from ..models import VerificationSession
from ..models.querysets import ANY, AnyFlow

__all__ = ["ANY", "is_verified"]


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
