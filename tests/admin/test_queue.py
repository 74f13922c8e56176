from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_faceid import clock, services
from django_faceid.admin import queue
from django_faceid.models import Metric, Review, Status, VerificationSession
from django_faceid.services import holds, status
from django_faceid.testing import advance, make_session
from tests.admin.conftest import (
    REVIEW,
    SESSIONS,
    STRAYED_STOP,
    VIEW,
    StaffClient,
    do,
    page,
    text,
)
from tests.admin.dashboard import DASHBOARD, put

QUEUE = f"{SESSIONS}queue/"
NEXT = f"{QUEUE}next/"


@pytest.fixture(autouse=True)
def clock_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "offset", clock.offset)


def waiting(who: Any = None, **columns: Any) -> VerificationSession:
    given = {"status": Status.FAILED, "review": "pending", "flow_snapshot": {"review": ["always"]}}
    return make_session(who, **{**given, **columns})


def member(browser: Client) -> User:
    return User.objects.get(pk=browser.session["_auth_user_id"])


def order(html: str) -> list[int]:
    """The sessions of a page in the order in which it links to them."""
    return [int(pk) for pk in re.findall(rf'href="{SESSIONS}(\d+)/change/"', html)]


def take_next(browser: Client) -> tuple[str, str]:
    """Where the button leads, and what staff are told."""
    response = browser.post(NEXT)
    told = " ".join(str(message) for message in get_messages(response.wsgi_request))
    return response["Location"], told


def test_the_queue_says_what_waits_how_long_why_and_who_is_at_it(
    staff: StaffClient, customer: User
) -> None:
    browser, colleague = staff(*REVIEW), User.objects.create_user("colleague")
    hours_ago = clock.now() - timedelta(hours=5, seconds=1)
    failed = waiting(
        customer,
        flow="withdraw",
        result_at=hours_ago,
        flow_snapshot={"review": ["on_failure", "risk"]},
        device_info_level="3",
        liveness_info_tag=["04"],
    )
    services.claim(failed, colleague)
    own = waiting(member(browser))
    mine = waiting()
    services.claim(mine, member(browser))
    make_session(status=Status.FAILED)
    html = text(browser, QUEUE)
    assert order(html) == [failed.pk, own.pk, mine.pk]
    assert "3 sessions wait for a decision." in html
    assert "The oldest has waited for 5 h" in html
    row = html[html.index(f"{failed.pk}/change") : html.index(f"{own.pk}/change")]
    for said in ("withdraw", "not passed", "device 3 of 4: medium risk", "04", "colleague"):
        assert said in row
    assert "Your own" in html
    assert "You\n" in html
    assert "/take/" not in html


def test_nobody_is_named_in_the_queue(staff: StaffClient, customer: User) -> None:
    waiting(customer)
    waiting("passport-4711")
    html = text(staff(*REVIEW, "view_personal_data"), QUEUE)
    assert customer.username not in html
    assert "4711" not in html


def test_what_has_waited_longest_comes_first_however_late_its_result_came(
    staff: StaffClient,
) -> None:
    browser, now = staff(*REVIEW), clock.now()
    late = waiting(result_at=now - timedelta(hours=3))
    first = waiting(result_at=now - timedelta(hours=55))
    put(Metric.MOVED, 1, label="issued")
    html = text(browser, QUEUE)
    assert order(html) == [first.pk, late.pk]
    assert "The oldest has waited for 2 days 7 h" in html
    assert "the oldest for 2 days 7 h" in text(browser, DASHBOARD)
    assert take_next(browser)[0] == page(first)


def test_a_row_says_what_came_back_and_which_person_it_is(staff: StaffClient) -> None:
    spoof = waiting("reference-1", result_code="1005", category="spoof")
    again = waiting("reference-1", result_code="1004")
    html = text(staff(*REVIEW), QUEUE)
    assert html.count(f"person {spoof.subject_key[:12]}") == 2
    assert again.subject_key == spoof.subject_key
    for said in ("suspected spoof", "1005: ", "capture trouble", "1004: No face could be detected"):
        assert said in html
    assert "every result of this flow" in html


