"""Whom a session is about, for those who may know and for those who may not."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from ..models import VerificationSession

# Of a shorter reference even its end would tell too much.
LEAST_SHOWN = 8


def may_see(user: Any) -> bool:
    """Whether a member of staff may know whom sessions are about."""
    return bool(user.has_perm("faceid.view_personal_data"))


def shown(session: VerificationSession, *, personal: bool) -> str:
    """Whose session it is, as lists, pages and exports say it.

    A pseudonym, unless the viewer may see ``personal`` data: then a user's name. A reference is
    masked for everybody; ``services.reveal`` gives it in full, on record.
    """
    known_as = pseudonym(session.subject_key)
    if session.user_id is None and not session.reference:
        return f"{_('user deleted')} ({known_as})"
    if not personal:
        return known_as
    if session.user is not None:
        return session.user.get_username()
    return f"{masked(session.reference)} ({known_as})"


def masked(reference: str) -> str:
    """A reference by its end alone, so that whoever holds it can tell that it is this one."""
    if not reference:
        return ""
    return "••••" + (reference[-2:] if len(reference) >= LEAST_SHOWN else "")


def pseudonym(subject_key: str) -> str:
    """A stand-in that is the same for all sessions of one subject, and names nobody."""
    return _("person %s") % subject_key[:12]
