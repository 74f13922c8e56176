"""The Celery app of the tests: ``celery -A tests.worker worker``."""

from __future__ import annotations

import os

from celery import Celery

from example_project import broker  # noqa: F401  (files://)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.worker_settings")

app = Celery("tests")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
