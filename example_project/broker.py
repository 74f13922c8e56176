"""A Celery broker that is a folder: ``files://``, for a laptop without a message server.

Celery's own ``filesystem://`` shows a message's file before it is written, and a worker that looks
just then dies of half a message. Here a file is whole before it has a name that workers look for.
"""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """Celery's channel over files, with messages that appear at once."""

    def _put(  # type: ignore[override]  # kombu's two bases disagree on the name
        self, queue: str, payload: dict[str, Any], **_kwargs: Any
    ) -> None:
        folder = Path(self.data_folder_out)
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        unseen = folder / f".{name}"
        unseen.write_text(dumps(payload), encoding="utf-8")
        unseen.rename(folder / name)


class Transport(filesystem.Transport):
    """What ``files://`` stands for once this module is imported."""

    Channel = Channel


TRANSPORT_ALIASES["files"] = f"{__name__}:Transport"
