"""What stands in an exported cell, and what never does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from django_faceid.models import Status
from django_faceid.story import tables
from django_faceid.testing import make_session
from tests.admin.conftest import CALLS, EXPORT, SESSIONS, StaffClient, make_call
from tests.admin.taking_away import PERSONAL, body, cells, objects


def test_times_are_in_utc_and_numbers_are_numbers(auditor: Client, settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Singapore"
    session = make_session(status=Status.FAILED, similarity=-1.5, sdk_code=-3, retry_limit=2)
    [row] = objects(auditor)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row["created_at"])
    assert row["created_at"][:19] == session.created_at.isoformat()[:19]
    assert (row["similarity"], row["sdk_code"], row["retry_limit"]) == (-1.5, -3, 2)
    [cell] = cells(auditor)
    assert (cell["similarity"], cell["sdk_code"]) == ("-1.5", "-3")
    assert (cell["livemode"], cell["reported_at"]) == ("true", "")


@pytest.mark.parametrize(
    "sign", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_spreadsheet_runs_a_cell(staff: StaffClient, sign: str) -> None:
    evil = f'{sign}HYPERLINK("http://evil.example","x")'
    make_session(User.objects.create(username=evil))
    make_call(None, message=evil, outcome="refused")
    browser = staff(*PERSONAL)
    assert cells(browser)[0]["person"] == f"'{evil}"
    assert cells(browser, CALLS)[0]["message"] == f"'{evil}"
    assert objects(browser)[0]["person"] == evil


def test_a_list_in_a_cell_runs_no_formula_either(auditor: Client) -> None:
    make_session(status=Status.FAILED, liveness_info_tag=["=1+1", "02"])
    assert cells(auditor)[0]["liveness_info_tag"] == "'=1+1 02"
    assert objects(auditor)[0]["liveness_info_tag"] == ["=1+1", "02"]


def test_signs_that_turn_a_cell_around_are_spelled_out(auditor: Client) -> None:
    make_call(None, message="x\u202egnp.exe", error_code="\u2066=1", outcome="refused")
    [row] = cells(auditor, CALLS)
    assert (row["message"], row["error_code"]) == ("x\\u202egnp.exe", "\\u2066=1")
    assert "\u202e" not in body(auditor, f"{CALLS}export.jsonl")
    assert objects(auditor, CALLS)[0]["message"] == "x\u202egnp.exe"


def test_no_file_repeats_what_tencent_repeats_of_a_person(
    staff: StaffClient, customer: User
) -> None:
    make_call(make_session(customer, extra="crm:7"), message="crm:7 amelia@example.com", attempt=2)
    make_call(make_session("passport P123"), message="of PASSPORT p123.")
    for browser in (staff(*EXPORT), staff(*PERSONAL)):
        told = ["of (withheld).", "(withheld) (withheld)"]
        assert [row["message"] for row in objects(browser, CALLS)] == told
        assert [row["message"] for row in cells(browser, CALLS)] == told


def test_signs_that_end_a_line_or_a_cell_stay_within_theirs(auditor: Client) -> None:
    message = 'a"b,c;d\r\ne\u2028f'
    make_call(None, message=message, outcome="refused")
    assert cells(auditor, CALLS)[0]["message"] == message
    assert objects(auditor, CALLS)[0]["message"] == message


def test_a_person_is_named_only_to_those_who_may_know(staff: StaffClient, customer: User) -> None:
    mine = make_session(customer)
    make_session("passport P123")
    known = objects(staff(*PERSONAL))
    assert [row["person"] for row in known] == ["••••23", "amelia@example.com"]
    auditor = staff(*EXPORT)
    for content in (body(auditor, f"{SESSIONS}export.{form}") for form in ("csv", "jsonl")):
        assert "P123" not in content
        assert "amelia" not in content
    assert [row["person"] for row in objects(auditor)] == [None, None]
    assert objects(auditor)[1]["subject"] == mine.subject_key


def test_no_secret_and_no_token_leaves_with_a_list(staff: StaffClient) -> None:
    session = make_session(
        server_param_info="server-param-secret",
        extra="extra-of-the-host",
        image_sha256="f" * 64,
        meta_data_sha256="e" * 64,
    )
    for form in ("csv", "jsonl"):
        content = body(staff(*PERSONAL), f"{SESSIONS}export.{form}")
        for secret in (
            session.sdk_token,
            "fernet:",
            session.server_param_info,
            session.extra,
            session.image_sha256,
            session.meta_data_sha256,
            session.live_key,
        ):
            assert secret
            assert secret not in content


def test_every_column_is_documented_in_its_order() -> None:
    page = (Path(__file__).parents[2] / "docs" / "desk.md").read_text()
    for table, title in (
        (tables.Sessions, "Columns of sessions"),
        (tables.Calls, "Columns of calls"),
    ):
        part = page.partition(f"#### {title}\n")[2].partition("\n#")[0]
        assert re.findall(r"^\| `(\w+)`", part, re.MULTILINE) == table(personal=False).columns
