from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import FrameType
from typing import Any

import pytest

from django_faceid.sandbox.errors import ApiError, PhoneRefused
from django_faceid.sandbox.exchanges import Exchange
from django_faceid.sandbox.media import BEST_FRAME
from django_faceid.sandbox.rate import RateLimit
from django_faceid.sandbox.state import SandboxState

from .conftest import RESULT, TOKEN

HOURS = 3600


def issue(state: SandboxState, **parameters: object) -> str:
    sdk_token: str = state.issue(parameters)["SdkToken"]
    return sdk_token


def result(state: SandboxState, sdk_token: str) -> str:
    code: str = state.result({"SdkToken": sdk_token})["Result"]
    return code


def refusal(error: pytest.ExceptionInfo[PhoneRefused]) -> str:
    return error.value.code


def test_a_token_is_remembered_with_what_was_asked_for(state: SandboxState) -> None:
    sdk_token = issue(state, CheckMode="compare", Image=BEST_FRAME, Extra="42")

    token = state.tokens[sdk_token]
    assert (token.CheckMode, token.SecureLevel, token.ActionList) == ("compare", "4", "blink")
    assert (token.SdkVersion, token.RetryLimit, token.Extra) == ("BASIC", 5, "42")


def test_a_request_that_breaks_a_rule_mints_nothing(state: SandboxState) -> None:
    with pytest.raises(ApiError):
        state.issue({"CheckMode": "compare"})

    assert not state.tokens


def test_a_process_is_unfinished_until_it_is_played(state: SandboxState) -> None:
    sdk_token = issue(state)
    assert result(state, sdk_token) == "-999"

    state.play(sdk_token, "pass")

    assert result(state, sdk_token) == "0"
    assert result(state, sdk_token) == "0"


def test_who_walks_away_has_used_the_token_and_left_no_result(state: SandboxState) -> None:
    sdk_token = issue(state)
    state.play(sdk_token, "walk_away")

    assert result(state, sdk_token) == "-999"
    with pytest.raises(PhoneRefused) as error:
        state.begin(sdk_token)
    assert refusal(error) == "AlreadyBegun"
    with pytest.raises(PhoneRefused) as error:
        state.finish(sdk_token, "walk_away")
    assert refusal(error) == "OutcomeNotPossible"


def test_a_process_can_take_its_time(state: SandboxState) -> None:
    sdk_token = issue(state)
    state.play(sdk_token, "spoof", seconds=30)

    state.advance(29)
    assert result(state, sdk_token) == "-999"
    state.advance(1)
    assert result(state, sdk_token) == "1002"


def test_a_process_does_not_end_before_it_begins(state: SandboxState) -> None:
    with pytest.raises(ValueError, match="before it begins"):
        state.play(issue(state), "pass", seconds=-1)


def test_begun_at_the_last_minute_a_process_may_finish_later(state: SandboxState) -> None:
    sdk_token = issue(state)
    state.advance(599)
    state.begin(sdk_token)
    state.advance(621)

    state.finish(sdk_token, "pass")

    assert result(state, sdk_token) == "0"


def test_no_process_begins_after_ten_minutes(state: SandboxState) -> None:
    sdk_token = issue(state)
    state.advance(600)

    with pytest.raises(PhoneRefused, match="must begin within 600 seconds") as error:
        state.play(sdk_token, "pass")

    assert refusal(error) == "TokenExpired"
    assert result(state, sdk_token) == "-999"


def test_a_refused_play_leaves_the_token_unused(state: SandboxState) -> None:
    sdk_token = issue(state)
    for outcome in ("mismatch", "nonsense"):
        with pytest.raises(PhoneRefused):
            state.play(sdk_token, outcome)

    state.play(sdk_token, "pass")


def test_an_unknown_token_cannot_be_played(state: SandboxState) -> None:
    with pytest.raises(PhoneRefused) as error:
        state.play("C8CFF283-539AF-014E77-A5CF-DD9CAD93EFE2", "pass")

    assert refusal(error) == "UnknownToken"


