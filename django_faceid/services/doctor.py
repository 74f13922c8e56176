"""What is wrong, and what to do about it: settings, database, Tencent, schedule."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from typing import NamedTuple
from urllib.parse import urlsplit

from django.core.checks import ERROR, run_checks
from django.db import connections, router
from django.db.migrations.executor import MigrationExecutor

from .. import conf
from ..models import ApiCall, VerificationSession
from ..tencent.codes import error_code
from ..tencent.errors import (
    CredentialsRejected,
    FaceIdError,
    RateLimited,
    Refused,
    TokenUnusable,
)
from ..tencent.types import GET_RESULT, REGIONS, GetFaceIdResultIntlResponse
from . import heartbeat, vault
from .calls import Errand, call
from .errors import ServiceError

# No token of anybody's: whoever signs correctly is told that it is unknown.
NONSENSE_TOKEN = "00000000-0000-0000-0000-000000000000"  # noqa: S105
SKEW_WORTH_A_WARNING = 30.0
SKEW_TENCENT_REFUSES = 300.0
SLOW_MILLISECONDS = 3000


class Level(str, Enum):
    """How bad it is; FAIL means that people cannot be verified, or soon will not be."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


class Finding(NamedTuple):
    """One thing that was looked at: what was seen, and what to do when that is not well."""

    level: Level
    name: str
    seen: str
    advice: str = ""


def examine(account: str | None = None) -> Iterator[Finding]:
    """Look at everything that this process depends on, one call to Tencent per account.

    ``account`` narrows those calls to one. Each is paced and filed like any other, without a
    session. No finding holds a secret.
    """
    yield from _settings()
    yield from _keys()
    migrated = _migrations()
    yield migrated
    if migrated.level is Level.OK:
        yield from _schedule()
        yield from _storage()
        yield from _accounts(account)


def _settings() -> Iterator[Finding]:
    complaints = [message for message in run_checks(tags=["faceid"]) if not message.is_silenced()]
    for message in complaints:
        level = Level.FAIL if message.level >= ERROR else Level.WARN
        yield Finding(level, message.id or "check", message.msg, message.hint or "")
    if not complaints:
        yield Finding(Level.OK, "settings", "nothing to complain about")


def _keys() -> Iterator[Finding]:
    try:
        settings = conf.get()
    except conf.SettingError:
        return  # named above
    for name, given, loss in (
        ("ENCRYPTION_KEYS", settings.encryption_keys, "every stored SdkToken"),
        ("HASH_KEY", settings.hash_key, "who is verified"),
    ):
        if given:
            yield Finding(Level.OK, name, "set")
        else:
            advice = f"set it, else rotating SECRET_KEY loses {loss}"
            yield Finding(Level.WARN, name, "derived from SECRET_KEY", advice)


def _migrations() -> Finding:
    alias = router.db_for_write(VerificationSession)
    try:
        executor = MigrationExecutor(connections[alias])
        targets = [key for key in executor.loader.graph.leaf_nodes() if key[0] == "faceid"]
        missing = len(executor.migration_plan(targets))
    except Exception as error:  # each database has errors of its own
        seen = f"the database {alias!r} cannot be asked ({type(error).__name__})"
        return Finding(Level.FAIL, "database", seen, "start it, or correct DATABASES")
    if missing:
        return Finding(Level.FAIL, "migrations", f"{missing} missing", "run manage.py migrate")
    return Finding(Level.OK, "migrations", "all applied")


def _schedule() -> Iterator[Finding]:
    stale = heartbeat.stale_tasks()
    for task, ran in heartbeat.last_runs().items():
        seen = "never ran" if ran is None else f"last ran {ran:%Y-%m-%d %H:%M:%S} UTC"
        if task in stale:
            advice = "run celery worker and beat, or manage.py faceid_tick from cron each minute"
            yield Finding(Level.WARN, task, seen, advice)
        else:
            yield Finding(Level.OK, task, seen)


def _storage() -> Iterator[Finding]:
    """Whether pictures can be kept where a flow keeps any, by keeping something."""
    try:
        flows = [conf.flow(name) for name in conf.flow_names()]
    except conf.SettingError:
        return  # named above
    if not any(flow and flow.keep_media for flow in flows):
        return
    advice = "mend it: results wait for their pictures, and nobody can look at those that are kept"
    name = f"storage {vault.ALIAS}"
    try:
        sealed = vault.seal(vault.Picture(b"faceid_check"))
        file = vault.save(sealed)
        vault.load(file, sealed.key)
    except Exception as error:  # the storage is the host's
        seen = f"it takes or gives no file ({type(error).__name__})"
        yield Finding(Level.FAIL, name, seen, advice)
        return
    if vault.remove([file]):
        yield Finding(Level.OK, name, "took a file, gave it back and deleted it")
    else:
        advice = "let it delete files: what is erased stays there, though nobody can read it"
        yield Finding(Level.WARN, name, "it deletes no file", advice)


