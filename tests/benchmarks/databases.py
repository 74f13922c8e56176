"""PostgreSQL databases of a benchmark's own, which nothing else uses and nothing outlives."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
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
        yield urlsplit(url("FACEID_TEST_POSTGRES_URL"))._replace(path=f"/{name}").geturl()
    finally:
        _run("DROP DATABASE {} WITH (FORCE)", name)


@contextmanager
def migrated() -> Iterator[str]:
    """A new database with the tables of the app and of its rivals; its URL."""
    with database() as address:
        subprocess.run(
            [sys.executable, "-m", "django", "migrate", "--verbosity=0"],
            env={**os.environ, **environment(address)},
            check=True,
        )
        yield address


def environment(address: str, **more: str) -> dict[str, str]:
    """The environment in which a child process finds the benchmarks' host project."""
    return {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": SETTINGS, **more}


def name_of(address: str) -> str:
    """The database's name in its URL."""
    return urlsplit(address).path.strip("/")


def _run(statement: str, *names: str) -> None:
    admin = url("FACEID_TEST_POSTGRES_URL")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
