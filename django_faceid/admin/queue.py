"""The review queue: what waits for staff, oldest first, one person at each."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _

from .. import clock, services
from ..models import Review, VerificationSession
from ..services import errors, holds, status
from ..story import badges, people, spans, waiting, words
from .acts import Act
from .deciding import SessionDecisions
from .paging import AFTER, key

PAGE = 50
UNSHOWN = ("sdk_token", "server_param_info")


@dataclass(frozen=True)
class Row:
    """One session of the queue, as one member of staff sees it."""

    session: VerificationSession
    url: str
    person: str
    result: words.Explained | None
    category: str
    since: datetime
    age: str
    why: list[str]
    proposed: str
    holder: Any
    own: bool
    take: Act | None


class ReviewQueue(SessionDecisions):
    """Take the next one, or any; decide, or give it back."""

    queue_template = "admin/faceid/verificationsession/queue.html"

    class Media:
        css = {"all": ("django_faceid/review.css",)}

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        own = [
            path("queue/", view(self.queue_view), name=self._name("queue")),
            path("queue/next/", view(self.take_next_view), name=self._name("take_next")),
            self._url("take", self.take_view),
            self._url("release", self.release_view),
        ]
        return own + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        queue = {"queue_url": self.queue_url()} if self.has_review_permission(request) else {}
        return super().changelist_view(request, {**queue, **(extra_context or {})})

    def queue_view(self, request: HttpRequest) -> HttpResponse:
        """What waits: a page of what nobody has decided on, and every open reversal."""
        self.require_reviewer(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        rows = VerificationSession.objects.select_related("review_held_by").defer(*UNSHOWN)
        page = list(_after(rows.pending_review(), request.GET.get(AFTER))[: PAGE + 1])
        reversals = waiting.reversals(rows.proposed_reversals().order_by("id"))[:PAGE]
        review = status.in_review()
        context = {
            "title": _("Review queue"),
            "rows": self._rows(request, page[:PAGE]),
            "reversals": self._rows(request, reversals),
            "waiting": review.number,
            "capped": review.capped,
            "age": review.oldest and spans.words(clock.now() - review.oldest),
            "begins": AFTER not in request.GET,
            "next_page": f"?{AFTER}={page[PAGE - 1].pk}" if len(page) > PAGE else "",
            "next_url": self._queue_url("take_next"),
            "queue_url": self.queue_url(),
        }
        return self.render(request, self.queue_template, None, context)

    def _rows(self, request: HttpRequest, sessions: Iterable[VerificationSession]) -> list[Row]:
        me, now = request.user, clock.now()
        return [
            Row(
                session,
                self.session_url(request, session.pk),
                people.shown(session, personal=False),
                words.explain_result(session.result_code),
                words.category(session.category),
                waiting.since(session),
                spans.words(now - waiting.since(session)),
                waiting.why(session),
                str(Review(session.review_proposed).label) if session.review_proposed else "",
                holds.holder(session),
                session.user_id == me.pk,
                self._act(session, _("Take"), "take") if holds.may_take(session, me) else None,
            )
            for session in sessions
        ]

    def take_next_view(self, request: HttpRequest) -> HttpResponse:
        """Give whoever asks the session that has waited longest."""
        self.require_reviewer(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        session = services.claim_next(request.user)
        if session is not None:
            return self._back(session)
        text = _("Nothing waits for you: it is decided, a colleague's, or your own.")
        self.message_user(request, text, messages.INFO)
        return HttpResponseRedirect(self.queue_url())

    def take_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give whoever asks this very session."""
        self.require_reviewer(request)
        session = self.require(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            services.claim(session, request.user)
        except errors.NotReviewable as error:
            self.message_user(request, str(error), messages.WARNING)
        return self._back(session)

    def release_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let colleagues have this session."""
        self.require_reviewer(request)
        session = self.require(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if holds.holder(session) == request.user:
            services.release(session, request.user)
            self.message_user(request, _("Released: a colleague can take it."), messages.SUCCESS)
        return HttpResponseRedirect(self.queue_url())

    def acts(self, request: HttpRequest, session: VerificationSession) -> list[Act]:
        found = super().acts(request, session)
        if not self.has_review_permission(request):
            return found
        me = request.user
        if holds.holder(session) == me:
            found.append(self._act(session, _("Release"), "release"))
            found.append(self._act(session, _("Hold it on"), "take"))
        elif holds.may_take(session, me):
            found.append(self._act(session, _("Take it"), "take"))
        elif session.review != Review.NONE or session.review_proposed:
            take_next = self._queue_url("take_next")
            found.append(Act(_("Take the next one"), take_next, True, badges.QUIET))
        return [*found, Act(_("Review queue"), self.queue_url(), False, badges.QUIET)]

    def require(self, request: HttpRequest, object_id: str) -> Any:
        session = super().require(request, object_id)
        # Whatever its holder does on any of its pages holds it on; a look alone changes nothing.
        if request.method == "POST" and holds.holder(session) == request.user:
            with suppress(errors.NotReviewable):
                services.claim(session, request.user)
        return session

    def queue_url(self) -> str:
        return self._queue_url("queue")

    def _queue_url(self, name: str) -> str:
        return reverse(f"admin:{self._name(name)}", current_app=self.admin_site.name)


def _after(
    waits: QuerySet[VerificationSession], given: str | None
) -> QuerySet[VerificationSession]:
    """What has waited for less long than the session with this key; all where there is none."""
    known = VerificationSession.objects.filter(pk=key(given) or 0)
    since = known.values_list("result_at", flat=True).first()
    if since is None:
        return waits
    return waits.filter(result_at__gte=since).exclude(result_at=since, pk__lte=key(given))
