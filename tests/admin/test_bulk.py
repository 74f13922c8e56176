from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, cast

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection, connections
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_faceid import clock, services
from django_faceid.models import BulkItem, BulkJob, ItemState, Status, VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.services import bulk
from django_faceid.testing import make_session, play
from tests.admin.conftest import OPERATE, SESSIONS, VIEW, StaffClient, page, text

EXPORT = (*VIEW, "export_verificationsession")
JOBS = f"{SESSIONS}bulk/"


@pytest.fixture
def operator(staff: StaffClient) -> Client:
    return staff(*OPERATE)


def choose(
    browser: Client, action: str, sessions: Iterable[VerificationSession], **more: str
) -> Any:
    """Choose sessions on the list and press the button."""
    chosen = [str(session.pk) for session in sessions]
    query = more.pop("query", "")
    data = {"action": action, "index": "0", ACTION_CHECKBOX_NAME: chosen, **more}
    return browser.post(f"{SESSIONS}{query}", data)


def yes(html: str) -> dict[str, Any]:
    """What the button of a page that asks sends."""
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))
    chosen = re.findall(rf'name="{ACTION_CHECKBOX_NAME}" value="(\d+)"', html)
    return {**fields, ACTION_CHECKBOX_NAME: chosen, "confirmed": "1"}


def confirm(
    browser: Client, action: str, sessions: Iterable[VerificationSession], **more: str
) -> BulkJob:
    """Choose sessions, read what will happen, and say yes; the job."""
    asked = choose(browser, action, sessions, **more)
    assert asked.status_code == 200
    html = asked.content.decode()
    assert not BulkJob.objects.exists()
    answer = browser.post(f"{SESSIONS}{more.get('query', '')}", yes(html))
    job = BulkJob.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{JOBS}{job.pk}/")
    return job


def job_of(browser: Client, *sessions: VerificationSession) -> BulkJob:
    actor = User.objects.get(pk=browser.session["_auth_user_id"])
    found = VerificationSession.objects.filter(pk__in=[each.pk for each in sessions])
    return services.start_bulk("cancel", found, actor=actor)


def words(browser: Client, job: BulkJob) -> str:
    return text(browser, f"{JOBS}{job.pk}/")


@pytest.mark.django_db(transaction=True)
def test_results_are_fetched_for_the_chosen_and_for_nobody_else(
    operator: Client, sandbox: SandboxState
) -> None:
    sessions = [services.issue_token(f"reference-{n}").session for n in range(3)]
    for session in sessions:
        play(session, "pass")
    job = confirm(operator, "fetch_selected", sessions[:2])
    assert LogEntry.objects.get().get_change_message() == "Fetch results: 2 sessions"
    assert "0 of 2 sessions are dealt with." in words(operator, job)
    services.run_bulk_jobs()
    assert "2 of 2 sessions are dealt with." in words(operator, job)
    statuses = VerificationSession.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == ["succeeded", "succeeded", "issued"]
    assert f"bulk job {job.pk}" in text(operator, page(sessions[0], "history"))
    assert "staff asked for the result" in text(operator, page(sessions[0])).lower()


def test_canceling_says_that_it_cannot_be_undone(operator: Client) -> None:
    sessions = [make_session(), make_session()]
    assert "cannot be undone" in choose(operator, "cancel_selected", sessions).content.decode()
    job = confirm(operator, "cancel_selected", sessions)
    assert job.items.count() == 2
    services.run_bulk_jobs()
    assert f"bulk job {job.pk}" in text(operator, page(sessions[0])), "and its event says why"


def test_all_that_match_the_filter_are_more_than_the_page(operator: Client) -> None:
    live = [make_session() for _each in range(3)]
    make_session(status=Status.FAILED)
    job = confirm(operator, "cancel_selected", live[:1], select_across="1", query="?status=issued")
    chosen = set(job.items.values_list("session_id", flat=True))
    assert chosen == {session.pk for session in live}


def test_only_what_was_confirmed_is_done_whatever_has_come_into_the_filter_since(
    operator: Client,
) -> None:
    older = make_session(status=Status.EXPIRED)
    seen = [make_session(), make_session()]
    left = seen[1]
    query = "?status=issued"
    asked = choose(operator, "cancel_selected", seen[:1], select_across="1", query=query)
    assert "2 sessions are chosen." in asked.content.decode()
    make_session()
    rows = VerificationSession.objects
    rows.filter(pk=older.pk).update(status="issued", live_key="back")
    rows.filter(pk=left.pk).update(status="expired", live_key=None)
    operator.post(f"{SESSIONS}{query}", yes(asked.content.decode()))
    chosen = BulkJob.objects.get().items.values_list("session_id", flat=True)
    assert set(chosen) == {session.pk for session in seen}, "and a job says of those left why"


