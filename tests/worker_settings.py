"""The host project as a Celery worker runs it, beside a test that tells it where everything is."""

from __future__ import annotations

import os

from django_faceid.beat import BEAT_SCHEDULE
from django_faceid.sandbox.state import SECRET_ID
from django_faceid.sandbox.state import SECRET_KEY as SANDBOX_KEY
from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, FACEID

DATABASES["default"]["NAME"] = os.environ["WORKER_DATABASE"]
FACEID = {
    **FACEID,
    "ACCOUNTS": {
        "default": {
            "SECRET_ID": SECRET_ID,
            "SECRET_KEY": SANDBOX_KEY,
            "ENDPOINT": os.environ["WORKER_ENDPOINT"],
        }
    },
    "ALLOW_TEST_ENDPOINT": True,
}

CELERY_BROKER_URL = os.environ["WORKER_BROKER"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = os.environ["WORKER_QUEUE"]
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# As shipped, but every second: what a test waits for is the work, not the clock.
CELERY_BEAT_SCHEDULE = {name: {**entry, "schedule": 1.0} for name, entry in BEAT_SCHEDULE.items()}
if CELERY_BROKER_URL.startswith("files:"):
    _folder = os.environ["WORKER_FOLDER"]
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": f"{_folder}/messages",
        "data_folder_out": f"{_folder}/messages",
        "control_folder": f"{_folder}/control",
    }
