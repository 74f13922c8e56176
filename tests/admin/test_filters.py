from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from django_faceid.models import Status, VerificationSession
from django_faceid.testing import advance, faceid_sandbox, make_session
from tests.admin.conftest import CALLS, SESSIONS, make_call, text


def listed(client: Client, url: str = SESSIONS, **params: Any) -> list[int]:
    response = client.get(url, params)
    assert response.status_code == 200
    return sorted(row.pk for row in response.context["cl"].result_list)


@pytest.mark.django_db
def test_the_status_filter_goes_by_time_not_by_label(superuser: Client) -> None:
    with faceid_sandbox():
        overdue, waiting = make_session("a"), make_session("b", status=Status.PENDING)
        advance(minutes=11)
        live = make_session("c")
        assert listed(superuser, status="issued") == [live.pk]
        assert listed(superuser, status="expired") == [overdue.pk]
        assert listed(superuser, status="error") == [waiting.pk]
        assert listed(superuser, status="pending") == []
        assert "expired</span>" in superuser.get(SESSIONS).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("status", list(Status))
def test_acts_on_a_whole_list_and_files_of_it_are_filtered_like_its_pages(
    superuser: Client, status: Status
) -> None:
    with faceid_sandbox():
        for label in Status:
            make_session(f"overdue {label}", status=label)
        advance(minutes=11)
        for label in Status:
            make_session(f"fresh {label}", status=label)
        pages = listed(superuser, status=status)
        whole = superuser.get(SESSIONS, {"status": status}).context["cl"].queryset
        assert sorted(whole.values_list("pk", flat=True)) == pages
        response: Any = superuser.get(f"{SESSIONS}export.csv", {"status": status})
        file = b"".join(response.streaming_content).decode()
        every = VerificationSession.objects.values_list("pk", "public_id")
        assert sorted(pk for pk, public_id in every if str(public_id) in file) == pages


def test_sessions_are_filtered_by_verdict_review_mode_flow_and_person(superuser: Client) -> None:
    passed = make_session("a", status=Status.SUCCEEDED, livemode=False)
    waiting = make_session("b", status=Status.FAILED, review="pending", flow="withdraw")
    assert listed(superuser, verdict="verified") == [passed.pk]
    assert listed(superuser, review="pending") == [waiting.pk]
    assert listed(superuser, livemode="0") == [passed.pk]
    assert listed(superuser, flow="withdraw") == [waiting.pk]
    assert listed(superuser, subject_key=passed.subject_key) == [passed.pk]
    assert listed(superuser, flow="withdraw", review="pending", livemode="0") == []


def test_sessions_are_filtered_by_the_code_for_which_no_token_came(superuser: Client) -> None:
    make_session("a")
    refused = make_session("b", status=Status.ERROR, error_code="RequestLimitExceeded")
    assert listed(superuser, error_code="RequestLimitExceeded") == [refused.pk]
    assert "?error_code=RequestLimitExceeded" in text(superuser, SESSIONS)


def test_sessions_are_filtered_by_the_code_for_which_no_result_came(superuser: Client) -> None:
    lost = make_session("a", result_error="FailedOperation.BizTokenExpired")
    code = {"error_code": "FailedOperation.BizTokenExpired"}
    refused = make_session("b", status=Status.ERROR, **code)
    make_session("c", status=Status.ERROR, error_code="InternalError")
    assert listed(superuser, **code) == [lost.pk, refused.pk]
    assert "?error_code=FailedOperation.BizTokenExpired" in text(superuser, SESSIONS)


def test_the_error_code_and_the_status_narrow_each_other(superuser: Client) -> None:
    code = "InternalError"
    with faceid_sandbox():
        refused = make_session("a", status=Status.ERROR, error_code=code)
        overdue = make_session("b", result_error=code)
        make_session("c", status=Status.ERROR, error_code="Interrupted")
        make_session("d")
        advance(minutes=11)
        live = make_session("e", result_error=code)
        for status, wanted in (("error", refused), ("expired", overdue), ("issued", live)):
            assert listed(superuser, status=status, error_code=code) == [wanted.pk]
            file: Any = superuser.get(
                f"{SESSIONS}export.jsonl", {"status": status, "error_code": code}
            )
            assert str(wanted.public_id) in b"".join(file.streaming_content).decode()
        assert listed(superuser, status="canceled", error_code=code) == []
        # Each row once, though two columns say the same.
        both = make_session("f", status=Status.ERROR, error_code=code, result_error=code)
        assert listed(superuser, error_code=code) == [refused.pk, overdue.pk, live.pk, both.pk]


def test_sessions_are_filtered_by_tencents_result_and_it_is_offered_in_words(
    superuser: Client,
) -> None:
    passed = make_session("a", status=Status.SUCCEEDED)
    late = make_session("d", status=Status.CANCELED, result_code="0", category="passed")
    assert listed(superuser, result_code="0") == [passed.pk, late.pk]
    assert listed(superuser, result_code="0", status="canceled") == [late.pk]
    assert listed(superuser, result_code="0", verdict="verified") == [passed.pk]
    dark = make_session("b", status=Status.FAILED, result_code="1201")
    unheard = make_session("c", status=Status.FAILED, result_code="9999")
    assert listed(superuser, result_code="1201") == [dark.pk]
    assert listed(superuser, result_code="9999", status="failed") == [unheard.pk]
    html = text(superuser, SESSIONS)
    for offered in ("1201 Too dark or overexposed.", "9999 A code that is not documented."):
        assert offered in html
    assert "1002 A recording or mask is suspected." in text(superuser, SESSIONS, result_code="1002")