def test_an_unknown_tokens_result_is_illegal(state: SandboxState) -> None:
    with pytest.raises(ApiError) as error:
        state.result({"SdkToken": "C8CFF283-539AF-014E77-A5CF-DD9CAD93EFE2"})

    assert error.value.code == "InvalidParameterValue.BizTokenIllegal"


def test_a_result_is_there_for_72_hours_from_issue(state: SandboxState) -> None:
    sdk_token = issue(state)
    state.play(sdk_token, "pass")

    state.advance(72 * HOURS - 5)
    assert result(state, sdk_token) == "0"
    state.advance(5)
    with pytest.raises(ApiError) as error:
        result(state, sdk_token)
    assert error.value.code == "InvalidParameterValue.BizTokenExpired"


def test_both_windows_can_be_set() -> None:
    state = SandboxState(now=lambda: 0.0, token_seconds=60, result_seconds=2 * HOURS)
    sdk_token = issue(state)
    state.advance(60)

    with pytest.raises(PhoneRefused, match="60 seconds"):
        state.begin(sdk_token)
    state.advance(2 * HOURS)
    with pytest.raises(ApiError):
        result(state, sdk_token)


def test_the_clock_only_moves_ahead(state: SandboxState) -> None:
    with pytest.raises(ValueError, match="ahead"):
        state.advance(-1)


def test_moving_the_clock_opens_no_quota(state: SandboxState) -> None:
    for _ in range(20):
        state.admit(TOKEN)
    state.advance(60)

    with pytest.raises(ApiError):
        state.admit(TOKEN)


def test_the_quotas_window_can_be_chosen() -> None:
    SandboxState(window="fixed")
    with pytest.raises(ValueError, match="sliding, fixed"):
        SandboxState(window="bucket")


def test_skew_moves_the_servers_clock_and_no_tokens_age() -> None:
    state = SandboxState(now=lambda: 1000.0)
    real = state.server_time()

    state.set_skew(400)

    assert 400 <= state.server_time() - real < 410
    assert state.now() == 1000.0


def test_the_last_200_exchanges_are_kept(state: SandboxState) -> None:
    for number in range(205):
        state.record(Exchange(RESULT, {}, {}, str(number), 0.0, 0.0))

    assert [each.RequestId for each in state.exchanges] == [str(n) for n in range(5, 205)]


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """New threads that let another one run after each line, so that a missing lock shows."""

    def give_way(frame: FrameType, event: str, argument: object) -> Any:
        if "sandbox" in frame.f_code.co_filename:
            time.sleep(0.0001)
        return give_way

    usual = threading.gettrace()
    threading.settrace(give_way)
    yield
    threading.settrace(usual)


@pytest.mark.usefixtures("hasty_threads")
def test_sixteen_threads_get_exactly_the_quota_and_unique_tokens(
    state: SandboxState, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All within one second, however long a busy machine takes.
    monkeypatch.setattr(state, "_rate", RateLimit(20, clock=lambda: 100.5))
    together = threading.Barrier(16)

    def burst(_: int) -> list[str]:
        admitted = 0
        together.wait()
        for _ in range(10):
            with suppress(ApiError):
                state.admit(TOKEN)
                admitted += 1
        return [issue(state) for _ in range(admitted)]

    with ThreadPoolExecutor(16) as pool:
        minted = [sdk_token for each in pool.map(burst, range(16)) for sdk_token in each]

    assert len(minted) == len(set(minted)) == 20
    assert set(state.tokens) == set(minted)


@pytest.mark.usefixtures("hasty_threads")
def test_of_sixteen_phones_one_begins_the_process(state: SandboxState) -> None:
    sdk_token = issue(state)
    together = threading.Barrier(16)

    def begin(_: int) -> bool:
        together.wait()
        try:
            state.begin(sdk_token)
        except PhoneRefused:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(begin, range(16))) == 1


def test_the_accounts_secrets_are_in_no_repr() -> None:
    state = SandboxState(secret_key="very secret", session_token="temporary")

    assert "very secret" not in repr(state.account)
    assert "temporary" not in repr(state.account)
