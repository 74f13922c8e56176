"""What staff decide: look at a session alone, then approve or reject it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.translation import gettext as _

from .. import conf, services
from ..models import EventKind, Review, SessionEvent, VerificationSession
from ..services import errors, holds, reasons
from ..services.review import hindrance
from ..story import badges, facts, waiting
from .acts import Act
from .advice import what_to_do
from .forms import DecisionForm
from .pictures import Pictures

DECISIONS: Mapping[Review, Callable[..., SessionEvent]] = {
    Review.APPROVED: services.approve,
    Review.REJECTED: services.reject,
}


class SessionDecisions(Pictures):
    """The pages that ask why, with the evidence beside the question."""

    decision_template = "admin/faceid/verificationsession/decision.html"

    def get_urls(self) -> list[Any]:
        own = [
            self._url("approve", self.approve_view),
            self._url("reject", self.reject_view),
        ]
        return own + super().get_urls()

    def has_review_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("faceid.review_verificationsession")

    def acts(self, request: HttpRequest, session: VerificationSession) -> list[Act]:
        found = super().acts(request, session)
        if self.has_review_permission(request):
            if not hindrance(session, request.user, Review.APPROVED):
                found.append(self._act(session, _("Approve…"), "approve", False, badges.GOOD))
            if not hindrance(session, request.user, Review.REJECTED):
                found.append(self._act(session, _("Reject…"), "reject", False, badges.BAD))
        return found

    def approve_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why, then let the session prove its person."""
        return self._decide(request, object_id, Review.APPROVED)

    def reject_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why, then let the session prove nothing."""
        return self._decide(request, object_id, Review.REJECTED)

    def require_reviewer(self, request: HttpRequest) -> None:
        """Raises ``PermissionDenied`` for whoever may not both look and decide."""
        if not (self.has_view_permission(request) and self.has_review_permission(request)):
            raise PermissionDenied

    def _decide(self, request: HttpRequest, object_id: str, to: Review) -> HttpResponse:
        self.require_reviewer(request)
        session = self.require(request, object_id)
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        try:
            return self._decide_on(request, session, to)
        except (errors.ServiceError, conf.SettingError) as error:
            self.message_user(request, what_to_do(error), messages.WARNING)
            return self._back(session)

    def _decide_on(
        self, request: HttpRequest, session: VerificationSession, to: Review
    ) -> HttpResponse:
        if obstacle := hindrance(session, request.user, to):
            raise errors.NotReviewable(obstacle)
        if request.method == "POST":
            services.claim(session, request.user)
        first = waiting.proposal(session)
        form = DecisionForm(
            to,
            request.POST if request.method == "POST" else None,
            initial={
                "version": session.version,
                # The second of two people need not type again what the first wants to tell.
                "public_comment": first.public_comment if first and _agrees(session, to) else "",
            },
        )
        if form.is_valid() and self._record(request, session, to, form):
            return self._back(session)
        return self._ask_why(request, session, to, form, first)

    def _record(
        self, request: HttpRequest, session: VerificationSession, to: Review, form: DecisionForm
    ) -> bool:
        given = dict(form.cleaned_data)
        if given.pop("version") != session.version:
            raise errors.NotReviewable(
                _("The session has changed since you opened it. Look again, then decide.")
            )
        try:
            event = DECISIONS[to](session, actor=request.user, **given)
        except errors.Invalid as error:
            for broken in error.errors:
                form.add_error(broken.field, broken.detail)
            return False
        self._tell(request, session, event, to)
        return True

    def _tell(
        self, request: HttpRequest, session: VerificationSession, event: SessionEvent, to: Review
    ) -> None:
        told = {"decision": str(to.label).capitalize(), "reason": reasons.words(to, event.reason)}
        text = _("%(decision)s: %(reason)s") % told
        if event.kind == EventKind.REVIEW_PROPOSED:
            text = _("First of two decisions. %s. It takes effect with a colleague's.") % text
        self.log_change(request, session, text)
        self.message_user(request, text, messages.SUCCESS)

    def _ask_why(
        self,
        request: HttpRequest,
        session: VerificationSession,
        to: Review,
        form: DecisionForm,
        first: SessionEvent | None,
    ) -> HttpResponse:
        approving = to == Review.APPROVED
        context = {
            **self.page_head(request, session),
            "title": _("Approve this session?") if approving else _("Reject this session?"),
            "form": form,
            "approving": approving,
            "reverses": session.review in DECISIONS,
            "keeps": session.review == to,
            "agrees": _agrees(session, to),
            "first": first,
            "taken": holds.holder(session) == request.user,
            "first_reason": reasons.words(Review(session.review_proposed), first.reason)
            if first
            else "",
            "two_people": session.flow_snapshot.get("second_review", False),
            "why": waiting.why(session),
            "came_back": facts.came_back(session),
            **self.panel(request, session),
        }
        return self.render(request, self.decision_template, session, context)


def _agrees(session: VerificationSession, to: Review) -> bool:
    return session.review_proposed == to
