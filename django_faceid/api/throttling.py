"""How often one user may call, when the host says so."""

from __future__ import annotations

from rest_framework.settings import api_settings
from rest_framework.throttling import UserRateThrottle


class FaceIdThrottle(UserRateThrottle):
    """The host's rate ``DEFAULT_THROTTLE_RATES["faceid"]`` per user; no rate, no throttle.

    A courtesy only: token limits that matter are counted from rows.
    """

    scope = "faceid"

    def get_rate(self) -> str | None:
        rate = api_settings.DEFAULT_THROTTLE_RATES.get(self.scope)
        return None if rate is None else str(rate)
