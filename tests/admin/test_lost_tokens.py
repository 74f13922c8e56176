"""A token is a secret, however it is pasted and wherever it is written."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from django_faceid.models import ApiCall, VerificationSession
from tests.admin.conftest import CALLS, SESSIONS, posted, text, told

LOST = ["C8CFF283-539AF-014E77-A5CF-DD9CAD93EFE2", "91BF5AD0-C5C9-41CC-9562-DB35BBA2712D"]
WRAPPED = [
    '"SdkToken": "{}",',
    '"{}"',
    "'{}'",
    "{},",
    "\u200b{}",
    "{}\ufeff",
    "\u202e{}\u202c",
    "SdkToken={}&x=1",
    '{{\\"SdkToken\\":\\"{}\\"}}',
    "the token was {} they say",
    "abc{}def",
    "(token) {}.",
]
RESPELLED: list[Callable[[str], str]] = [
    str.lower,
    str.title,
    lambda token: token.replace("-", "\u2011"),
    lambda token: token.replace("-", "\u2013"),
    lambda token: f"{token[:16]}\u00ad{token[16:]}",
    lambda token: f"{token[:15]}\r\n {token[15:]}",
    lambda token: token.translate({n: n + 0xFEE0 for n in range(ord("0"), ord("F") + 1)}),
]


@pytest.mark.parametrize("wrapped", WRAPPED)
def test_a_token_is_known_whatever_stands_around_it(
    superuser: Client, session: VerificationSession, call: ApiCall, wrapped: str
) -> None:
    term = wrapped.format(session.sdk_token)
    assert posted(superuser, term) == f"{SESSIONS}{session.pk}/change/"
    assert posted(superuser, term.lower(), CALLS) == f"{CALLS}?session={session.pk}"


@pytest.mark.parametrize("respelled", RESPELLED)
def test_a_token_is_known_however_a_program_has_spelled_it(
    superuser: Client, session: VerificationSession, call: ApiCall, respelled: Callable[[str], str]
) -> None:
    assert posted(superuser, respelled(session.sdk_token)) == f"{SESSIONS}{session.pk}/change/"


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("url", [SESSIONS, CALLS])
def test_a_token_that_nobody_knows_is_not_repeated_either(
    superuser: Client, lost: str, url: str
) -> None:
    spelled = [wrapped.format(lost) for wrapped in ("{}", *WRAPPED)]
    for term in [*spelled, *(respelled(lost) for respelled in RESPELLED)]:
        page = told(superuser, term, url)
        assert "Nothing is known by what you searched for" in page
        assert lost[-12:].lower() not in page.lower()
        assert term not in page


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("url", [SESSIONS, CALLS])
def test_no_page_repeats_a_token_that_somebody_wrote_into_its_address(
    superuser: Client, session: VerificationSession, call: ApiCall, url: str, lost: str
) -> None:
    known = [str(session.public_id), f"{session.public_id} x", "x"]
    terms = [lost, lost.lower(), f'"{lost}"', *(f"{each} {lost}" for each in known)]
    for address in (url, f"{url}export.csv", f"{url}export.jsonl"):
        for term in terms:
            response = superuser.get(address, {"q": term, "last": "24h"})
            assert (response.status_code, response["Location"]) == (302, f"{url}?last=24h")
            assert lost not in text(superuser, f"{url}?last=24h")
        twice = superuser.get(address, {"q": [lost, "x"]})
        assert (twice.status_code, twice["Location"]) == (302, url)
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("wrapped", ['"SdkToken": "{}",', "\u200b{}", "{},"])
def test_a_known_token_in_an_address_leads_away_from_it(
    superuser: Client, session: VerificationSession, call: ApiCall, wrapped: str
) -> None:
    for address in (SESSIONS, f"{SESSIONS}export.csv"):
        for token in (session.sdk_token, session.sdk_token.lower()):
            response = superuser.get(address, {"q": wrapped.format(token)})
            assert response.status_code == 302
            assert response["Location"] == f"{SESSIONS}{session.pk}/change/"
