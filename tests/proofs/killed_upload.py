"""Two processes on one database and one storage: the first is killed, the second clears up.

``python -m tests.proofs.killed_upload die|clear FOLDER``; both tell what they found in JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command


def main(act: str, folder: Path) -> None:
    """Set Django up on the folder, and do it."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'db.sqlite3'}"
    storage = "django.core.files.storage.FileSystemStorage"
    options = {"location": folder / "media"}
    settings.STORAGES = {**settings.STORAGES, "faceid": {"BACKEND": storage, "OPTIONS": options}}
    settings.FACEID = {**settings.FACEID, "FLOWS": {"default": {"KEEP_MEDIA": ["best_frame"]}}}
    django.setup()
    {"die": die, "clear": clear}[act](folder)


def die(folder: Path) -> None:
    """Be killed when a picture is in the storage and its key is in memory alone."""
    from django_faceid import services
    from django_faceid.services import vault
    from django_faceid.testing import faceid_sandbox, play

    call_command("migrate", verbosity=0)
    save = vault.save

    def save_and_die(sealed: vault.Sealed) -> str:
        save(sealed)
        tell(folder)
        os.kill(os.getpid(), signal.SIGKILL)
        return ""

    with faceid_sandbox():
        session = services.issue_token("ann").session
        play(session, "pass")
        vault.save = save_and_die
        services.fetch_result(session)


def clear(folder: Path) -> None:
    """Run the background work of the next hours."""
    from django_faceid import services
    from django_faceid.testing import advance

    tell(folder)
    for minutes in (59, 2):
        advance(minutes=minutes)
        services.recover_interrupted()
        tell(folder)


def tell(folder: Path) -> None:
    """The files of the storage, and those that the database knows of: kept, and stray."""
    from django_faceid.models import KeptMedia, StrayFile

    media = folder / "media"
    files = sorted(str(path.relative_to(media)) for path in media.rglob("*") if path.is_file())
    known = [list(model.objects.values_list("name", flat=True)) for model in (KeptMedia, StrayFile)]
    sys.stdout.write(json.dumps([files, *known]) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
