from __future__ import annotations

from pytest_django import Settings

from django_faceid.models import digests


def test_parts_cannot_be_moved_from_one_to_the_next() -> None:
    assert digests.keyed("subject", "ab", "c") != digests.keyed("subject", "a", "bc")


def test_purposes_keep_digests_apart() -> None:
    assert digests.keyed("subject", "x") != digests.keyed("live", "x")


def test_another_key_makes_another_digest(settings: Settings) -> None:
    before = digests.keyed("subject", "x")
    settings.FACEID = {**settings.FACEID, "HASH_KEY": "another"}
    assert digests.keyed("subject", "x") != before


def test_rotating_the_secret_key_changes_nothing_once_a_hash_key_is_set(
    settings: Settings,
) -> None:
    before = digests.keyed("subject", "x")
    settings.SECRET_KEY = "rotated"
    assert digests.keyed("subject", "x") == before
