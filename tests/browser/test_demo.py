"""The demo's page, walked through as a visitor does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MASKED = re.compile(r"[0-9A-F]{4}…[0-9A-F]{4}")


def begin(page: Page) -> dict[str, Any]:
    """Press the button, and give what the server answered."""
    with page.expect_response("**/faceid/sessions/") as waiting:
        page.get_by_role("button", name="Verify your identity").click()
    page.get_by_role("heading", name="Take your selfie").wait_for()
    answer: dict[str, Any] = waiting.value.json()
    return answer


def in_front_of_the_camera(page: Page, outcome: str) -> None:
    page.get_by_role("button", name=outcome).click()


def tab_to(page: Page, name: str) -> None:
    """Walk there as somebody without a mouse does."""
    # The body, where the focus is between two rounds, would contain every name.
    focused = "(e => e === document.body ? '' : e.labels?.[0]?.innerText || e.innerText)"
    for _step in range(60):
        page.keyboard.press("Tab")
        if name in (page.evaluate(f"{focused}(document.activeElement)") or ""):
            return
    raise AssertionError(f"the keyboard never reaches {name!r}")


def test_who_passes_is_verified_and_may_withdraw(person: Page) -> None:
    from playwright.sync_api import expect

    person.get_by_role("button", name="Withdraw").click()
    expect(person.locator("#gate-answer")).to_contain_text("403")
    begin(person)
    in_front_of_the_camera(person, "You, in good light")
    expect(person.get_by_role("heading", name="Verified")).to_be_focused()
    expect(person.locator("#gate-state")).to_contain_text("Unlocked until")
    person.get_by_role("button", name="Withdraw").click()
    expect(person.locator("#gate-answer")).to_contain_text("200")


def test_a_dark_room_is_told_kindly_and_may_be_tried_again(person: Page) -> None:
    from playwright.sync_api import expect

    begin(person)
    in_front_of_the_camera(person, "It is too dark")
    expect(person.locator("#verdict-message")).to_contain_text("too dark or too bright")
    expect(person.locator("#gate-state")).to_contain_text("Locked")
    person.get_by_role("button", name="Try again").click()
    begin(person)
    in_front_of_the_camera(person, "You, in good light")
    expect(person.get_by_role("heading", name="Verified")).to_be_visible()


def test_somebody_else_is_only_possible_where_faces_are_compared(person: Page) -> None:
    from playwright.sync_api import expect

    begin(person)
    expect(person.get_by_role("button", name="Somebody else")).to_be_hidden()
    person.get_by_role("button", name="Cancel").click()
    person.get_by_role("button", name="again").click()
    person.get_by_label("The person on file").check()
    begin(person)
    in_front_of_the_camera(person, "Somebody else")
    expect(person.get_by_role("heading", name="Not accepted")).to_be_visible()


def test_after_ten_minutes_the_token_is_gone(person: Page) -> None:
    from playwright.sync_api import expect

    session = begin(person)
    expect(person.locator("#time-left")).to_have_text(re.compile(r"^(10:00|9:5\d)$"))
    expect(person.locator("#token")).to_have_text(MASKED)
    person.get_by_role("button", name="Let ten minutes pass").click()
    expect(person.get_by_role("heading", name="Time is up")).to_be_focused()
    expect(person.get_by_role("button", name="You, in good light")).to_be_disabled()
    expect(person.locator("[data-show=over]")).to_contain_text("gone")
    told = person.request.get(f"/faceid/sessions/{session['id']}/").json()
    assert told["status"] == "expired"
    assert "sdk_token" not in told


def test_who_walks_away_is_waited_for_as_long_as_the_server_says(person: Page) -> None:
    from playwright.sync_api import expect

    begin(person)
    with person.expect_response("**/result/") as waiting:
        in_front_of_the_camera(person, "Walk away")
    assert waiting.value.status == 202
    with person.expect_response("**/result/") as again:
        expect(person.get_by_role("heading", name="One moment")).to_be_visible()
    pause = again.value.request.timing["startTime"] - waiting.value.request.timing["startTime"]
    assert pause >= 1000 * int(waiting.value.headers["retry-after"])
    person.get_by_role("button", name="Cancel").click()
    expect(person.get_by_role("heading", name="Canceled")).to_be_focused()


def test_a_reload_goes_on_with_the_same_session(person: Page) -> None:
    session = begin(person)
    person.reload()
    with person.expect_response("**/faceid/sessions/") as waiting:
        person.get_by_role("button", name="Go on with your check").click()
    assert waiting.value.status == 200
    assert waiting.value.json()["id"] == session["id"]
    in_front_of_the_camera(person, "You, in good light")
    person.get_by_role("heading", name="Verified").wait_for()


def test_everything_can_be_done_by_keyboard(page: Page) -> None:
    from playwright.sync_api import expect

    tab_to(page, "Sign in as demo")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Verify your identity").wait_for()
    tab_to(page, "Let ten minutes pass")
    with page.expect_response("**/clock/"):
        page.keyboard.press("Enter")
    page.get_by_text("Locked until this check is passed").wait_for()
    page.reload()
    tab_to(page, "A living person")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("The person on file")).to_be_checked()
    tab_to(page, "Verify your identity")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Take your selfie")).to_be_focused()
    tab_to(page, "You, in good light")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Verified")).to_be_focused()
    expect(page.get_by_role("status").first).to_contain_text("Your identity is verified")
    tab_to(page, "Withdraw")
    page.keyboard.press("Enter")
    expect(page.locator("#gate-answer")).to_contain_text("200")


def test_every_exchange_is_shown_and_no_token_is(person: Page) -> None:
    from playwright.sync_api import expect

    session = begin(person)
    token = session["sdk_token"]
    in_front_of_the_camera(person, "You, in good light")
    person.get_by_role("heading", name="Verified").wait_for()
    rest = person.locator("#rest > li")
    expect(rest.filter(has_text="/result/").first).to_contain_text("200")
    # Not simply the newest: the worker may have looked after an earlier session meanwhile.
    ours = f"{token[:4]}…{token[-4:]}"
    fetched = person.locator("#tencent > li").filter(has_text=ours).filter(has_text="Result 0")
    expect(fetched).to_have_count(1)
    said = person.locator("#record > li").filter(has_text="issued → succeeded")
    expect(said.filter(has_text=session["id"][:4]).first).to_be_visible()
    issue = rest.filter(has=person.locator("text='/faceid/sessions/'")).first
    issue.locator("summary").click()
    expect(issue.locator(".received")).to_have_text(re.compile(f'"sdk_token": "{MASKED.pattern}"'))
    expect(issue.locator(".curl")).to_contain_text("curl -u demo -X POST")
    assert token not in person.content()


def test_the_policy_forbids_inline_scripts_and_styles(page: Page) -> None:
    answer = page.goto("/")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_small_phone(site: str, browser: Any, scheme: str) -> None:
    context = browser.new_context(
        base_url=site, viewport={"width": 390, "height": 844}, color_scheme=scheme
    )
    page = context.new_page()
    page.goto("/")
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wider) == 0
    page.get_by_role("button", name="Sign in as demo").click()
    page.get_by_role("button", name="Let ten minutes pass").click()
    page.get_by_text("Locked until this check is passed").wait_for()
    assert page.evaluate(wider) == 0
    begin(page)
    assert page.evaluate(wider) == 0
    in_front_of_the_camera(page, "You, in good light")
    page.get_by_role("heading", name="Verified").wait_for()
    assert page.evaluate(wider) == 0
    context.close()


def test_staff_find_the_session_by_its_request_id(person: Page) -> None:
    from playwright.sync_api import expect

    request_id = begin(person)["request_id"]
    in_front_of_the_camera(person, "You, in good light")
    person.get_by_role("heading", name="Verified").wait_for()
    person.get_by_role("button", name="Sign out").click()
    person.goto("/admin/login/")
    person.get_by_label("Username").fill("staff")
    person.get_by_label("Password").fill("staff")
    person.get_by_role("button", name="Log in").click()
    person.goto(f"/admin/faceid/verificationsession/?q={request_id}")
    row = person.locator("#result_list tbody tr")
    expect(row).to_have_count(1)
    row.locator("a").first.click()
    expect(person.locator("#content")).to_contain_text(request_id)
