"""What a person is told: a coarse reason, and one plain sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from ..models import NextAction, Review, Status, VerificationSession
from ..tencent.codes import Category, result_reason

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

REASONS: Mapping[str, StrPromise] = {
    "lighting": _("It was too dark or too bright. Please try again in even light."),
    "face_not_visible": _("Your face could not be seen well. Please try again."),
    "several_faces": _("More than one face was seen. Please try again on your own."),
    "not_matched": _("The pictures do not seem to show the same person."),
    "picture": _("The picture cannot be used. Please give a sharper one."),
    "technical": _("Something went wrong on our side. Please try again."),
    "not_accepted": _("This attempt was not accepted."),
}

STATUSES: Mapping[Status, StrPromise] = {
    Status.PENDING: _("Your verification is being prepared."),
    Status.ISSUED: _("Please take your selfie now."),
    Status.EXPIRED: _("The time to start is over. Please try again."),
    Status.SUCCEEDED: _("Your identity is verified."),
    Status.FAILED: _("Your identity could not be verified."),
    Status.CANCELED: _("This verification was canceled."),
    Status.ERROR: _("The verification could not be started. Please try again."),
}

WAITING = _("Your result is on its way.")
IN_REVIEW = _("A member of our staff is looking at your verification.")


def reason(session: VerificationSession) -> str | None:
    """Why it did not work, in a word that gives nothing away to a fraudster."""
    if session.review == Review.REJECTED:
        return "not_accepted"
    if session.review == Review.APPROVED:
        return None
    if session.status == Status.FAILED:
        return result_reason(session.result_code)
    if session.effective_status == Status.ERROR:
        about_picture = session.category == Category.BAD_IMAGE and session.image_sha256
        return "picture" if about_picture else "technical"
    return "technical" if _is_lost(session) else None


def message(session: VerificationSession) -> str:
    """Where this session stands, in the caller's language."""
    if session.review == Review.PENDING:
        return str(IN_REVIEW)
    if session.review != Review.NONE and session.public_comment:
        return session.public_comment
    if session.review == Review.APPROVED:
        return str(STATUSES[Status.SUCCEEDED])
    if session.next_action == NextAction.WAIT and session.reported_at is not None:
        return str(WAITING)
    why = reason(session)
    if why is None or (why == "technical" and session.effective_status == Status.ERROR):
        return str(STATUSES[session.effective_status])
    return str(REASONS[why])


def _is_lost(session: VerificationSession) -> bool:
    """Whether the result of a process can never be known."""
    given_up = bool(session.result_error) and session.next_pull_at is None
    return given_up and session.status in (Status.ISSUED, Status.EXPIRED)
