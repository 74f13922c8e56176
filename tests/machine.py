"""What some tests need besides Python: where it is looked for, and whether it is there."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote, urlsplit

URLS = {
    "FACEID_TEST_POSTGRES_URL": "postgres://postgres@127.0.0.1:5432/postgres",
    "FACEID_TEST_MARIADB_URL": "mysql://root@127.0.0.1:3306/mysql",
    "FACEID_TEST_REDIS_URL": "redis://127.0.0.1:6379/0",
    "FACEID_TEST_RABBITMQ_URL": "amqp://guest:guest@127.0.0.1:5672//",
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_SECONDS = 3


def url(variable: str) -> str:
    """The address of a service: from the environment, else the usual one on this machine."""
    return os.environ.get(variable) or URLS[variable]


def chromium() -> str | None:
    """The path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@dataclass(frozen=True)
class Service:
    """An optional part: its name, the marker of the tests that need it, how to ask for it."""

    name: str
    marker: str
    ask: Callable[[], None]

    @cache  # noqa: B019 - a handful of constants, asked once per run
    def absence(self) -> str:
        """Why it cannot be used, in a few words; empty when it can."""
        try:
            self.ask()
        except Exception as error:  # each driver has errors of its own
            return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
        return ""


def _ask_postgres() -> None:
    import psycopg

    psycopg.connect(url("FACEID_TEST_POSTGRES_URL"), connect_timeout=_SECONDS).close()


def _ask_mariadb() -> None:
    import pymysql

    parts = urlsplit(url("FACEID_TEST_MARIADB_URL"))
    pymysql.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        database=parts.path.strip("/"),
        connect_timeout=_SECONDS,
    ).close()


def _ask_redis() -> None:
    import redis

    with redis.Redis.from_url(
        url("FACEID_TEST_REDIS_URL"), socket_connect_timeout=_SECONDS, socket_timeout=_SECONDS
    ) as client:
        client.ping()


def _ask_rabbitmq() -> None:
    import kombu

    with kombu.Connection(url("FACEID_TEST_RABBITMQ_URL"), connect_timeout=_SECONDS) as connection:
        connection.ensure_connection(max_retries=1, timeout=_SECONDS)


def _ask_chromium() -> None:
    if chromium() is None:
        raise LookupError(f"none of {', '.join(BROWSERS)} is on PATH")
    import axe_playwright_python  # noqa: F401 - whether they can be imported is the question
    import playwright.sync_api  # noqa: F401


def _ask_sdk() -> None:
    if importlib.util.find_spec("tencentcloud") is None:
        raise LookupError("tencentcloud-sdk-python-intl-en is not installed")


SERVICES = (
    Service("PostgreSQL", "postgres", _ask_postgres),
    Service("MariaDB", "mariadb", _ask_mariadb),
    Service("Redis", "redis", _ask_redis),
    Service("RabbitMQ", "rabbitmq", _ask_rabbitmq),
    Service("Chromium", "browser", _ask_chromium),
    Service("Tencent's SDK", "sdk", _ask_sdk),
)


def everything_is_required() -> bool:
    """Whether a missing part is a failure, as it is in CI, and not a reason to leave tests out."""
    in_ci = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
    return in_ci or os.environ.get("FACEID_TEST_REQUIRE") == "all"
