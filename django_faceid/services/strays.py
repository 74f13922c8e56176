"""Files that are no session's: on record before they are stored, until they are deleted.

So a process may be killed at any moment: every file is named by a row, either of a kept picture
or of a stray one, and of these ``clear`` deletes what nobody is at any more.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import timedelta

from .. import clock
from ..models import StrayFile
from ..models.database import write_alias
from . import vault
from .durable import durably, give_back_pooled_connection

# Longer than a storage takes for one file, and the time until the next try to delete one.
LEASE = timedelta(hours=1)
BATCH = 100


def store(sealed: vault.Sealed) -> StrayFile:
    """Put a file into the storage, on record before it is there; raises what the storage raises."""
    lease_until = clock.now() + LEASE
    file = durably(lambda: StrayFile.objects.create(name=sealed.name, lease_until=lease_until))
    give_back_pooled_connection()
    name = vault.save(sealed)
    if name != file.name:  # a storage with names of its own, which it tells only now
        StrayFile.objects.using(write_alias()).filter(pk=file.pk).update(name=name)
        file.name = name
    return file


def take(file: StrayFile) -> bool:
    """Let a session have a file, in the transaction that stores its key.

    False when the lease ran out and ``clear`` is at it: then there is no file to have.
    """
    mine = StrayFile.objects.using(write_alias())
    return mine.filter(pk=file.pk, lease_until=file.lease_until).delete()[0] == 1


def give_up(names: Iterable[str], using: str | None = None) -> None:
    """Put files on record that are a session's no more, in the transaction that makes them so."""
    lease_until = clock.now() + LEASE
    rows = [StrayFile(name=name, lease_until=lease_until) for name in names]
    # What the storage would not delete before is on record already.
    StrayFile.objects.using(using or write_alias()).bulk_create(rows, ignore_conflicts=True)


def remove(names: Iterable[str]) -> bool:
    """Delete stray files; False when the storage refused one, whose turn comes again."""
    removed = [_remove(name) for name in names]
    return all(removed)


def _remove(name: str) -> bool:
    removed = vault.remove([name])
    if removed:
        StrayFile.objects.using(write_alias()).filter(pk=name).delete()
    return removed


def clear(seconds: float = 10.0) -> int:
    """Delete what killed processes and storages in trouble have left, for about ``seconds``.

    Returns how many files. A storage that refuses one is asked for no other in this run.
    """
    deadline = time.monotonic() + seconds
    overdue = StrayFile.objects.using(write_alias()).filter(lease_until__lte=clock.now())
    cleared = 0
    for file in overdue.order_by("lease_until")[:BATCH]:
        if time.monotonic() > deadline:
            break
        if not _claim(file):
            continue
        if not _remove(file.name):
            break
        cleared += 1
    return cleared


def _claim(file: StrayFile) -> bool:
    """Be the one who deletes it; False when its session took it, or another runner did."""
    mine = StrayFile.objects.using(write_alias())
    unclaimed = mine.filter(pk=file.pk, lease_until=file.lease_until)
    return unclaimed.update(lease_until=clock.now() + LEASE) == 1
