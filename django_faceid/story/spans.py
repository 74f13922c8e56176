"""Lengths of time in words."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _


def words(length: timedelta) -> str:
    """A length of time in its two largest units; tenths of a second below a minute."""
    seconds = abs(length.total_seconds())
    if seconds < 60:
        return _("%.1f s") % seconds
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return _and(_("%d min") % minutes, rest and _("%d s") % rest)
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return _and(_("%d h") % hours, minutes and _("%d min") % minutes)
    days, hours = divmod(hours, 24)
    return _and(_("%d days") % days, hours and _("%d h") % hours)


def _and(*parts: str | int) -> str:
    return " ".join(str(part) for part in parts if part)
