"""Django's own admin log, where the admin is installed."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db.models import Model


def note(actor: Any, row: Model, message: str) -> None:
    """Write that a member of staff changed ``row``, as the admin does for its own pages."""
    if not apps.is_installed("django.contrib.admin"):
        return
    from django.contrib.admin.models import CHANGE, LogEntry
    from django.contrib.contenttypes.models import ContentType

    LogEntry.objects.create(
        user_id=actor.pk,
        content_type=ContentType.objects.get_for_model(type(row)),
        object_id=str(row.pk),
        object_repr=str(row)[:200],
        action_flag=CHANGE,
        change_message=message,
    )
