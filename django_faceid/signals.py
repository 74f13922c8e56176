"""What the app tells the host project, after commit and at least once.

Every signal is sent with ``send_robust`` by ``VerificationSession`` and carries ``session`` and
``event_id``, the same for a repeated delivery: receivers that must act once remember it.
"""

from __future__ import annotations

from django.dispatch import Signal

session_issued = Signal()
"""A token was issued. Arguments: ``session``, ``event_id``."""

session_completed = Signal()
"""Tencent's final result is known: succeeded or failed. Arguments: ``session``, ``event_id``."""

session_expired = Signal()
"""No new process can start from it any more. Arguments: ``session``, ``event_id``."""

session_canceled = Signal()
"""Its owner, the host or staff stopped it. Arguments: ``session``, ``event_id``."""

session_reviewed = Signal()
"""Staff approved or rejected it. Arguments: ``session``, ``event_id``."""

verdict_changed = Signal()
"""The one most hosts need: what a session proves has changed.

Arguments: ``session``, ``user`` (or None), ``reference`` (or ``""``), ``flow``, ``old`` and
``new`` (``undecided``, ``verified``, ``rejected``), ``event_id``.
"""
