"""Why staff decide as they do: codes that stay in the records, and their words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from .. import conf
from ..models import Review

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

OTHER = "other"
"""The reason that needs a note, since it says nothing by itself."""

APPROVE: Mapping[str, StrOrPromise] = {
    "convincing": _("What came back shows the right, living person"),
    "seen_in_person": _("Seen in person or in a video call"),
    "documents": _("Other documents prove it"),
    "false_alarm": _("The signs of risk have a harmless cause"),
    "mistake": _("Corrects a mistaken decision"),
    OTHER: _("Another reason: see the note"),
}
REJECT: Mapping[str, StrOrPromise] = {
    "spoof": _("No living face: a photo, a screen, a mask or a made-up video"),
    "other_person": _("Shows another person"),
    "device": _("The phone or the app has been tampered with"),
    "pressure": _("The person does not seem to act freely"),
    "fraud": _("Reported as fraud, or a stolen identity"),
    "unclear": _("Too little can be seen to be sure"),
    "mistake": _("Corrects a mistaken decision"),
    OTHER: _("Another reason: see the note"),
}


def offered(to: Review) -> dict[str, str]:
    """The codes a decision may give as its reason, in words: ours and the host's.

    ``to`` is ``approved`` or ``rejected``. Raises ``conf.SettingError``.
    """
    added = conf.get().review_reasons.get("approve" if to == Review.APPROVED else "reject", {})
    return {code: str(words) for code, words in {**_ours(to), **added}.items()}


def words(to: Review, code: str) -> str:
    """A recorded reason in words; the bare code where nobody knows it any more."""
    try:
        return offered(to).get(code, code)
    except conf.SettingError:
        return str(_ours(to).get(code, code))


def _ours(to: Review) -> Mapping[str, StrOrPromise]:
    return APPROVE if to == Review.APPROVED else REJECT
