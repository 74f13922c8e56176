"""The Celery app, for `celery -A example_project.worker`.

Not named celery.py: a folder that is run comes first on the path and would shadow Celery.
"""

from __future__ import annotations

import os

from celery import Celery

from example_project import broker  # noqa: F401  (files://)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")

app = Celery("example_project")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
