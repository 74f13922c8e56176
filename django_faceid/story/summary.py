"""A session in a few sentences, before any table."""

from __future__ import annotations

from django.utils.translation import gettext as _

from ..models import ClosedReason, Review, Status, Verdict, VerificationSession
from . import words


def of(session: VerificationSession) -> list[str]:
    """Where a session stands, what it proves and what staff have said."""
    told = [_standing(session), _proof(session), _review(session), _proposed(session)]
    if not session.livemode:
        told.append(_("Made with a test endpoint: it proves nothing in production."))
    if session.erased_at is not None:
        told.append(_("Its personal data have been erased."))
    return [sentence for sentence in told if sentence]


def _standing(session: VerificationSession) -> str:
    status = session.effective_status
    if status == Status.PENDING:
        return _("A token has been asked for; Tencent has not answered yet.")
    if status == Status.ISSUED:
        return _issued(session)
    if status == Status.EXPIRED:
        return _expired(session)
    if status == Status.CANCELED:
        return _canceled(session)
    if status == Status.ERROR:
        return _error(session)
    result = words.explain_result(session.result_code)
    return _("Tencent's final result: %s") % (result.meaning if result else _("not recorded."))


def _issued(session: VerificationSession) -> str:
    if session.reported_at is None:
        return _("The token is live; no phone has reported on it yet.")
    return _("A phone has reported; Tencent's result is not known yet.")


def _expired(session: VerificationSession) -> str:
    if session.closed_reason == ClosedReason.REPLACED:
        return _("A newer token took its place before a result came.")
    if session.owes_result:
        return _("The ten minutes are over; a process begun in time may still bring a result.")
    return _("The ten minutes are over and no result came.")


def _canceled(session: VerificationSession) -> str:
    if session.result_code:
        return _("Canceled. A result came all the same; it is kept and decides nothing.")
    return _("Canceled. A phone that had started by then could not be stopped.")


def _error(session: VerificationSession) -> str:
    error = words.explain_error(session.error_code)
    if error is None:
        return _("No token came: the process that asked for it did not come back.")
    return _("No token came: %s") % error.meaning


def _proof(session: VerificationSession) -> str:
    if session.verdict == Verdict.VERIFIED and session.assurance == "compare":
        return _("It verifies its person: a living face that matches the trusted picture.")
    if session.verdict == Verdict.VERIFIED:
        return _("It verifies a living person; the face was compared with no picture.")
    if session.verdict == Verdict.REJECTED:
        return _("It counts against its person.")
    return _("It proves nothing so far.")


def _review(session: VerificationSession) -> str:
    sentences = {
        Review.PENDING: _("It waits for a decision by staff."),
        Review.APPROVED: _("Staff approved it."),
        Review.REJECTED: _("Staff rejected it."),
    }
    return sentences.get(Review(session.review), "")


def _proposed(session: VerificationSession) -> str:
    sentences = {
        Review.APPROVED: _("One person has decided to approve it; it takes a second one."),
        Review.REJECTED: _("One person has decided to reject it; it takes a second one."),
    }
    return sentences[Review(session.review_proposed)] if session.review_proposed else ""
