"""A database of each kind that nothing else uses, with Django set up on it in this process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.machine import url

ADDRESSES = {
    "sqlite": "",
    "postgres": "FACEID_TEST_POSTGRES_URL",
    "mariadb": "FACEID_TEST_MARIADB_URL",
}


@contextmanager
def scratch(kind: str, pool: int = 0) -> Iterator[Path]:
    """Set Django up, once per process, on a new database of this ``kind``; a folder beside it.

    With a ``pool``, PostgreSQL's connections are pooled: so many.
    """
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ.pop("DATABASE_URL", None)
    if kind != "sqlite":
        os.environ["DATABASE_URL"] = url(ADDRESSES[kind])
    import django

    django.setup()
    from django.db import connection

    with tempfile.TemporaryDirectory() as folder:
        name = f"faceid_benchmark_{uuid.uuid4().hex[:12]}"
        before = str(connection.settings_dict["NAME"])
        on_disk = str(Path(folder) / f"{name}.sqlite3")
        connection.settings_dict["TEST"]["NAME"] = on_disk if kind == "sqlite" else name
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
        if pool and kind == "postgres":
            connection.close()
            options = {"min_size": pool, "max_size": pool, "timeout": 30}
            connection.settings_dict["OPTIONS"]["pool"] = options
        try:
            yield Path(folder)
        finally:
            connection.close()
            if pool and kind == "postgres":
                connection.close_pool()  # type: ignore[attr-defined]
                del connection.settings_dict["OPTIONS"]["pool"]
            connection.creation.destroy_test_db(before, verbosity=0)


def on_each(benchmark: str, arguments: list[str]) -> int:
    """Run a benchmark on every kind of database, each in a process of its own."""
    status = 0
    for kind in ADDRESSES:
        command = [sys.executable, "-m", "tests.benchmarks", benchmark, *arguments]
        status |= subprocess.run([*command, "--database", kind], check=False).returncode
    return status
