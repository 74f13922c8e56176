"""The FACEID setting: typed, read at use, never cached."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from .tencent.types import DEFAULT_ENDPOINT

# As a whole, not parsed: what a URL parser takes for the host, another takes for a user's name.
TENCENT_ENDPOINT = re.compile(
    r"https://([a-z0-9-]+\.)*tencentcloudapi\.com(:\d+)?/?", re.IGNORECASE
)
_T = TypeVar("_T", "Account", "Flow", "Settings")
Hook = str | Callable[..., Any]


class SettingError(ImproperlyConfigured):
    """A value in FACEID that cannot be used.

    ``where`` is its path (``FACEID["ACCOUNTS"]["default"]["RATE"]``), ``kind`` one of
    ``unknown``, ``type``, ``value``, ``missing``, ``endpoint``.
    """

    def __init__(self, where: str, kind: str, message: str) -> None:
        super().__init__(where, kind, message)
        self.where = where
        self.kind = kind
        self.message = message

    def __str__(self) -> str:
        return f"{self.where} {self.message}"


def _option(
    default: Any = None,
    *types: type,
    ok: Callable[[Any], bool] | None = None,
    must: str = "",
    secret: bool = False,
) -> Any:
    metadata = {"types": types, "ok": ok, "must": must}
    if isinstance(default, (dict, list)):
        return field(default_factory=lambda: default, metadata=metadata, repr=not secret)
    return field(default=default, metadata=metadata, repr=not secret)


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


@dataclass(frozen=True, kw_only=True)
class Account:
    """One named set of Tencent credentials and how to reach Tencent with it."""

    name: str
    secret_id: str = _option("", str)
    secret_key: str = _option("", str, secret=True)
    token: str | None = _option(None, str, secret=True)
    credentials: Hook | None = _option(None, str, Callable)  # type: ignore[arg-type]
    region: str = _option("ap-singapore", str, ok=bool, must="name a region")
    endpoint: str = _option(DEFAULT_ENDPOINT, str, ok=_is_url, must="be an http or https URL")
    rate: int = _option(20, int, ok=lambda v: 1 <= v <= 1000, must="be 1 to 1000 calls a second")
    quota_group: str = _option("", str)
    proxy: str | None = _option(None, str, ok=_is_url, must="be an http or https URL")
    ca_bundle: str | None = _option(None, str)
    timeout: tuple[float, float] = _option(
        (3, 10),
        tuple,
        list,
        ok=lambda v: len(v) == 2 and all(isinstance(s, (int, float)) and s > 0 for s in v),
        must="be (connect seconds, read seconds)",
    )
    language: str = _option(
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


DEFAULT_MAX_ISSUES = {timedelta(minutes=10): 5, timedelta(days=1): 20}


def _is_max_issues(value: Mapping[Any, Any]) -> bool:
    return all(
        isinstance(span, timedelta) and span > timedelta(0) and type(count) is int and count > 0
        for span, count in value.items()
    )


@dataclass(frozen=True, kw_only=True)
class Flow:
    """A named, server-owned set of parameters and rules."""

    name: str
    params: Mapping[str, Any] = _option({}, dict)
    account: str = _option("default", str)
    image: Hook | None = _option(None, str, Callable)  # type: ignore[arg-type]
    client_may_set: list[str] | None = _option(None, list, tuple)
    review: str = _option(
        "never",
        str,
        ok=lambda v: v in ("never", "on_failure", "always"),
        must='be "never", "on_failure" or "always"',
    )
    valid_for: timedelta | None = _option(
        None, timedelta, ok=lambda v: v > timedelta(0), must="be positive"
    )
    allow: Hook | None = _option(None, str, Callable)  # type: ignore[arg-type]
    allow_again: bool = _option(False, bool)
    enabled: bool = _option(True, bool)
    max_issues: Mapping[timedelta, int] = _option(
        DEFAULT_MAX_ISSUES, dict, ok=_is_max_issues, must="map timedeltas to positive numbers"
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything in FACEID that is neither an account nor a flow."""

    accounts: Mapping[str, Any] = _option({}, dict, secret=True)
    flows: Mapping[str, Any] = _option({}, dict)
    encryption_keys: list[str] = _option([], list, tuple, secret=True)
    hash_key: str = _option("", str, secret=True)
    allow_test_endpoint: bool = _option(False, bool)
    max_body: int = _option(6 * 1024 * 1024, int, ok=_positive, must="be positive (bytes)")
    max_image: int = _option(3_000_000, int, ok=_positive, must="be positive (bytes)")
    max_wait: float = _option(2.0, int, float, ok=lambda v: 0 < v <= 5, must="be up to 5 (seconds)")
    guard: float = _option(0.035, int, float, ok=_within_a_second, must="be 0 to 1 (seconds)")
    min_spacing: float = _option(0.0, int, float, ok=_within_a_second, must="be 0 to 1 (seconds)")
    # No longer than a pending session's lease allows.
    deadline: float = _option(12.0, int, float, ok=lambda v: 0 < v <= 12, must="be up to 12 (s)")
    max_in_flight: int = _option(16, int, ok=_positive, must="be positive")
    reuse_min_seconds: int = _option(60, int, ok=range(600).__contains__, must="be 0 to 599")
    result_lifetime: timedelta = _option(
        timedelta(hours=72), timedelta, ok=lambda v: v >= timedelta(hours=1), must="be 1 h or more"
    )


