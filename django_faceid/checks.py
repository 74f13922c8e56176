"""System checks of FACEID and of what the app needs around it; none of them asks the database.

``manage.py check --tag faceid`` runs these alone. docs/settings.md explains every id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import connections, router

from . import conf, options
from .beat import BEAT_SCHEDULE
from .names import OUR_NAMES, WIRE_NAMES, in_our_words, wire_values
from .tencent.errors import InvalidRequest
from .tencent.types import REGIONS, CheckMode, GetFaceIdTokenIntlRequest

TAG = "faceid"
LONGEST_NAME = 64
# As MySQL's and as psycopg's options have it.
READ_COMMITTED = ("read committed", 2)
SMALLEST = 'The smallest: FACEID = {"ACCOUNTS": {"default": {"SECRET_ID": …, "SECRET_KEY": …}}}.'
PROBLEM_IDS = {"unknown": "faceid.E002", "type": "faceid.E003", "value": "faceid.E004"}
Messages = Iterator[CheckMessage]


@register(TAG)
def check_faceid(**_: Any) -> list[CheckMessage]:
    """Everything that FACEID itself can have wrong."""
    given = getattr(settings, "FACEID", None)
    if not isinstance(given, Mapping):
        seen = "is missing" if given is None else f"must be a dict, not {type(given).__name__}"
        return [Error(f"FACEID {seen}.", hint=SMALLEST, id="faceid.E001")]
    accounts, flows = _children(given, "ACCOUNTS"), _children(given, "FLOWS")
    messages = [*_problems(conf.Settings, "FACEID", given), *_encryption_keys(given)]
    for name, values in accounts.items():
        messages += _account(name, values, given)
    for name, values in {"default": {}, **flows}.items():
        messages += _flow(name, values, accounts)
    return messages


@register(TAG)
def check_surroundings(**_: Any) -> list[CheckMessage]:
    """What the app needs of the project around it."""
    return [*_project(), *_database(), *_schedule()]


@register(TAG, deploy=True)
def check_deployment(**_: Any) -> list[CheckMessage]:
    """What is fine on a laptop and wrong in production."""
    given = getattr(settings, "FACEID", None)
    return [*_deployment(given)] if isinstance(given, Mapping) else []


def _children(given: Mapping[str, Any], key: str) -> Mapping[Any, Any]:
    value = given.get(key)
    return value if isinstance(value, Mapping) else {}


def _problems(cls: Any, where: str, given: Any) -> Messages:
    for problem in options.problems(cls, where, given):
        yield Error(str(problem), id=PROBLEM_IDS[problem.kind])


def _encryption_keys(given: Mapping[str, Any]) -> Messages:
    keys = given.get("ENCRYPTION_KEYS")
    for place, key in enumerate(keys if isinstance(keys, (list, tuple)) else ()):
        try:
            Fernet(key)
        except Exception:  # whatever it is; its message may hold the key
            yield Error(
                f'FACEID["ENCRYPTION_KEYS"][{place}] is not a Fernet key.',
                hint="Make one with cryptography.fernet.Fernet.generate_key().decode().",
                id="faceid.E012",
            )


def _name(where: str, name: object) -> Messages:
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME or "/" in name:
        yield Error(
            f"{where} has an unusable name.",
            hint=f"A name is a string of 1 to {LONGEST_NAME} characters without a slash.",
            id="faceid.E014",
        )


def _account(name: Any, values: Any, given: Mapping[str, Any]) -> Messages:
    where = f'FACEID["ACCOUNTS"]["{name}"]'
    problems = [*_name(where, name), *_problems(conf.Account, where, values)]
    if problems:
        yield from problems
        return
    account = options.read(conf.Account, where, values, name=name)
    if account.lacks:
        hint = "On a laptop the sandbox needs no real ones: manage.py faceid_sandbox."
        yield Error(f"{where} {account.lacks}", hint=hint, id="faceid.E005")
    yield from _hook(f'{where}["CREDENTIALS"]', account.credentials)
    yield from _wire(where, account, given)


def _wire(where: str, account: conf.Account, given: Mapping[str, Any]) -> Messages:
    if not account.livemode and given.get("ALLOW_TEST_ENDPOINT") is not True:
        yield Error(
            f'{where}["ENDPOINT"] is not https on a host under tencentcloudapi.com.',
            hint='For a sandbox set FACEID["ALLOW_TEST_ENDPOINT"] = True; never in production.',
            id="faceid.E007",
        )
    if account.ca_bundle and not Path(account.ca_bundle).is_file():
        yield Error(f'{where}["CA_BUNDLE"] must be the path of a file.', id="faceid.E004")
    if account.region not in REGIONS:
        yield Warning(
            f'{where}["REGION"] {account.region!r} is not a region known to offer FaceID.',
            hint=f"Known are {', '.join(REGIONS)}.",
            id="faceid.W001",
        )


def _hook(where: str, hook: conf.Hook | None) -> Messages:
    if hook is None:
        return
    try:
        conf.hook(hook)
    except Exception as error:  # importing a host's module runs the host's code
        yield Error(
            f"{where} cannot be imported: {type(error).__name__}.",
            hint="Give a callable or the dotted path of one.",
            id="faceid.E006",
        )


def _flow(name: Any, values: Any, accounts: Mapping[Any, Any]) -> Messages:
    where = f'FACEID["FLOWS"]["{name}"]'
    problems = [*_name(where, name), *_problems(conf.Flow, where, values)]
    if problems:
        yield from problems
        return
    flow = options.read(conf.Flow, where, values, name=name)
    if flow.account not in accounts:
        yield Error(
            f"{where} uses the account {flow.account!r}, which is not in ACCOUNTS.",
            hint=f'{SMALLEST} A flow names another with "ACCOUNT".',
            id="faceid.E008",
        )
    yield from _hook(f'{where}["IMAGE"]', None if flow.image == "client" else flow.image)
    yield from _hook(f'{where}["ALLOW"]', flow.allow)
    yield from _keep_media(where, flow)
    yield from _review(where, flow)
    yield from _params(where, flow)
    yield from _client_may_set(where, flow)


def _keep_media(where: str, flow: conf.Flow) -> Messages:
    if flow.keep_media and "faceid" not in settings.STORAGES:
        yield Error(
            f'{where} keeps media, and STORAGES has no "faceid" to keep them in.',
            hint='Add a storage under the alias "faceid", in a place that no web server serves.',
            id="faceid.E016",
        )


def _review(where: str, flow: conf.Flow) -> Messages:
    if flow.wants_review and not flow.keep_media:
        yield Warning(
            f"{where} sends sessions to review and keeps nothing for a reviewer to look at.",
            hint='Set "KEEP_MEDIA" to what shows whom staff decide on, such as ["best_frame"].',
            id="faceid.W007",
        )


def _params(where: str, flow: conf.Flow) -> Messages:
    for name in flow.params:
        if name not in WIRE_NAMES:
            hint = _did_you_mean(name)
            message = f'{where}["PARAMS"]["{name}"] is not a parameter.'
            yield Error(message, hint=hint, id="faceid.E009")
    values = wire_values({name: flow.params[name] for name in WIRE_NAMES if name in flow.params})
    if values.get("check_mode") == CheckMode.COMPARE and not (flow.image or "image" in values):
        yield Error(
            f"{where} compares faces and has no picture to compare with.",
            hint='Set "IMAGE" to a callable that gives a subject\'s picture, or to "client".',
            id="faceid.E010",
        )
    try:
        GetFaceIdTokenIntlRequest(**{WIRE_NAMES[name]: value for name, value in values.items()})
    except InvalidRequest as error:
        for broken in error.violations:
            if (broken.field, broken.rule) != ("Image", "required"):
                place = f'{where}["PARAMS"]["{OUR_NAMES[broken.field]}"]'
                message = f"{place} breaks a rule of Tencent's: {in_our_words(broken.message)}"
                yield Error(message, id="faceid.E009")


def _client_may_set(where: str, flow: conf.Flow) -> Messages:
    for name in flow.client_may_set or ():
        if name == "image":
            hint = 'A client may send a picture when the flow says "IMAGE": "client".'
        elif isinstance(name, str) and name in WIRE_NAMES:
            continue
        else:
            hint = _did_you_mean(name)
        message = f'{where}["CLIENT_MAY_SET"] names {name!r}, which cannot be set there.'
        yield Error(message, hint=hint, id="faceid.E011")


def _did_you_mean(name: object) -> str:
    near = get_close_matches(str(name).lower(), WIRE_NAMES, n=1)
    known = f"Known are {', '.join(WIRE_NAMES)}."
    return f"Did you mean {near[0]}?" if near else known


def _project() -> Messages:
    if not settings.USE_TZ:
        yield Error(
            "USE_TZ is off, so that stored times are ambiguous when clocks change.",
            hint="Set USE_TZ = True.",
            id="faceid.E013",
        )
    if not apps.is_installed("rest_framework"):
        yield Error(
            "rest_framework is not in INSTALLED_APPS.",
            hint='Add "rest_framework" beside "django_faceid".',
            id="faceid.E015",
        )


def _database() -> Messages:
    alias = router.db_for_write(apps.get_model("faceid", "VerificationSession"))
    database = connections[alias]
    options = database.settings_dict.get("OPTIONS", {})
    mode = options.get("transaction_mode")
    if database.vendor == "sqlite" and mode not in ("IMMEDIATE", "EXCLUSIVE"):
        yield Warning(
            f"The SQLite database {alias!r} begins transactions without a write lock: two at once "
            'fail with "database is locked".',
            hint='Set "OPTIONS": {"transaction_mode": "IMMEDIATE"} in its DATABASES entry.',
            id="faceid.W005",
        )
    if "isolation_level" in options and options["isolation_level"] not in READ_COMMITTED:
        yield Warning(
            f"The database {alias!r} is not used at READ COMMITTED: under load its transactions "
            "fail where they would have waited for each other.",
            hint='Leave "isolation_level" out of its OPTIONS.',
            id="faceid.W010",
        )


def _schedule() -> Messages:
    celery = [name for name in dir(settings) if name.startswith("CELERY_")]
    if not celery or "CELERY_BEAT_SCHEDULER" in celery:  # that one may keep entries elsewhere
        return
    entries = getattr(settings, "CELERY_BEAT_SCHEDULE", None) or {}
    scheduled = {entry.get("task") for entry in entries.values()}
    missing = {entry["task"] for entry in BEAT_SCHEDULE.values()} - scheduled
    if missing:
        yield Warning(
            f"CELERY_BEAT_SCHEDULE does not run {', '.join(sorted(missing))}.",
            hint="Add **django_faceid.beat.BEAT_SCHEDULE to it, or run manage.py faceid_tick from "
            "cron and silence this.",
            id="faceid.W006",
        )


def _deployment(given: Mapping[str, Any]) -> Messages:
    if given.get("ALLOW_TEST_ENDPOINT") and not settings.DEBUG:
        yield Warning(
            "ALLOW_TEST_ENDPOINT is on: whoever answers at a test endpoint verifies people.",
            hint="Take it out of production's settings.",
            id="faceid.W002",
        )
    if not given.get("ENCRYPTION_KEYS"):
        yield Warning(
            "ENCRYPTION_KEYS is not set: the key follows from SECRET_KEY, and rotating that would "
            "make every stored SdkToken unreadable, its result never fetched.",
            hint="Set a list of Fernet keys; the first encrypts, all decrypt.",
            id="faceid.W003",
        )
    if not given.get("HASH_KEY"):
        yield Warning(
            "HASH_KEY is not set: the key follows from SECRET_KEY, and rotating that would forget "
            "who is verified.",
            hint="Set a long random string, and never change it.",
            id="faceid.W004",
        )
