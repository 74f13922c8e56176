"""Who may call: people the host has signed in."""

from __future__ import annotations

from rest_framework.permissions import IsAuthenticated

PERMISSIONS = (IsAuthenticated,)
"""Pinned on every view: the framework's own default lets everybody in."""