@pytest.mark.parametrize(
    ("stands", "hindrance"), [(Status.FAILED, "ask a colleague"), (Status.ISSUED, "final result")]
)
def test_a_refusal_says_what_stands_in_the_way(
    staff: StaffClient, stands: Status, hindrance: str
) -> None:
    browser = staff(*REVIEW)
    assert hindrance in do(browser, make_session(member(browser), status=stands), "take")


def test_an_empty_queue_says_so(staff: StaffClient) -> None:
    browser = staff(*REVIEW)
    assert "Nothing waits." in text(browser, QUEUE)
    location, told = take_next(browser)
    assert location == QUEUE
    assert "Nothing waits for you" in told


def test_the_next_one_is_taken_and_opened(staff: StaffClient) -> None:
    ann, bob = staff(*REVIEW), staff(*REVIEW)
    first, second = waiting(), waiting()
    assert take_next(ann)[0] == page(first)
    assert take_next(bob)[0] == page(second)
    assert "You are at it" in text(ann, page(first))
    assert not STRAYED_STOP.search(text(ann, page(first)))
    assert f"{member(ann).username} is looking at it" in text(bob, page(first))


def test_after_a_decision_the_next_one_is_offered(staff: StaffClient) -> None:
    browser = staff(*REVIEW)
    first, second = waiting(), waiting()
    take_next(browser)
    assert f'action="{NEXT}"' not in text(browser, page(first))
    given = {"reason": "unclear", "version": first.version}
    assert do(browser, first, "reject", **given)
    assert f'action="{NEXT}"' in text(browser, page(first))
    assert take_next(browser)[0] == page(second)


def test_on_a_phone_a_name_says_that_it_is_of_who_is_at_it(staff: StaffClient) -> None:
    ann, bob = staff(*REVIEW), staff(*REVIEW)
    session = waiting()
    label = '<span class="faceid-label" aria-hidden="true">At it</span>'
    assert label not in text(ann, QUEUE)
    do(ann, session, "take")
    assert f"{label} You" in text(ann, QUEUE)
    assert f"{label} {member(ann).username}" in text(bob, QUEUE)


def test_any_one_can_be_taken_and_given_back(staff: StaffClient) -> None:
    ann, bob = staff(*REVIEW), staff(*REVIEW)
    waiting()
    chosen = waiting()
    assert page(chosen, "take") in text(ann, QUEUE)
    assert do(ann, chosen, "take") == ""
    assert holds.holder(chosen) == member(ann)
    assert f"A colleague is looking at it: {member(ann).username}." in do(bob, chosen, "take")
    assert bob.post(page(chosen, "release"))["Location"] == QUEUE
    chosen.refresh_from_db()
    assert holds.holder(chosen) == member(ann)
    assert ann.post(page(chosen, "release"))["Location"] == QUEUE
    do(bob, chosen, "take")
    assert holds.holder(chosen) == member(bob)


def test_its_holder_holds_it_on_by_acts_and_not_by_looks(staff: StaffClient) -> None:
    browser = staff(*REVIEW)
    session = waiting()
    take_next(browser)
    for _act in range(3):
        advance(minutes=10)
        assert ">Hold it on<" in text(browser, page(session))
        do(browser, session, "take")
        assert holds.holder(session) == member(browser)
    advance(minutes=10)
    until = timezone.localtime(clock.now() + timedelta(minutes=5))
    assert f"{until:%Y-%m-%d %H:%M}" in text(browser, page(session))
    assert browser.post(page(session, "reject"), {"version": session.version}).status_code == 200
    advance(minutes=14)
    for act in ("change", "approve", "reject"):
        text(browser, page(session, act))
    session.refresh_from_db()
    assert holds.holder(session) == member(browser)
    advance(minutes=1)
    assert page(session, "take") in text(browser, page(session))
    session.refresh_from_db()
    assert holds.holder(session) is None


def test_a_look_by_somebody_else_holds_nothing(staff: StaffClient) -> None:
    session = waiting()
    text(staff(*REVIEW), page(session))
    text(staff(*VIEW), page(session))
    session.refresh_from_db()
    assert session.review_held_by is None