def _accounts(only: str | None) -> Iterator[Finding]:
    try:
        names = [only] if only else list(conf.get().accounts)
    except conf.SettingError:
        return  # named above
    for name in names:
        try:
            account = conf.account(name)
            examination = _Examination(account)
            yield from examination.run()
        except (conf.SettingError, ImportError, ValueError) as error:
            yield Finding(Level.FAIL, name, str(error), "correct FACEID")


class _Examination:
    """One account, asked for the result of a token that nobody has."""

    def __init__(self, account: conf.Account) -> None:
        self.account = account
        self.row: ApiCall | None = None
        self.answer: GetFaceIdResultIntlResponse | FaceIdError | None = None

    def run(self) -> Iterator[Finding]:
        errand = Errand(
            account=self.account,
            action=GET_RESULT,
            send=lambda client, **options: client.get_result(NONSENSE_TOKEN, **options),
            prepare=lambda: None,
            settle=self._keep,
            trace_id=str(uuid.uuid4()),
        )
        try:
            call(errand)
        except FaceIdError:
            pass  # kept, and judged below
        except ServiceError as error:
            seen = f"not asked ({error.code})"
            yield self._finding(Level.WARN, "endpoint", seen, "ask again in a minute")
            return
        yield self._endpoint()
        yield from self._credentials()
        yield from self._clock()
        yield self._region()

    def _keep(
        self, row: ApiCall, sent_at: datetime, answer: GetFaceIdResultIntlResponse | FaceIdError
    ) -> None:
        self.row, self.answer = row, answer

    def _endpoint(self) -> Finding:
        milliseconds = (self.row and self.row.milliseconds) or 0
        kind = "Tencent" if self.account.livemode else "a test endpoint"
        if isinstance(self.answer, FaceIdError) and not isinstance(self.answer, Refused):
            if self.answer.code == "CredentialsUnavailable":
                return self._finding(
                    Level.FAIL, "credentials", str(self.answer), "mend CREDENTIALS"
                )
            # The host alone: a URL may hold a password.
            seen = f"{urlsplit(self.account.endpoint).hostname}: {self.answer}"
            advice = "see that this machine may reach it: DNS, firewall, PROXY, CA_BUNDLE"
            return self._finding(Level.FAIL, "endpoint", seen, advice)
        seen = f"{kind} answered in {milliseconds} ms"
        if milliseconds > SLOW_MILLISECONDS:
            advice = "look at the network, or choose a nearer REGION"
            return self._finding(Level.WARN, "endpoint", seen, advice)
        return self._finding(Level.OK, "endpoint", seen)

    def _credentials(self) -> Iterator[Finding]:
        if isinstance(self.answer, RateLimited):
            advice = "lower RATE, or find who else spends this account's quota"
            yield self._finding(Level.WARN, "quota", self.answer.code, advice)
        elif isinstance(self.answer, Refused) and not isinstance(self.answer, TokenUnusable):
            advice = error_code(self.answer.code).advice
            part = "credentials" if isinstance(self.answer, CredentialsRejected) else "account"
            yield self._finding(Level.FAIL, part, str(self.answer), advice)
        elif isinstance(self.answer, (TokenUnusable, GetFaceIdResultIntlResponse)):
            yield self._finding(Level.OK, "credentials", "accepted")

    def _clock(self) -> Iterator[Finding]:
        offset = self.answer.clock_offset if isinstance(self.answer, FaceIdError) else None
        if offset is None:
            return
        seen = f"{abs(offset):.0f} s {'behind' if offset > 0 else 'ahead of'} the endpoint's"
        if abs(offset) < SKEW_WORTH_A_WARNING:
            yield self._finding(Level.OK, "clock", seen)
        elif abs(offset) < SKEW_TENCENT_REFUSES:
            yield self._finding(Level.WARN, "clock", seen, "synchronise it (NTP)")
        else:
            advice = "synchronise it (NTP): signatures are refused beyond 300 s"
            yield self._finding(Level.FAIL, "clock", seen, advice)

    def _region(self) -> Finding:
        if self.account.region in REGIONS:
            return self._finding(Level.OK, "region", self.account.region)
        advice = f"known are {', '.join(REGIONS)}"
        return self._finding(Level.WARN, "region", self.account.region, advice)

    def _finding(self, level: Level, part: str, seen: str, advice: str = "") -> Finding:
        return Finding(level, f"{self.account.name} {part}", seen, advice)
