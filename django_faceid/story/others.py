"""What else there is of the same person."""

from __future__ import annotations

from ..models import VerificationSession

MOST = 10
# No list shows them, and each would be decrypted or parsed for every row.
BULKY = ("sdk_token", "server_param_info", "flow_snapshot")


def of(session: VerificationSession) -> list[VerificationSession]:
    """The same subject's newest other sessions, ``MOST`` of them."""
    same = VerificationSession.objects.filter(subject_key=session.subject_key)
    return list(same.exclude(pk=session.pk).order_by("-id").defer(*BULKY)[:MOST])
