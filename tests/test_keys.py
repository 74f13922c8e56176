"""Keys that are given, and keys that follow from Django's secret."""

from __future__ import annotations

from cryptography.fernet import Fernet
from django.test import override_settings

from django_faceid import keys
from django_faceid.models import digests
from tests.given import faceid


@override_settings(SECRET_KEY="first", SECRET_KEY_FALLBACKS=["older"])
def test_without_keys_each_of_djangos_secrets_gives_one() -> None:
    with faceid():
        derived = keys.encryption_keys()
    assert len(set(derived)) == 2
    for key in derived:
        Fernet(key)
    assert "first" not in "".join(derived)


def test_given_keys_are_used_as_they_are() -> None:
    key = Fernet.generate_key().decode()
    with faceid(ENCRYPTION_KEYS=[key]):
        assert keys.encryption_keys() == [key]


def test_a_given_hash_key_outlives_the_rotation_of_secret_key() -> None:
    with faceid(HASH_KEY="forever"):
        with override_settings(SECRET_KEY="old"):
            before = digests.keyed("subject", "user:1")
        with override_settings(SECRET_KEY="new"):
            assert digests.keyed("subject", "user:1") == before


def test_a_derived_hash_key_changes_with_secret_key_which_is_why_a_check_warns() -> None:
    with faceid():
        with override_settings(SECRET_KEY="old"):
            before = keys.hash_key()
        with override_settings(SECRET_KEY="new"):
            assert keys.hash_key() != before


@override_settings(SECRET_KEY="one secret")
def test_the_derived_keys_for_two_purposes_differ() -> None:
    with faceid():
        assert keys.hash_key().decode() not in keys.encryption_keys()


@override_settings(SECRET_KEY="one secret")
def test_derived_keys_never_change_from_release_to_release() -> None:
    with faceid():
        assert keys.hash_key() == b"_bgfJ181HKVLxKXB6hUXNBr03KvNirW9-vf2SuDMzfo="
