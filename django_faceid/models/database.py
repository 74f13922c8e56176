"""Where the app's writes go, for hosts with more than one database."""

from __future__ import annotations

from django.db import router

from .quota import QuotaWindow


def write_alias() -> str:
    """The alias of the database whose transactions and locks count; never a replica."""
    return router.db_for_write(QuotaWindow)
