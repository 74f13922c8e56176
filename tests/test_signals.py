from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.dispatch import Signal

from django_faceid import services, signals
from django_faceid.models import SessionEvent, VerificationSession
from django_faceid.testing import advance, faceid_sandbox, play

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = Path(__file__).parent.parent / "docs" / "signals.md"
NAMES = sorted(name for name, value in vars(signals).items() if isinstance(value, Signal))
Heard = dict[str, list[dict[str, Any]]]


@pytest.fixture
def heard() -> Iterator[Heard]:
    """The arguments of every signal the app sends, by the signal's name."""
    received: Heard = defaultdict(list)
    connected = []
    for name in NAMES:

        def listen(sender: Any, signal: Signal, name: str = name, **kwargs: Any) -> None:
            assert sender is VerificationSession
            received[name].append(kwargs)

        getattr(signals, name).connect(listen)
        connected.append((name, listen))
    yield received
    for name, listen in connected:
        getattr(signals, name).disconnect(listen)


@pytest.fixture
def everything(heard: Heard) -> Heard:
    """What a host hears while a person passes, gives up, lets time pass, and is rejected."""
    ann = get_user_model().objects.create_user("ann")
    staff = get_user_model().objects.create_user("staff")
    with faceid_sandbox():
        passed = services.issue_token(ann).session
        play(passed, "pass")
        services.fetch_result(passed)
        services.reject(passed, actor=staff, reason="other_person")
        services.cancel(services.issue_token("reference-1").session)
        services.issue_token("reference-2")
        advance(minutes=11)
        services.expire_tokens()
    return heard


def documented_arguments(text: str) -> set[str]:
    """The names in the sentence that begins with ``Arguments:``."""
    sentence = " ".join(text.split()).partition("Arguments: ")[2].partition(". ")[0]
    sentence = re.sub(r"\([^)]*\)", "", sentence)
    return set(re.findall(r"`([a-z_]+)`", sentence))


def docstrings() -> dict[str, str]:
    """The text below each signal of signals.py."""
    body = ast.parse(Path(signals.__file__).read_text()).body
    return {
        node.targets[0].id: following.value.value
        for node, following in pairwise(body)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(following, ast.Expr)
        and isinstance(following.value, ast.Constant)
        and isinstance(following.value.value, str)
    }


def chapters() -> dict[str, str]:
    """The page's text about each signal."""
    parts = re.split(r"^### `(\w+)`\n", PAGE.read_text(), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_signal_has_a_chapter_and_every_chapter_a_signal() -> None:
    assert sorted(chapters()) == NAMES
    assert sorted(docstrings()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_signal_carries_the_documented_arguments_and_no_others(
    name: str, everything: Heard
) -> None:
    assert everything[name], "never sent"
    for kwargs in everything[name]:
        assert documented_arguments(chapters()[name]) == kwargs.keys()
        assert documented_arguments(docstrings()[name].replace("``", "`")) == kwargs.keys()


def test_a_verdict_is_told_with_what_it_was(everything: Heard) -> None:
    told = everything["verdict_changed"]
    assert [(each["old"], each["new"]) for each in told] == [
        ("undecided", "verified"),
        ("verified", "rejected"),
    ]
    assert [each["user"].username for each in told] == ["ann", "ann"]
    assert {(each["reference"], each["flow"]) for each in told} == {("", "default")}


def test_both_signals_of_an_event_share_its_id(everything: Heard) -> None:
    [completed] = everything["session_completed"]
    [verified, rejected] = everything["verdict_changed"]
    [reviewed] = everything["session_reviewed"]
    assert completed["event_id"] == verified["event_id"]
    assert reviewed["event_id"] == rejected["event_id"] != verified["event_id"]


def test_a_repeated_delivery_carries_the_same_id(everything: Heard) -> None:
    before = {name: list(calls) for name, calls in everything.items()}
    everything.clear()
    # As if each process had died after its receivers ran, before it could note so.
    SessionEvent.objects.filter(kind__in=["transition", "review"]).update(delivered_at=None)
    with faceid_sandbox():
        advance(minutes=12)
        services.deliver_events()
    for name in NAMES:
        ids = [kwargs["event_id"] for kwargs in before[name]]
        assert sorted(kwargs["event_id"] for kwargs in everything[name]) == sorted(ids), name


def test_nothing_is_told_twice_when_nobody_died(everything: Heard) -> None:
    everything.clear()
    with faceid_sandbox():
        advance(minutes=12)
        assert services.deliver_events() == 0
    assert not everything
