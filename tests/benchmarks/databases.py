"""PostgreSQL databases of a benchmark's own, which nothing else uses and nothing outlives."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.machine import url

SETTINGS = "tests.benchmarks.settings"


@contextmanager
def database(template: str = "template1") -> Iterator[str]:
    """A new database, a copy of ``template``; its URL. Dropped at the end."""
    name = f"faceid_benchmark_{uuid.uuid4().hex[:12]}"
    _run("CREATE DATABASE {} TEMPLATE {}", name, template)
    try:
        yield _address(name)
    finally:
        _run("DROP DATABASE {} WITH (FORCE)", name)


@contextmanager
def migrated() -> Iterator[str]:
    """A new database with the tables of the app and of its rivals; its URL."""
    with database() as address:
        _migrate(address)
        yield address


@contextmanager
def lasting(name: str, mark: str, fill: Callable[[str], None], keep: bool) -> Iterator[str]:
    """A migrated and filled database that may outlive the run, to be found again by its mark.

    One of that name with another ``mark`` is made anew. Dropped at the end unless ``keep``.
    """
    address = _address(name)
    if _mark_of(name) != mark:
        _run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        _run("CREATE DATABASE {} TEMPLATE template1", name)
        _migrate(address)
        fill(address)
        _run(f"COMMENT ON DATABASE {{}} IS '{mark}'", name)
    try:
        yield address
    finally:
        if not keep:
            _run("DROP DATABASE {} WITH (FORCE)", name)


def environment(address: str, **more: str) -> dict[str, str]:
    """The environment in which a child process finds the benchmarks' host project."""
    return {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": SETTINGS, **more}


def name_of(address: str) -> str:
    """The database's name in its URL."""
    return urlsplit(address).path.strip("/")


def _address(name: str) -> str:
    return urlsplit(url("FACEID_TEST_POSTGRES_URL"))._replace(path=f"/{name}").geturl()


def _migrate(address: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--verbosity=0"],
        env={**os.environ, **environment(address)},
        check=True,
    )


def _mark_of(name: str) -> str | None:
    query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
    with psycopg.connect(url("FACEID_TEST_POSTGRES_URL")) as connection:
        found = connection.execute(query, [name]).fetchone()
    return found[0] if found else None


def _run(statement: str, *names: str) -> None:
    admin = url("FACEID_TEST_POSTGRES_URL")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
