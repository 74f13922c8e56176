"""Whom a session is about, for those who may know and for those who may not."""

from __future__ import annotations

from django.utils.translation import gettext as _

from ..models import VerificationSession


def name(session: VerificationSession) -> str:
    """Whose session it is, as far as anybody still knows: personal data."""
    if session.user is not None:
        return session.user.get_username()
    return session.reference or _("user deleted")


def pseudonym(subject_key: str) -> str:
    """A stand-in that is the same for all sessions of one subject, and names nobody."""
    return _("person %s") % subject_key[:12]