def test_a_reversal_that_waits_for_a_second_person_is_in_the_queue(staff: StaffClient) -> None:
    ann, bob = staff(*REVIEW), staff(*REVIEW)
    long_ago = clock.now() - timedelta(days=2, hours=1)
    session = make_session(
        status=Status.SUCCEEDED, result_at=long_ago, flow_snapshot={"second_review": True}
    )
    services.reject(session, actor=member(ann), reason="fraud")
    html = text(bob, QUEUE)
    assert "one person wants it otherwise" in html
    assert "2 days" not in html, "it waits since it was proposed"
    assert "one of two people: rejected" in html
    assert page(session, "take") in html
    assert "It takes a colleague" in text(ann, QUEUE)
    assert take_next(ann)[0] == QUEUE
    assert take_next(bob)[0] == page(session)
    services.reject(session, actor=member(bob), reason="fraud")
    assert "wants it otherwise" not in text(bob, QUEUE)


def test_the_queue_pages_by_key_and_its_count_ends(
    staff: StaffClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "PAGE", 2)
    monkeypatch.setattr(status, "CAP", 4)
    browser = staff(*REVIEW)
    now = clock.now()
    # Two of them have waited since the same instant.
    hours = (2, 5, 2, 1, 4)
    rows = [waiting(result_at=now - timedelta(hours=ago)) for ago in hours]
    sessions = [rows[place].pk for place in (1, 4, 0, 2, 3)]
    seen, url = [], QUEUE
    for _page in range(3):
        html = text(browser, url)
        assert "More than 4 sessions wait" in html
        seen += order(html)
        link = re.search(r'rel="next" href="(\?after=\d+)"', html)
        url = QUEUE + (link[1] if link else "")
    assert seen == sessions
    assert link is None


@pytest.mark.parametrize("key", ["x", "-1", "9" * 30, "1' OR 1=1", ""])
def test_an_address_that_is_none_shows_the_beginning(staff: StaffClient, key: str) -> None:
    session = waiting()
    assert order(text(staff(*REVIEW), QUEUE, after=key)) == [session.pk]


def test_the_queue_costs_the_same_whatever_waits(staff: StaffClient) -> None:
    browser = staff(*REVIEW)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            text(browser, QUEUE)
        return len(seen)

    colleague = User.objects.create_user("colleague")
    services.claim(waiting(), colleague)
    few = queries()
    for number in range(12):
        session = waiting(
            User.objects.create_user(f"user-{number}"), flow_snapshot={"second_review": True}
        )
        services.reject(session, actor=colleague, reason="fraud")
        services.claim(waiting(), User.objects.create_user(f"staff-{number}"))
        reversal = make_session(status=Status.SUCCEEDED, flow_snapshot={"second_review": True})
        services.reject(reversal, actor=colleague, reason="fraud")
    assert queries() == few <= 8


def test_reviewers_find_the_queue_from_every_page_and_others_do_not(staff: StaffClient) -> None:
    session = waiting()
    put(Metric.MOVED, 1, label="issued")
    for url in (DASHBOARD, SESSIONS, page(session)):
        assert QUEUE in text(staff(*REVIEW), url)
        assert QUEUE not in text(staff(*VIEW), url)


@pytest.mark.parametrize("url", [NEXT, "take", "release"])
def test_a_forged_request_takes_nothing(customer: User, url: str) -> None:
    session = waiting()
    root = User.objects.create_superuser("root")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(root)
    assert browser.post(url if url == NEXT else page(session, url)).status_code == 403
    session.refresh_from_db()
    assert session.review_held_by is None


@pytest.mark.urls("tests.admin.second_site")
def test_a_second_admin_site_keeps_its_queue_to_itself(superuser: Client) -> None:
    session = waiting()
    html = text(superuser, "/backoffice/faceid/verificationsession/queue/")
    assert 'href="/admin/' not in html
    assert f"/backoffice/faceid/verificationsession/{session.pk}/take/" in html
    response = superuser.post("/backoffice/faceid/verificationsession/queue/next/")
    assert response["Location"] == f"/backoffice/faceid/verificationsession/{session.pk}/change/"


def test_a_setting_that_cannot_be_read_leaves_the_queue_open(staff: StaffClient) -> None:
    session = waiting()
    with override_settings(FACEID={"REVIEW_REASONS": 1}):
        html = text(staff(*REVIEW), QUEUE)
    assert order(html) == [session.pk]
    assert session.review == Review.PENDING