def _root() -> Mapping[str, Any]:
    given = getattr(django_settings, "FACEID", {})
    if not isinstance(given, Mapping):
        raise SettingError("FACEID", "type", f"must be a dict, not {type(given).__name__}.")
    return given


def problems(cls: type[_T], where: str, given: Any) -> Iterator[SettingError]:
    """Every unknown key and wrong value of ``given``, which was found at ``where``."""
    if not isinstance(given, Mapping):
        yield SettingError(where, "type", f"must be a dict, not {type(given).__name__}.")
        return
    known = {f.name.upper(): f for f in fields(cls) if f.name != "name"}
    for key, value in given.items():
        if key not in known:
            yield SettingError(f'{where}["{key}"]', "unknown", _did_you_mean(key, known))
        elif (wrong := _wrong(f'{where}["{key}"]', known[key], value)) is not None:
            yield wrong


def read(cls: type[_T], where: str, given: Any, **fixed: Any) -> _T:
    """``given`` as an object of ``cls``; raises the first of its ``problems``."""
    for problem in problems(cls, where, given):
        raise problem
    return cls(**fixed, **{key.lower(): value for key, value in given.items()})


def _did_you_mean(key: object, known: Mapping[str, Any]) -> str:
    near = get_close_matches(str(key).upper(), known, n=1)
    return f"is not a setting; did you mean {near[0]}?" if near else "is not a setting."


def _wrong(where: str, option: Field[Any], value: Any) -> SettingError | None:
    if value is None and option.default is None:
        return None
    types = option.metadata["types"]
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        names = " or ".join(getattr(t, "__name__", str(t)) for t in types)
        return SettingError(where, "type", f"must be {names}, not {type(value).__name__}.")
    ok = option.metadata["ok"]
    if ok is not None and not ok(value):
        return SettingError(where, "value", f"must {option.metadata['must']}.")
    return None


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


def encryption_keys() -> list[str]:
    """Fernet keys, the first encrypts; derived from Django's secret keys when none are given."""
    given = list(get().encryption_keys)
    return given or [_derived(secret) for secret in _django_secrets()]


def hash_key() -> bytes:
    """The key of every keyed digest; it must outlive every rotation of other keys."""
    return (get().hash_key or _derived(_django_secrets()[0], "digest")).encode()


def _django_secrets() -> list[str]:
    return [django_settings.SECRET_KEY, *getattr(django_settings, "SECRET_KEY_FALLBACKS", [])]


def _derived(secret: str, purpose: str = "encryption") -> str:
    digest = hashlib.sha256(f"django_faceid.{purpose}:{secret}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()