def test_sessions_are_filtered_by_what_the_phone_said(superuser: Client) -> None:
    done = make_session("a", sdk_code=0)
    denied, strange = make_session("b", sdk_code=215), make_session("c", sdk_code=-3)
    assert listed(superuser, sdk_code="215") == [denied.pk]
    assert listed(superuser, sdk_code="-3") == [strange.pk]
    assert listed(superuser, sdk_code="0", flow="default", status="issued") == [done.pk]
    html = text(superuser, SESSIONS)
    for offered in ("?sdk_code=215", "?sdk_code=-3", "-3 An unknown code."):
        assert offered in html
    assert "?sdk_code=0" not in html
    for never in ("2147483648", "-2147483649", "1.0", "0x1", "٣"):
        assert listed(superuser, sdk_code=never) == []


def test_the_codes_of_all_filters_are_read_at_once(superuser: Client) -> None:
    make_session("a", status=Status.FAILED, result_code="1201", sdk_code=215)
    with CaptureQueriesContext(connection) as captured:
        text(superuser, SESSIONS)
    reading = [query for query in captured if "sdk_code" in query["sql"].split(" FROM ")[0]]
    assert len([query for query in reading if "LIMIT 2000" in query["sql"]]) == 1
    assert len(captured) <= 8


@override_settings(FACEID={"ACCOUNTS": {}, "FLOWS": {"withdraw": {}}})
def test_the_flows_offered_are_those_of_the_settings(superuser: Client) -> None:
    specs = superuser.get(SESSIONS).context["cl"].filter_specs
    flows = next(spec for spec in specs if getattr(spec, "parameter_name", "") == "flow")
    assert [name for name, _ in flows.lookup_choices] == ["default", "withdraw"]


def test_calls_are_filtered_by_outcome_action_code_and_session(superuser: Client) -> None:
    session = make_session("a")
    ok = make_call(session, action="GetFaceIdResultIntl")
    refused = make_call(None, outcome="refused", error_code="RequestLimitExceeded")
    assert listed(superuser, CALLS, outcome="refused") == [refused.pk]
    assert listed(superuser, CALLS, action="GetFaceIdResultIntl") == [ok.pk]
    assert listed(superuser, CALLS, error_code="RequestLimitExceeded") == [refused.pk]
    assert listed(superuser, CALLS, session=str(session.pk)) == [ok.pk]
    assert listed(superuser, CALLS, subject_key=session.subject_key) == [ok.pk]
    assert listed(superuser, CALLS, outcome="refused", action="GetFaceIdResultIntl") == []


# An empty field of the form, and what a row without an error holds.
NO_FILTER = {("last", ""), ("error_code", "")}
GARBLED = ("nonsense", "", "\0", "9" * 60, "x" * 5000, "%_'\"\\")


@pytest.mark.parametrize("garbled", GARBLED)
@pytest.mark.parametrize(
    "name",
    (
        "status",
        "verdict",
        "review",
        "livemode",
        "flow",
        "error_code",
        "result_code",
        "sdk_code",
        "subject_key",
        "last",
    ),
)
def test_a_value_that_no_session_has_finds_nothing(
    superuser: Client, name: str, garbled: str, customer: User
) -> None:
    session = make_session(customer)
    expected = [session.pk] if (name, garbled) in NO_FILTER else []
    assert listed(superuser, **{name: garbled}) == expected


@pytest.mark.parametrize("garbled", GARBLED)
@pytest.mark.parametrize(
    "name", ("outcome", "action", "error_code", "session", "subject_key", "last")
)
def test_a_value_that_no_call_has_finds_nothing(superuser: Client, name: str, garbled: str) -> None:
    call = make_call(None)
    expected = [call.pk] if (name, garbled) in NO_FILTER else []
    assert listed(superuser, CALLS, **{name: garbled}) == expected


def test_the_error_codes_offered_are_those_of_the_newest_calls(
    superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_faceid.admin.filters.RECENT_ROWS", 2)
    for code in ("Old", "New.B", "New.A"):
        make_call(None, outcome="refused", error_code=code)
    specs = superuser.get(CALLS).context["cl"].filter_specs
    codes = next(spec for spec in specs if getattr(spec, "parameter_name", "") == "error_code")
    assert [code for code, _ in codes.lookup_choices] == ["New.A", "New.B"]


@pytest.mark.parametrize(
    "probe",
    [
        "sdk_token__startswith",
        "calls__sdk_token_digest",
        "user__password__startswith",
        "reference__icontains",
        "request_id__contains",
        "verdict__in",
        # Would go by the label, not by the time, and past the filters' own indexes.
        "status__exact",
    ],
)
def test_no_address_filters_by_anything_else(superuser: Client, probe: str, customer: User) -> None:
    make_session(customer)
    assert superuser.get(SESSIONS, {probe: "a"}).status_code == 400


def test_a_long_code_among_the_filters_breaks_where_its_words_end(superuser: Client) -> None:
    make_call(None, outcome="refused", error_code="InternalError.UnKnown<")
    choice = "InternalError.<wbr>UnKnown&lt;</a>"
    assert choice in superuser.get(CALLS).content.decode()


def test_no_address_sorts_by_an_unindexed_column(superuser: Client) -> None:
    first, second = make_session("a", flow="a"), make_session("b", flow="b")
    for column in range(1, 9):
        rows = superuser.get(SESSIONS, {"o": str(column)}).context["cl"].result_list
        assert [row.pk for row in rows] == [second.pk, first.pk]
