from __future__ import annotations

import json

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.db import connection
from pytest_django import Settings

from django_faceid.models import VerificationSession, fields
from django_faceid.testing import make_session

pytestmark = pytest.mark.django_db
TOKEN = "C8CFF283-539AF-014E77-A5CF-DD9CAD93EFE2"


def stored(session: VerificationSession) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sdk_token FROM faceid_verificationsession WHERE id = %s", [session.pk]
        )
        return str(cursor.fetchone()[0])


def test_the_database_never_sees_a_token() -> None:
    session = make_session(sdk_token=TOKEN)
    assert TOKEN not in stored(session)
    session.refresh_from_db()
    assert session.sdk_token == TOKEN


def test_equal_tokens_do_not_look_alike() -> None:
    assert stored(make_session(sdk_token=TOKEN)) != stored(make_session(sdk_token=TOKEN))


def test_nothing_stays_nothing() -> None:
    assert stored(make_session(sdk_token="")) == ""
    assert VerificationSession.objects.filter(sdk_token="").count() == 1


def test_a_fixture_holds_ciphertext_and_loads_again() -> None:
    session = make_session(sdk_token=TOKEN)
    dump = serializers.serialize("json", [session])
    assert TOKEN not in dump
    assert json.loads(dump)[0]["fields"]["sdk_token"].startswith("fernet:")
    VerificationSession.objects.all().delete()
    for loaded in serializers.deserialize("json", dump):
        loaded.save()
    assert VerificationSession.objects.get().sdk_token == TOKEN


def test_after_a_rotation_old_rows_still_open_and_new_ones_use_the_new_key(
    settings: Settings,
) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FACEID = {**settings.FACEID, "ENCRYPTION_KEYS": [old]}
    before = make_session(sdk_token=TOKEN)
    settings.FACEID = {**settings.FACEID, "ENCRYPTION_KEYS": [new, old]}
    after = make_session(sdk_token=TOKEN)
    before.refresh_from_db()
    assert before.sdk_token == TOKEN
    settings.FACEID = {**settings.FACEID, "ENCRYPTION_KEYS": [new]}
    after.refresh_from_db()
    assert after.sdk_token == TOKEN


def test_what_no_key_opens_reads_as_wiped_and_is_logged(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    session = make_session(sdk_token=TOKEN)
    settings.FACEID = {**settings.FACEID, "ENCRYPTION_KEYS": [Fernet.generate_key().decode()]}
    session.refresh_from_db()
    assert session.sdk_token == ""
    assert not session.may_start
    assert "undecryptable" in caplog.text


def test_text_that_only_looks_like_ciphertext_is_encrypted() -> None:
    assert fields.decrypt(fields.encrypt("fernet:not really")) == "fernet:not really"