@pytest.mark.parametrize("keys", ["", "x", "1,", "1,-1", "9" * 30, ",".join(map(str, range(5001)))])
def test_without_the_sessions_that_were_shown_the_question_is_asked_again(
    operator: Client, keys: str
) -> None:
    session = make_session()
    data = yes(choose(operator, "cancel_selected", [session]).content.decode())
    answer = operator.post(SESSIONS, {**data, "sessions": keys})
    assert "1 session is chosen." in answer.content.decode()
    assert not BulkJob.objects.exists()


def test_the_question_says_of_how_many_a_result_can_be_fetched(operator: Client) -> None:
    def asked(*sessions: VerificationSession) -> str:
        return str(choose(operator, "fetch_selected", sessions).content.decode())

    over = make_session(status=Status.FAILED)
    issued = clock.now() - timedelta(hours=73)
    forgotten = make_session(
        status=Status.EXPIRED,
        issued_at=issued,
        token_expires_at=issued + timedelta(minutes=10),
        result_expires_at=issued + timedelta(hours=72),
    )
    live = make_session()
    assert "Tencent can still be asked about 1 of them" in asked(over, forgotten, live)
    assert "The others are skipped." in asked(over, live)
    assert "The others" not in asked(live)
    assert "cannot be asked about any of them" in asked(over, forgotten)


