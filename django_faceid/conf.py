"""The FACEID setting: typed, read at use, never cached."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from .options import SettingError, option, read
from .tencent.types import DEFAULT_ENDPOINT

__all__ = [
    "Account",
    "Flow",
    "Hook",
    "SettingError",
    "Settings",
    "account",
    "flow",
    "flow_names",
    "get",
    "hook",
    "require_safe_endpoint",
]

# As a whole, not parsed: what a URL parser takes for the host, another takes for a user's name.
TENCENT_ENDPOINT = re.compile(
    r"https://([a-z0-9-]+\.)*tencentcloudapi\.com(:\d+)?/?", re.IGNORECASE
)
Hook = str | Callable[..., Any]


def _positive(value: float) -> bool:
    return value > 0


def _within_a_second(value: float) -> bool:
    return 0 <= value <= 1


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


# Secret, since it may hold a name and a password.
_A_URL: dict[str, Any] = {"ok": _is_url, "must": "be an http or https URL", "secret": True}


@dataclass(frozen=True, kw_only=True)
class Account:
    """One named set of Tencent credentials and how to reach Tencent with it."""

    name: str
    secret_id: str = option("", str)
    secret_key: str = option("", str, secret=True)
    token: str | None = option(None, str, secret=True)
    credentials: Hook | None = option(None, str, Callable)  # type: ignore[arg-type]
    region: str = option("ap-singapore", str, ok=bool, must="name a region")
    endpoint: str = option(DEFAULT_ENDPOINT, str, **_A_URL)
    rate: int = option(20, int, ok=lambda v: 1 <= v <= 1000, must="be 1 to 1000 calls a second")
    quota_group: str = option("", str)
    proxy: str | None = option(None, str, **_A_URL)
    ca_bundle: str | None = option(None, str)
    timeout: tuple[float, float] = option(
        (3, 10),
        tuple,
        list,
        ok=lambda v: len(v) == 2 and all(isinstance(s, (int, float)) and s > 0 for s in v),
        must="be (connect seconds, read seconds)",
    )
    language: str = option(
        "en-US", str, ok=lambda v: v in ("en-US", "zh-CN"), must='be "en-US" or "zh-CN"'
    )

    @property
    def livemode(self) -> bool:
        """Whether this account talks to Tencent itself, over TLS."""
        return TENCENT_ENDPOINT.fullmatch(self.endpoint) is not None

    @property
    def quota_name(self) -> str:
        """What accounts that share a Tencent account have in common."""
        return self.quota_group or self.secret_id or self.name

    @property
    def lacks(self) -> str:
        """What keeps it from signing or pacing calls; empty when nothing does."""
        if not self.credentials and not (self.secret_id and self.secret_key):
            return "needs SECRET_ID and SECRET_KEY, or CREDENTIALS (a callable)."
        if self.credentials and not self.quota_group and not self.secret_id:
            return "needs a QUOTA_GROUP beside CREDENTIALS."
        return ""


REASON_CODE = re.compile(r"[a-z0-9_]{1,64}")
REVIEW_RULES = ("on_failure", "risk", "always")
MEDIA_KINDS = ("best_frame", "video", "action_video")
DEFAULT_MAX_ISSUES = {timedelta(minutes=10): 5, timedelta(days=1): 20}


def _is_max_issues(value: Mapping[Any, Any]) -> bool:
    return all(
        isinstance(span, timedelta) and span > timedelta(0) and type(count) is int and count > 0
        for span, count in value.items()
    )


def _as_list(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


@dataclass(frozen=True, kw_only=True)
class Flow:
    """A named, server-owned set of parameters and rules."""

    name: str
    params: Mapping[str, Any] = option({}, dict)
    account: str = option("default", str)
    image: Hook | None = option(None, str, Callable)  # type: ignore[arg-type]
    client_may_set: list[str] | None = option(None, list, tuple)
    review: str | list[str] = option(
        "never",
        str,
        list,
        tuple,
        ok=lambda v: v == "never" or all(rule in REVIEW_RULES for rule in _as_list(v)),
        must='be "never", or one or a list of "on_failure", "risk" and "always"',
    )
    review_sample: float = option(
        0, int, float, ok=lambda v: 0 <= v <= 1, must="be 0 to 1 (share of passes)"
    )
    second_review: bool = option(False, bool)
    keep_media: list[str] = option(
        [],
        list,
        tuple,
        ok=lambda v: all(kind in MEDIA_KINDS for kind in v),
        must=f"name kinds of media: {', '.join(MEDIA_KINDS)}",
    )
    valid_for: timedelta | None = option(
        None, timedelta, ok=lambda v: v > timedelta(0), must="be positive"
    )
    allow: Hook | None = option(None, str, Callable)  # type: ignore[arg-type]
    allow_again: bool = option(False, bool)
    enabled: bool = option(True, bool)
    max_issues: Mapping[timedelta, int] = option(
        DEFAULT_MAX_ISSUES, dict, ok=_is_max_issues, must="map timedeltas to positive numbers"
    )

    @property
    def review_rules(self) -> list[str]:
        """The rules of ``REVIEW``; none for ``"never"``."""
        return [rule for rule in _as_list(self.review) if rule != "never"]

    @property
    def wants_review(self) -> bool:
        """Whether staff look at any of its sessions."""
        return bool(self.review_rules) or self.review_sample > 0


def _are_reasons(value: Mapping[Any, Any]) -> bool:
    return all(
        decision in ("approve", "reject") and isinstance(words, Mapping) and _name_reasons(words)
        for decision, words in value.items()
    )


def _name_reasons(words: Mapping[Any, Any]) -> bool:
    return all(
        isinstance(code, str)
        and REASON_CODE.fullmatch(code)
        and (isinstance(said, Promise) or (isinstance(said, str) and bool(said.strip())))
        for code, said in words.items()
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything in FACEID that is neither an account nor a flow."""

    accounts: Mapping[str, Any] = option({}, dict, secret=True)
    flows: Mapping[str, Any] = option({}, dict)
    encryption_keys: list[str] = option([], list, tuple, secret=True)
    hash_key: str = option("", str, secret=True)
    allow_test_endpoint: bool = option(False, bool)
    max_body: int = option(6 * 1024 * 1024, int, ok=_positive, must="be positive (bytes)")
    max_image: int = option(3_000_000, int, ok=_positive, must="be positive (bytes)")
    max_wait: float = option(2.0, int, float, ok=lambda v: 0 < v <= 5, must="be up to 5 (seconds)")
    guard: float = option(0.038, int, float, ok=_within_a_second, must="be 0 to 1 (seconds)")
    min_spacing: float | None = option(
        None, int, float, ok=_within_a_second, must="be 0 to 1 (seconds)"
    )
    # No longer than a pending session's lease allows.
    deadline: float = option(12.0, int, float, ok=lambda v: 0 < v <= 12, must="be up to 12 (s)")
    max_in_flight: int = option(16, int, ok=_positive, must="be positive")
    reuse_min_seconds: int = option(60, int, ok=range(600).__contains__, must="be 0 to 599")
    review_reasons: Mapping[str, Mapping[str, str]] = option(
        {},
        dict,
        ok=_are_reasons,
        must='map "approve" and "reject" to {code: words}, a code of a-z, 0-9 and _',
    )
    result_lifetime: timedelta = option(
        timedelta(hours=72), timedelta, ok=lambda v: v >= timedelta(hours=1), must="be 1 h or more"
    )


