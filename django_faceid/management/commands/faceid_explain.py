"""``manage.py faceid_explain``: what happened to a session, told in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from ... import conf, services
from ...models import ApiCall, Source, VerificationSession
from ...story import people, search, telling

MOST_LISTED = 20


class Command(BaseCommand):
    """Find what the admin's search finds, and tell its story."""

    help = "Tell a session's story from any identifier; exit 1 when nothing is found."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "what",
            help="a RequestId, session id, trace id, SdkToken, username or reference, exactly; "
            "- reads it from standard input, which no shell remembers",
        )
        parser.add_argument(
            "--personal", action="store_true", help="say who it is about: username or reference"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        term = _given(options["what"])
        try:
            self._tell(term, options["personal"])
        except conf.SettingError as error:
            raise CommandError(f"{error} Run manage.py faceid_check.") from None

    def _tell(self, term: str, personal: bool) -> None:
        # PostgreSQL has no text with a NUL in it.
        searchable = term != "" and "\0" not in term
        sessions = _sessions(term) if searchable else []
        if len(sessions) == 1:
            [session] = sessions
            self._print(telling.of_session(session, _who(session, personal), personal=personal))
        elif sessions:
            self._list(sessions)
        elif calls := _calls(term) if searchable else []:
            for call in calls:
                self._print(telling.of_call(call))
        else:
            # Without repeating what was given: it may be a token.
            raise CommandError(
                _(
                    "Nothing is known by that. It was looked for, exactly as given, as a "
                    "RequestId, session id, trace id, SdkToken, username and reference."
                ),
                returncode=1,
            )

    def _list(self, sessions: list[VerificationSession]) -> None:
        self._print(telling.in_a_list(sessions[:MOST_LISTED]))
        if len(sessions) > MOST_LISTED:
            self._print([_("There are older ones; these are the newest %d.") % MOST_LISTED])
        self._print([_("Explain one of them by its session id.")])

    def _print(self, lines: Iterable[str]) -> None:
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        for line in lines:
            self.stdout.write(line.encode(encoding, "replace").decode(encoding))


def _given(what: str) -> str:
    if what != "-":
        return what.strip()
    return (getpass(_("What to explain: ")) if sys.stdin.isatty() else sys.stdin.readline()).strip()


def _who(session: VerificationSession, personal: bool) -> str:
    # A reference in full is on record, whoever reads it.
    reference = services.reveal(session, source=Source.HOST) if personal else ""
    return reference or people.shown(session, personal=personal)


def _sessions(term: str) -> list[VerificationSession]:
    """The newest sessions that a term names, one more than is listed."""
    pk = search.session_of_token(term)
    every = VerificationSession.objects.select_related("user")
    found = search.sessions_found(every, term) if pk is None else every.filter(pk=pk)
    return list(found.order_by("-id")[: MOST_LISTED + 1])


def _calls(term: str) -> list[ApiCall]:
    """The attempts that a term names and no session made."""
    return list(search.calls_found(ApiCall.objects.all(), term).order_by("id")[:MOST_LISTED])
