"""Sessions: the list, and the page that tells a session's story."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ..models import ApiCall, VerificationSession
from ..services import holds
from ..story import badges, clocks, facts, others, people, search, summary, tables, timeline, words
from ..story.others import BULKY
from .bulk import BulkWork
from .columns import column, moment, over
from .filters import (
    CODES,
    EffectiveStatusFilter,
    FlowFilter,
    ModeFilter,
    ResultCodeFilter,
    ReviewFilter,
    SdkCodeFilter,
    SubjectFilter,
    TroubleFilter,
    VerdictFilter,
)
from .queue import ReviewQueue
from .support import SupportFile
from .time_filter import NAMES, CreatedFilter


class VerificationSessionAdmin(BulkWork, SupportFile, ReviewQueue):
    """Find any session by what staff have in hand; read everything that happened to it."""

    list_display = (
        "created",
        "current_status",
        "person",
        "current_verdict",
        "result",
        "flow_name",
        "session_id",
    )
    list_filter = (
        CreatedFilter,
        EffectiveStatusFilter,
        VerdictFilter,
        ReviewFilter,
        FlowFilter,
        ResultCodeFilter,
        TroubleFilter,
        SdkCodeFilter,
        ModeFilter,
        SubjectFilter,
    )
    list_select_related = ("user",)
    export_table = tables.Sessions
    page_template = "admin/faceid/verificationsession/session.html"
    lookups = frozenset(
        {"status", "verdict", "review", "livemode", "flow", "subject_key", *CODES, *NAMES}
    )

    @column(_("session"), "public_id")
    def session_id(self, session: VerificationSession) -> SafeString:
        return format_html('<code class="faceid-copy">{}</code>', session.public_id)

    @column(_("flow"), "flow", "livemode")
    def flow_name(self, session: VerificationSession) -> SafeString:
        mode = _("live") if session.livemode else _("test")
        return over(session.flow, str(mode))

    @column(_("status"), "status", "token_expires_at", "lease_until")
    def current_status(self, session: VerificationSession) -> badges.Badge:
        return badges.of_status(session)

    @column(_("verdict"), "verdict")
    def current_verdict(self, session: VerificationSession) -> badges.Badge:
        return badges.of_verdict(session)

    @column(_("result"), "result_code", "result_error", "error_code", "category")
    def result(self, session: VerificationSession) -> SafeString | None:
        code = session.result_code or session.result_error or session.error_code
        return over(code, words.category(session.category)) if code else None

    @column(_("created"), "created_at")
    def created(self, session: VerificationSession) -> SafeString:
        return moment(session.created_at)

    def get_queryset(self, request: HttpRequest) -> QuerySet[VerificationSession]:
        return super().get_queryset(request).defer(*BULKY)

    def page_queryset(self, request: HttpRequest) -> QuerySet[VerificationSession]:
        return self.get_queryset(request).defer(None).select_related("user", "review_held_by")

    def found(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        return search.sessions_found(queryset, term)

    def session_url(self, request: HttpRequest, pk: int) -> str:
        return self.page_url(request, VerificationSession, pk)

    def page_head(self, request: HttpRequest, session: VerificationSession) -> dict[str, Any]:
        return {
            "badges": [
                (_("Status"), badges.of_status(session)),
                (_("Verdict"), badges.of_verdict(session)),
                (_("Review"), badges.of_review(session)),
            ],
            "story": summary.of(session),
            **self.who(request, session),
        }

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        session = cast(VerificationSession, row)
        personal = people.may_see(request.user)
        story = timeline.of(session, personal=personal)
        return {
            **self.page_head(request, session),
            "held_by": holds.holder(session),
            "held_until": holds.held_until(session),
            "acts": self.acts(request, session),
            "own": session.user_id is not None and session.user_id == request.user.pk,
            "bars": clocks.bars(session),
            "asked_for": facts.asked_for(session, personal=personal),
            "came_back": facts.came_back(session),
            "on_file": facts.on_file(session),
            "timeline": story,
            **self.panel(request, session, story.events),
            "links_calls": self.may_open(request, ApiCall),
            "others": self._others(session),
            "others_url": f"{self.list_url()}?subject_key={session.subject_key}",
        }

    def _others(self, session: VerificationSession) -> list[tuple[VerificationSession, Any, Any]]:
        return [
            (other, badges.of_status(other), badges.of_verdict(other))
            for other in others.of(session)
        ]