def _root() -> Mapping[str, Any]:
    given = getattr(django_settings, "FACEID", {})
    if not isinstance(given, Mapping):
        raise SettingError("FACEID", "type", f"must be a dict, not {type(given).__name__}.")
    return given


def get() -> Settings:
    """The general settings.

    Raises ``SettingError`` on an unknown key or a wrong value.
    """
    return read(Settings, "FACEID", _root())


def account(name: str) -> Account:
    """The account of that name; raises ``SettingError`` when it cannot be used."""
    accounts = get().accounts
    where = f'FACEID["ACCOUNTS"]["{name}"]'
    if name not in accounts:
        raise SettingError(where, "missing", "is not configured.")
    found = read(Account, where, accounts[name], name=name)
    if found.lacks:
        raise SettingError(where, "missing", found.lacks)
    return found


def require_safe_endpoint(found: Account) -> None:
    """Refuse an endpoint that is not Tencent's own, unless ``ALLOW_TEST_ENDPOINT`` says so.

    Raises ``SettingError``: checks do not run under a WSGI server, this does.
    """
    if not found.livemode and not get().allow_test_endpoint:
        raise SettingError(
            f'FACEID["ACCOUNTS"]["{found.name}"]["ENDPOINT"]',
            "endpoint",
            "must be https on a host under tencentcloudapi.com; "
            'for a sandbox set FACEID["ALLOW_TEST_ENDPOINT"] = True.',
        )


def flow_names() -> list[str]:
    """The configured flows, and the built-in ``default``."""
    return list(dict.fromkeys(["default", *get().flows]))


def flow(name: str) -> Flow | None:
    """The flow of that name, or None; ``default`` always exists, with the vendor's defaults."""
    flows = get().flows
    if name not in flows:
        return Flow(name=name) if name == "default" else None
    return read(Flow, f'FACEID["FLOWS"]["{name}"]', flows[name], name=name)


def hook(given: Hook) -> Callable[..., Any]:
    """The callable behind a setting that is a callable or a dotted path to one.

    Raises ``ImportError`` for a path that leads nowhere.
    """
    found = import_string(given) if isinstance(given, str) else given
    if not callable(found):
        raise ImportError(f"{given} is not callable.")
    return cast(Callable[..., Any], found)
