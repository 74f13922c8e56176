from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from django_faceid import clock
from django_faceid.models import public_ids


def test_an_id_is_a_uuid_of_version_seven() -> None:
    for _number in range(100):
        new = public_ids.new()
        assert new.version == 7
        assert new.variant == "specified in RFC 4122"


def test_ids_sort_by_the_clock_of_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = []
    for minutes in range(20):
        monkeypatch.setattr(clock, "offset", lambda m=minutes: timedelta(minutes=m))
        ids.append(public_ids.new())
    assert sorted(ids) == ids


def test_an_id_begins_with_its_moment_in_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    # Appendix A.6 of RFC 9562.
    moment = datetime(2022, 2, 22, 19, 22, 22, tzinfo=timezone.utc)
    monkeypatch.setattr(clock, "now", lambda: moment)
    assert public_ids.new().hex[:13] == "017f22e279b07"


def test_seventy_four_bits_of_an_id_cannot_be_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    ids = [public_ids.new().int for _number in range(200)]
    always = never = (1 << 128) - 1
    for each in ids:
        always &= each
        never &= ~each
    assert 128 - always.bit_count() - never.bit_count() == 74
