"""Many rows at once, made inside PostgreSQL from one that the ORM has saved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from .progress import bar

if TYPE_CHECKING:
    from django.db.models import Model

# Benchmarks take their time; what is due must not grow meanwhile.
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
_NOW = f"timestamptz '{NOW.isoformat()}'"
# The pace of one account: twenty tokens a second, ten minutes each.
SPACING = "interval '50 milliseconds'"
LIVE = 12_000


def multiply(row: Model, count: int, **columns: str) -> None:
    """Replace a saved row by ``count`` copies; ``columns`` are SQL over ``g``, 1 to ``count``."""
    copy(row, _numbers(count), **columns)
    row.delete()


def copy(row: Model, source: str, /, **columns: str) -> None:
    """Copy a saved row for each row of the query ``source``; ``columns`` are SQL over those.

    A column named neither there nor here keeps the saved row's value; the key is drawn anew
    unless it is named.
    """
    from django.db import connection

    fields = [str(f.column) for f in type(row)._meta.concrete_fields]
    fields = [name for name in fields if name in columns or name != "id"]
    names = ", ".join(f'"{name}"' for name in fields)
    # The saved row is one column, so that its names never meet those of the source.
    values = ", ".join(columns.get(name, f'(saved)."{name}"') for name in fields)
    table = type(row)._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {values} "
            f"FROM ({source}) d, (SELECT saved FROM {table} saved WHERE id = {row.pk}) t"
        )


def stop_clock(ahead: timedelta = timedelta()) -> None:
    """Let the app's clock show ``NOW``, or a later moment, from here on."""
    from django_faceid import clock

    clock.offset = lambda: NOW + ahead - datetime.now(timezone.utc)


@contextmanager
def at_once() -> Iterator[None]:
    """Without indexes and foreign keys while rows come in; with them again afterwards."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off; SET session_replication_role = replica")
        cursor.execute("SET maintenance_work_mem = '1GB'; SELECT setseed(0.5)")
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename LIKE 'faceid\\_%' AND "
            "indexname NOT IN (SELECT conname FROM pg_constraint)"
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
    yield
    with connection.cursor() as cursor:
        for _name, definition in bar("indexes", indexes):
            cursor.execute(definition)
        for table in ("verificationsession", "apicall", "sessionevent"):
            name = f"faceid_{table}"
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}"
            )
        cursor.execute("RESET ALL")


def write_anew(since: timedelta, until: timedelta) -> None:
    """Write the sessions that become due in a span of time, as issuing their tokens did.

    What is due in a minute has been written within ten: its pages are at hand, its index pages
    too, however large the table. Rows that were loaded at once have none of that.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE faceid_verificationsession SET version = version + 1 "
            "WHERE status = 'issued' AND token_expires_at > %s AND token_expires_at <= %s",
            [NOW + since, NOW + until],
        )


def settle() -> None:
    """Leave the tables as they are after a quiet hour: vacuumed, analysed, written out."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")


def fill_sessions(total: int, due: int) -> None:
    """Sessions one after another; at ``NOW`` the last ``LIVE`` live, ``due`` before them due."""
    from django_faceid.testing import make_session

    age = f"(g - {total - LIVE} - 0.5) * {SPACING}"
    issued = f"g > {total - LIVE - due}"
    with at_once():
        multiply(
            make_session("template", next_pull_at=None),
            total,
            public_id=public_id(f"{_NOW} - interval '10 minutes' + {age}"),
            livemode="true",
            request_id="gen_random_uuid()::text",
            subject_key=digest("subject"),
            live_key=f"CASE WHEN {issued} THEN {digest('live')} END",
            sdk_token=f"CASE WHEN {issued} THEN (saved).sdk_token ELSE '' END",
            status=f"CASE WHEN {issued} THEN 'issued' ELSE 'expired' END",
            closed_reason=f"CASE WHEN {issued} THEN '' ELSE 'clock' END",
            created_at=f"{_NOW} - interval '10 minutes' + {age}",
            issued_at=f"{_NOW} - interval '10 minutes' + {age}",
            token_expires_at=f"{_NOW} + {age}",
            result_expires_at=f"{_NOW} + interval '72 hours' + {age}",
        )
    settle()


def fill_rivals(total: int, due: int) -> None:
    """As many tokens for django-oauth-toolkit and for simplejwt, as many of them expired.

    As sites have them: an access token has its refresh token, and a token that was rotated is on
    the blacklist.
    """
    from django.contrib.auth.models import User
    from oauth2_provider.models import AccessToken, Application, RefreshToken
    from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

    age = f"now() + (g - {due}) * {SPACING} + (g > {due})::int * interval '1 day'"
    user = User.objects.create_user("somebody")
    site = Application.objects.create(name="site", client_type="public", user=user)
    theirs = {"user": user, "application": site}
    access = AccessToken.objects.create(token="template", expires=NOW, scope="read", **theirs)
    refresh = RefreshToken.objects.create(token="template", access_token=access, **theirs)
    named = {"token": _checksum("token"), "token_checksum": _checksum("checksum")}
    copy(access, _numbers(total), **named, expires=age)
    multiply(refresh, total, **named, access_token_id=f"{access.pk} + g")
    access.delete()
    jwt = OutstandingToken._default_manager.create(
        jti="template", token="x" * 200, expires_at=NOW, user=user
    )
    rotated = BlacklistedToken._default_manager.create(token=jwt)
    copy(jwt, _numbers(total), jti="md5('jti' || g)", expires_at=age)
    multiply(rotated, total, token_id=f"{jwt.pk} + g")
    jwt.delete()
    settle()


def digest(purpose: str) -> str:
    """What stands for a keyed digest, different for each row."""
    return f"md5('{purpose}' || g)"


def public_id(moment: str) -> str:
    """A UUID of version 7 of a moment, as ``models.public_ids`` makes them."""
    milliseconds = f"(extract(epoch from {moment}) * 1000)::bigint"
    chance = "translate(gen_random_uuid()::text, '-', '')"
    # The random UUID's own version and variant stay where they belong, but for the number.
    return f"(lpad(to_hex({milliseconds}), 12, '0') || '7' || substr({chance}, 14))::uuid"


def _numbers(count: int) -> str:
    return f"SELECT g FROM generate_series(1, {count}) g"


def _checksum(purpose: str) -> str:
    return f"md5('{purpose}' || g) || md5(g || '{purpose}')"
