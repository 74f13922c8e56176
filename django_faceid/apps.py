"""The Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FaceIdConfig(AppConfig):
    """eKYC onboarding on Tencent Cloud FaceID."""

    name = "django_faceid"
    label = "faceid"
    verbose_name = _("Identity verification")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (registers the system checks)
        from .services import media  # noqa: F401  (removes files with their rows)
