"""The host project of the benchmarks: PostgreSQL with pooled connections, and the rivals' apps."""

from __future__ import annotations

import importlib.util
import os
from datetime import timedelta

from django_faceid.sandbox.state import SECRET_ID
from django_faceid.sandbox.state import SECRET_KEY as SANDBOX_KEY
from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, FACEID, INSTALLED_APPS

ROOT_URLCONF = "tests.benchmarks.host"
ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
# As a busy host has it: a handful of connections, given back while Tencent thinks.
DATABASES["default"]["OPTIONS"] = {"pool": {"min_size": 6, "max_size": 6, "timeout": 30}}

RIVALS = ("oauth2_provider", "rest_framework_simplejwt.token_blacklist")
INSTALLED_APPS = [
    *INSTALLED_APPS,
    *(app for app in RIVALS if importlib.util.find_spec(app.partition(".")[0])),
]
# The rival's pauses between its batches are not counted against it.
OAUTH2_PROVIDER = {"CLEAR_EXPIRED_TOKENS_BATCH_INTERVAL": 0, "REFRESH_TOKEN_EXPIRE_SECONDS": 1}
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["tests.benchmarks.host.ByHeader"]}

FACEID = {
    **{name: value for name, value in FACEID.items() if name != "MIN_SPACING"},
    "ACCOUNTS": {
        "default": {
            "SECRET_ID": SECRET_ID,
            "SECRET_KEY": SANDBOX_KEY,
            "ENDPOINT": os.environ.get("BENCHMARK_ENDPOINT", "http://127.0.0.1:9"),
        }
    },
    "FLOWS": {"default": {"MAX_ISSUES": {timedelta(days=1): 1000}}},
    "ALLOW_TEST_ENDPOINT": True,
}
LOGGING = {"version": 1, "loggers": {"django_faceid": {"level": "CRITICAL"}}}
