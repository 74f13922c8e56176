"""No input whatever gives anything but a documented answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_faceid.models import VerificationSession
from django_faceid.sandbox.state import SandboxState
from django_faceid.testing import make_session

from .caller import Caller, with_token
from .conftest import Flows
from .test_issue_rules import OPEN

FIELDS = [
    "flow",
    "check_mode",
    "secure_level",
    "image",
    "extra",
    "action_list",
    "sdk_version",
    "retry_limit",
    "enable_bot_bg_detection",
    "meta_data",
    "sdk_code",
    "CheckMode",
]
# Text as JSON has it: lone surrogates, NUL and the rest of Unicode.
TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)
WORDS = st.sampled_from(["default", "liveness", "compare", "4", "blink", "BASIC", "", "0"])
NUMBERS = st.integers() | st.floats() | st.sampled_from([1, 5, 2**31, -(2**63), 10**400])
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT | WORDS
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
BODIES = (
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4).map(lambda v: json.dumps(v).encode())
    | st.dictionaries(TEXT, JSON, max_size=3).map(lambda v: json.dumps(v).encode())
    | JSON.map(lambda v: json.dumps(v).encode())
    | st.binary(max_size=60)
)
LATIN = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=40)
CONTENT_TYPES = (
    st.sampled_from(["application/json", "application/json; charset=utf-8", "text/plain", "*/*"])
    | LATIN
    | LATIN.map("application/json; charset={}".format)
    | LATIN.map("multipart/form-data; boundary={}".format)
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "Idempotency_Key",
            "If_None_Match",
            "If_Match",
            "Accept",
            "Accept_Language",
            "Cookie",
            "Range",
            "X_HTTP_Method_Override",
        ]
    ),
    LATIN,
    max_size=3,
)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"])
NAMES = st.sampled_from(["ID", "default", "nowhere"]) | LATIN.map(
    lambda v: v.replace("/", "") or "x"
)
PATHS = st.sampled_from(
    [
        "sessions/",
        "sessions/{}/",
        "sessions/{}/result",
        "sessions/{}/cancel/",
        "flows",
        "flows/{}",
        "flows/{}/",
    ]
)
QUERIES = st.just("") | LATIN.map("?cursor={}".format) | LATIN.map("?{}".format)

THOROUGH = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def one(user: User, state: SandboxState, flows: Flows) -> Iterator[Caller]:
    flows({**OPEN, "MAX_ISSUES": {}})
    yield with_token(user)


@THOROUGH
@given(data=BODIES, content_type=CONTENT_TYPES, headers=HEADERS)
def test_any_body_of_an_issue_gets_a_documented_answer_and_bad_ones_make_no_call(
    one: Caller, state: SandboxState, data: bytes, content_type: str, headers: dict[str, str]
) -> None:
    issued = len(state.tokens)
    answer = one.send("POST", "sessions/", data, content_type, **headers)
    assert len(state.tokens) - issued == (answer.status_code == 201)
    assert all("Error" not in exchange.Response for exchange in state.exchanges)
    VerificationSession.objects.all().delete()


@THOROUGH
@given(ending=st.sampled_from(["result/", "cancel/"]), data=BODIES, headers=HEADERS)
def test_any_body_of_another_act_gets_a_documented_answer(
    one: Caller, state: SandboxState, ending: str, data: bytes, headers: dict[str, str]
) -> None:
    session = make_session(one.user, sdk_token="")
    one.send("POST", f"sessions/{session.public_id}/{ending}", data, **headers)
    session.delete()
    assert not state.exchanges


@THOROUGH
@given(method=METHODS, path=PATHS, name=NAMES, query=QUERIES, headers=HEADERS)
def test_any_method_on_any_address_gets_a_documented_answer(
    one: Caller, method: str, path: str, name: str, query: str, headers: dict[str, str]
) -> None:
    session = make_session(one.user, sdk_token="")
    address = path.replace("{}", str(session.public_id) if name == "ID" else quote(name, safe=""))
    one.send(method, address + quote(query, safe="?=&%:"), b"{}", **headers)
    VerificationSession.objects.all().delete()