def test_what_is_above_the_ceiling_is_told_before_and_after(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST", 2)
    monkeypatch.setattr("django_faceid.admin.bulk.MOST", 2)
    sessions = [make_session() for _each in range(3)]
    html = choose(operator, "cancel_selected", sessions).content.decode()
    assert "2 sessions are chosen" in html
    assert "a job has no more" in html
    job = confirm(operator, "cancel_selected", sessions)
    assert "these are the newest" in words(operator, job)


def test_skipped_and_failed_sessions_are_linked_with_a_reason(operator: Client) -> None:
    over = make_session(status=Status.FAILED)
    job = job_of(operator, over, make_session())
    services.run_bulk_jobs()
    html = words(operator, job)
    assert f'href="{page(over)}">{over.public_id}</a>' in html
    assert "Only a session with a live token can be canceled." in html
    BulkItem.objects.filter(session=over).update(
        state=ItemState.FAILED, reason="<script>alert(1)</script>"
    )
    html = words(operator, job)
    assert "<script>alert" not in html
    assert "The log says more." in html


def test_a_running_job_is_watched_by_a_script_and_without_one(operator: Client) -> None:
    job = job_of(operator, make_session())
    html = words(operator, job)
    assert "django_faceid/bulk.js" in html
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in html
    seen = json.loads(text(operator, f"{JOBS}{job.pk}/progress.json"))
    assert (seen["state"], seen["total"], seen["waiting"]) == ("running", 1, 1)
    services.run_bulk_jobs()
    seen = json.loads(text(operator, f"{JOBS}{job.pk}/progress.json"))
    assert (seen["state"], seen["done"], seen["dealt_with"]) == ("done", 1, 1)
    html = words(operator, job)
    assert "bulk.js" not in html
    assert "refresh" not in html


def test_every_number_that_the_script_shows_is_in_the_answer(operator: Client) -> None:
    job = job_of(operator, make_session())
    places = set(re.findall(r'data-progress="(\w+)"', words(operator, job)))
    assert places
    assert places <= set(json.loads(text(operator, f"{JOBS}{job.pk}/progress.json")))


def test_any_operator_stops_a_job(operator: Client, staff: StaffClient) -> None:
    sessions = [make_session(), make_session()]
    job = job_of(operator, *sessions)
    colleague = staff(*OPERATE)
    assert f"{JOBS}{job.pk}/stop/" in words(colleague, job)
    assert colleague.post(f"{JOBS}{job.pk}/stop/").status_code == 302
    services.run_bulk_jobs()
    assert VerificationSession.objects.filter(status=Status.ISSUED).count() == 2
    html = words(colleague, job)
    assert "Left alone" in html
    assert "/stop/" not in html
    entry = LogEntry.objects.get()
    assert entry.user_id == int(colleague.session["_auth_user_id"])
    assert colleague.post(f"{JOBS}{job.pk}/stop/").status_code == 302
    assert LogEntry.objects.count() == 1


def test_jobs_are_listed_newest_first_and_linked_from_the_sessions(operator: Client) -> None:
    first, second = job_of(operator, make_session()), job_of(operator, make_session())
    assert f'href="{JOBS}"' in text(operator, SESSIONS)
    html = text(operator, JOBS)
    assert html.index(f"{JOBS}{second.pk}/") < html.index(f"{JOBS}{first.pk}/")
    assert text(operator, "/admin/")


def test_a_job_outlives_whoever_started_it(operator: Client, superuser: Client) -> None:
    job = job_of(operator, make_session())
    User.objects.get(pk=operator.session["_auth_user_id"]).delete()
    services.run_bulk_jobs()
    html = words(superuser, job)
    assert "deleted since" in html
    assert "may not do this any more" in html


def test_actions_are_offered_to_those_who_may(staff: StaffClient) -> None:
    make_session()
    assert offered(staff(*OPERATE)) == ["fetch_selected", "cancel_selected"]
    assert offered(staff(*EXPORT)) == ["export_csv", "export_json_lines"]
    assert offered(staff(*VIEW)) == []
    assert f'href="{JOBS}"' not in text(staff(*EXPORT), SESSIONS)


def offered(browser: Client) -> list[str]:
    return re.findall(r'<option value="(\w+)"', text(browser, SESSIONS))


@pytest.mark.parametrize("action", ["fetch_selected", "cancel_selected", "export_csv"])
def test_an_action_without_its_permission_does_nothing(staff: StaffClient, action: str) -> None:
    session = make_session()
    answer = choose(staff(*VIEW), action, [session], confirmed="1")
    assert answer.status_code == 200
    assert not answer.streaming
    assert not BulkJob.objects.exists()
    assert not LogEntry.objects.exists()


def test_the_chosen_are_exported_and_the_record_says_which(staff: StaffClient) -> None:
    chosen, other = make_session(), make_session()
    answer = choose(staff(*EXPORT), "export_json_lines", [chosen])
    chunks = cast(Iterable[bytes], cast(StreamingHttpResponse, answer).streaming_content)
    content = b"".join(chunks).decode()
    assert str(chosen.public_id) in content
    assert str(other.public_id) not in content
    assert content.endswith('{"complete":true,"rows":1}\n')
    told = LogEntry.objects.get().get_change_message()
    assert told == f"Exported as JSON Lines: selected: {chosen.pk}"


def test_an_export_of_all_that_match_is_recorded_by_its_filter(staff: StaffClient) -> None:
    sessions = [make_session(), make_session()]
    choose(staff(*EXPORT), "export_csv", sessions[:1], select_across="1", query="?status=issued")
    assert LogEntry.objects.get().get_change_message() == "Exported as CSV: status=issued"


@pytest.mark.parametrize("chosen", ["x", "-1", "1e9", "9" * 30, "\0", "' OR 1=1"])
def test_nonsense_chosen_is_never_a_server_error(superuser: Client, chosen: str) -> None:
    make_session()
    data = {"action": "cancel_selected", "index": "0", ACTION_CHECKBOX_NAME: chosen}
    assert superuser.post(SESSIONS, data).status_code == 302
    assert superuser.post(SESSIONS, {**data, "confirmed": "1"}).status_code == 302
    assert not BulkJob.objects.exists()


@pytest.mark.parametrize("pk", ["0", "999", "9" * 30])
def test_a_job_that_is_none_is_not_found(superuser: Client, pk: str) -> None:
    for url in (f"{JOBS}{pk}/", f"{JOBS}{pk}/progress.json"):
        assert superuser.get(url).status_code == 404
    assert superuser.post(f"{JOBS}{pk}/stop/").status_code == 404


def test_a_forged_request_starts_and_stops_nothing(operator: Client) -> None:
    session = make_session()
    job = job_of(operator, session)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.get(pk=operator.session["_auth_user_id"]))
    assert choose(browser, "cancel_selected", [session], confirmed="1").status_code == 403
    assert browser.post(f"{JOBS}{job.pk}/stop/").status_code == 403
    assert BulkJob.objects.get().state == "running"


def test_a_jobs_page_costs_the_same_for_any_number_of_sessions(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def queries(job: BulkJob) -> int:
        with CaptureQueriesContext(connection) as seen:
            words(operator, job)
        return len(seen)

    few = job_of(operator, make_session(status=Status.FAILED))
    services.run_bulk_jobs()
    queries(few)
    least = queries(few)
    many = job_of(operator, *(make_session(status=Status.FAILED) for _each in range(30)))
    services.run_bulk_jobs()
    assert queries(many) == least <= 8
    assert "There are more" not in words(operator, many)
    monkeypatch.setattr("django_faceid.admin.bulk.MOST_TROUBLED", 10)
    assert words(operator, many).count('<th scope="row">') == 10
    assert "There are more" in words(operator, many)


def test_a_job_is_stored_with_atomic_requests(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)
    confirm(operator, "cancel_selected", [make_session()])
