"""Who sees whom a session is about."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.translation import gettext_lazy as _

from .. import services
from ..models import VerificationSession
from ..story import people, signs
from .acts import SessionActs
from .columns import column, wrapping

_SUBJECT = ("subject_key", "user_id", "reference")


def name_read_from(user: type[Any]) -> str:
    """What says a user's name: one column, or any of them where a host's own model says it."""
    by_column = user.get_username is AbstractBaseUser.get_username
    return f"user__{user.USERNAME_FIELD}" if by_column else "user"


class PersonalData(SessionActs):
    """Pseudonyms for those who only look; names for those who may see personal data."""

    def get_urls(self) -> list[Any]:
        return [self._url("reveal", self.reveal_view), *super().get_urls()]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        columns = list(super().get_list_display(request))
        if people.may_see(request.user):
            columns[columns.index("person")] = "known_person"
        return columns

    @column(_("person"), *_SUBJECT)
    def person(self, session: VerificationSession) -> str:
        return people.shown(session, personal=False)

    @column(_("person"), *_SUBJECT, name_read_from(get_user_model()))
    def known_person(self, session: VerificationSession) -> str:
        return wrapping(people.shown(session, personal=True))

    def who(self, request: HttpRequest, session: VerificationSession) -> dict[str, str]:
        """The person in the head of a page, as the viewer may know them."""
        personal = people.may_see(request.user)
        head = {"who": people.shown(session, personal=personal)}
        if personal:
            head["who_url"] = self.page_url(request, get_user_model(), session.user_id)
        if personal and session.reference:
            head["reveal_url"] = self._act(session, "", "reveal").url
        return head

    def reveal_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the host's reference in this one answer, once that is on record."""
        session = self.require(request, object_id)
        if not people.may_see(request.user):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        reference = services.reveal(session, actor=request.user)
        if not reference:
            return self._back(session)
        self.log_change(request, session, str(_("Revealed the reference.")))
        context = {**self.page_context(request, session), "revealed": signs.plain(reference)}
        return self.render(request, self.page_template, session, context)
