"""The public Python interface: acts that involve Tencent, a signal or several tables."""

from .bulk import run_bulk_jobs, start_bulk, stop_bulk
from .canceling import cancel
from .collecting import claim_due, collect, collect_results
from .expiry import expire_tokens
from .gate import ANY, is_verified
from .handing_over import hand_over
from .holds import claim, claim_next, release
from .issuing import Issued, issue_token
from .outbox import deliver_events
from .recovery import recover_interrupted
from .results import fetch_result, report
from .revealing import reveal
from .review import approve, reject
from .rollups import roll_up

__all__ = [
    "ANY",
    "Issued",
    "approve",
    "cancel",
    "claim",
    "claim_due",
    "claim_next",
    "collect",
    "collect_results",
    "deliver_events",
    "expire_tokens",
    "fetch_result",
    "hand_over",
    "is_verified",
    "issue_token",
    "recover_interrupted",
    "reject",
    "release",
    "report",
    "reveal",
    "roll_up",
    "run_bulk_jobs",
    "start_bulk",
    "stop_bulk",
]
