"""Which finished sessions staff look at: the flow's rules, as they were at issue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from . import digests
from .transitions import Status

# "3" is a medium risk and "4" a high one. Source: API page 1061/54557.
RISKY_DEVICES = frozenset({"3", "4"})


class Rule(models.TextChoices):
    """What can send a session to staff: the words of ``REVIEW``, and ``REVIEW_SAMPLE``."""

    ALWAYS = "always", _("every result of this flow")
    ON_FAILURE = "on_failure", _("not passed")
    RISK = "risk", _("risk signs")
    SAMPLE = "sample", _("random sample")


def met(
    snapshot: Mapping[str, Any], status: str, device_info_level: str, tags: Sequence[object]
) -> list[Rule]:
    """The rules that send a finished session to staff; none, and nobody looks at it.

    ``snapshot`` is the session's ``flow_snapshot``, ``status`` succeeded or failed, the others
    are Tencent's DeviceInfoLevel and LivenessInfoTag.
    """
    asked = snapshot.get("review", ())
    passed = status == Status.SUCCEEDED
    holds = {
        Rule.ALWAYS: Rule.ALWAYS in asked,
        Rule.ON_FAILURE: Rule.ON_FAILURE in asked and not passed,
        Rule.RISK: Rule.RISK in asked and (device_info_level in RISKY_DEVICES or bool(tags)),
        Rule.SAMPLE: snapshot.get("sampled", False) and passed,
    }
    return [rule for rule in Rule if holds[rule]]


def is_sampled(share: float, subject_key: str, flow: str, when: datetime) -> bool:
    """Whether a flow's ``REVIEW_SAMPLE`` (0 to 1) takes this subject's passes.

    Drawn by a keyed digest, once per subject, flow and month: who starts again draws the same
    lot, and an auditor with the key can draw it once more.
    """
    lot = digests.keyed("review_sample", subject_key, flow, f"{when:%Y-%m}")[:13]
    return int(lot, 16) < share * 16**13


def table() -> Iterator[tuple[Status, bool, list[Rule]]]:
    """What each kind of result meets where a flow has every rule, for documentation and tests."""
    every = {"review": [rule.value for rule in Rule], "sampled": True}
    for status in (Status.SUCCEEDED, Status.FAILED):
        for risky in (False, True):
            yield status, risky, met(every, status, "3" if risky else "1", [])
