"""Labelled facts, as rows of a table; what is missing is said to be missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from .. import conf
from ..models import ApiCall, Outcome, VerificationSession
from . import people, signs, words


@dataclass(frozen=True)
class Fact:
    """A label and its value; ``more`` explains, ``copy`` marks what staff paste elsewhere."""

    label: str
    value: Any = None
    more: str = ""
    copy: bool = False
    href: str = ""
    missing: str = ""
    long: bool = False

    def __post_init__(self) -> None:
        # Much of it comes from elsewhere, and turned text can say anything.
        for name in ("value", "more"):
            text = getattr(self, name)
            if isinstance(text, str):
                object.__setattr__(self, name, signs.plain(text))

    @property
    def is_wide(self) -> bool:
        """Whether a column of short values would squeeze it."""
        return self.copy or self.long or bool(self.more)

    @property
    def moment(self) -> datetime | None:
        return self.value if isinstance(self.value, datetime) else None

    @property
    def is_missing(self) -> bool:
        return self.value is None or self.value == ""

    @property
    def instead(self) -> str:
        return self.missing or _("Not recorded")


def explained(label: str, what: words.Explained | None, missing: str = "") -> Fact:
    """A code as a fact."""
    if what is None:
        return Fact(label, missing=missing)
    return Fact(label, what.code, words.sentences((what.meaning, what.advice)))


def asked_for(session: VerificationSession, *, personal: bool) -> list[Fact]:
    """The request, in our names; a picture is told by its digest alone.

    An Extra of the host's own may name the person, and is told where the reader may see
    ``personal`` data.
    """
    default = _("Not given: Tencent's default")
    bot = session.enable_bot_bg_detection
    return [
        Fact(_("Flow"), session.flow, _unless_configured(session.flow, _flow_exists)),
        Fact(_("Account"), session.account, _unless_configured(session.account, _account_exists)),
        Fact(_("Check mode"), session.check_mode, missing=default),
        Fact(_("Secure level"), session.secure_level, missing=default),
        Fact(_("Actions"), session.action_list, missing=default),
        Fact(_("SDK edition"), session.sdk_version, missing=default),
        Fact(_("Retries inside the SDK"), session.retry_limit, missing=default),
        Fact(
            _("Background check"),
            None if bot is None else (_("on") if bot else _("off")),
            missing=default,
        ),
        _extra(session, personal),
        Fact(_("Picture, SHA-256"), session.image_sha256, copy=True, missing=_("No picture given")),
        Fact(_("MetaData, SHA-256"), session.meta_data_sha256, copy=True, missing=_("None given")),
    ]


def _extra(session: VerificationSession, personal: bool) -> Fact:
    if personal or session.extra in ("", str(session.public_id)):
        return Fact(_("Extra"), session.extra, copy=True)
    return Fact(_("Extra"), missing=_("Withheld: it may name the person"))


def came_back(session: VerificationSession) -> list[Fact]:
    """Tencent's result, and what the phone claimed."""
    similarity = None
    if session.similarity is not None:
        similarity = _("%.2f of 100") % session.similarity
    not_compared = "" if session.assurance == "compare" else _("Nothing to compare with")
    return [
        explained(_("Result"), words.explain_result(session.result_code), _("No result yet")),
        Fact(_("Category"), words.category(session.category)),
        Fact(_("Result stored"), session.result_at),
        Fact(_("Similarity"), similarity, missing=not_compared),
        Fact(_("Attack tags"), words.tags(session.liveness_info_tag)),
        Fact(_("Device risk"), words.device_level(session.device_info_level)),
        explained(_("No token because"), words.explain_error(session.error_code), _("No error")),
        explained(_("No result because"), words.explain_error(session.result_error), _("No error")),
        explained(_("Phone said (unproven)"), words.explain_sdk(session.sdk_code)),
        Fact(_("Phone reported"), session.reported_at),
    ]


def on_file(session: VerificationSession) -> list[Fact]:
    """Identifiers, schedule and privacy; of secrets only whether one is held."""
    held = _("Held, encrypted; nobody can look at it here")
    wiped = _("Not held: wiped, or its key is gone")
    return [
        Fact(_("RequestId of the token"), session.request_id, copy=True),
        Fact(_("Trace id"), session.trace_id, copy=True),
        Fact(_("Subject key"), session.subject_key, copy=True),
        Fact(_("SdkToken"), held if session.sdk_token else None, missing=wiped),
        Fact(_("ServerParamInfo"), held if session.server_param_info else None, missing=wiped),
        Fact(_("Looks for the result"), session.pulls),
        Fact(_("Last look"), session.last_pull_at, missing=_("None")),
        Fact(_("Next look"), session.next_pull_at, missing=_("None planned")),
        Fact(_("Consent"), session.consent_version),
        Fact(_("Consent given"), session.consent_at),
        Fact(_("Erased"), session.erased_at, missing=_("Not erased")),
        Fact(_("Legal hold"), _("yes") if session.legal_hold else _("no")),
    ]


def of_call(call: ApiCall, *, personal: bool) -> list[Fact]:
    """One attempt at one action; ``personal`` says whether the reader may see personal data."""
    took = None if call.milliseconds is None else _("%d ms") % call.milliseconds
    return [
        Fact(_("RequestId"), call.request_id, copy=True, missing=_("None came")),
        *_what_went_wrong(call, personal),
        Fact(_("Action"), call.action),
        Fact(_("Account, region"), f"{call.account}, {call.region}"),
        Fact(_("Attempt"), call.attempt),
        Fact(_("Took"), took),
        Fact(_("Waited for a slot"), _("%d ms") % call.waited),
        Fact(_("HTTP status"), call.http_status, missing=_("No answer")),
        Fact(_("Trace id"), call.trace_id, copy=True),
    ]


def _what_went_wrong(call: ApiCall, personal: bool) -> list[Fact]:
    if call.outcome == Outcome.OK:
        return []
    return [
        explained(_("Error"), words.explain_error(call.error_code)),
        Fact(_("Words of the answer"), people.words_of(call, personal=personal), long=True),
    ]


def _unless_configured(name: str, exists: Any) -> str:
    return "" if exists(name) else _("Not in the settings any more")


def _flow_exists(name: str) -> bool:
    try:
        return conf.flow(name) is not None
    except conf.SettingError:
        return False


def _account_exists(name: str) -> bool:
    try:
        conf.account(name)
    except conf.SettingError:
        return False
    return True
