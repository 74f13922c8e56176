"""Who is being verified."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser

from . import digests


class Subject(NamedTuple):
    """A user, or a host's ``reference`` for somebody who is not a user yet; one of the two."""

    user: AbstractBaseUser | None
    reference: str

    @classmethod
    def of(cls, who: Any) -> Subject:
        """The subject behind a saved user or a reference of 1 to 255 characters.

        Raises ``TypeError`` or ``ValueError`` for anything else, so that an anonymous user can
        never share one identity with another.
        """
        if isinstance(who, Subject):
            return who
        if isinstance(who, str):
            if not 1 <= len(who) <= 255:
                raise ValueError("A reference has 1 to 255 characters.")
            return cls(None, who)
        # A lazy request.user reports the class of the user behind it.
        if isinstance(who, get_user_model()) and who.pk is not None:
            return cls(who, "")
        raise TypeError("A subject is a saved user or a reference.")

    @property
    def key(self) -> str:
        """The keyed digest that stands for this subject wherever identity is compared."""
        text = f"ref:{self.reference}" if self.user is None else f"user:{self.user.pk}"
        return digests.keyed("subject", text)

    def live_key(self, flow: str) -> str:
        """The value that only one live session of this subject and flow can hold."""
        return digests.keyed("live", self.key, flow)
