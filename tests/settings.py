"""The smallest host project: what the tests run against; ``DATABASE_URL`` picks the database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import dj_database_url

SECRET_KEY = "tests only"
USE_TZ = True
ROOT_URLCONF = "tests.urls"
STATIC_URL = "static/"
CACHE = Path(__file__).parent.parent / ".cache"
CACHE.mkdir(exist_ok=True)

DATABASES = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL", f"sqlite:///{CACHE / 'tests.sqlite3'}")
    )
}
if DATABASES["default"]["ENGINE"].endswith("mysql"):
    import pymysql

    # Pure Python, so that the tests need no compiler; Django asks for mysqlclient's version.
    pymysql.version_info = (2, 2, 7, "final", 0)
    pymysql.install_as_MySQLdb()
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 20}
    DATABASES["default"]["TEST"] = {"NAME": str(CACHE / f"test-{os.getpid()}.sqlite3")}

# A second way into the same database, for tests of hosts with a replica.
DATABASES["replica"] = {**DATABASES["default"], "TEST": {"MIRROR": "default"}}

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "rest_framework",
    "django_faceid",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "faceid": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
}

FACEID: dict[str, Any] = {
    "ACCOUNTS": {"default": {"SECRET_ID": "AKIDtests", "SECRET_KEY": "tests-secret-key"}},
    "HASH_KEY": "tests hash key",
    # Nobody waits where no test is about waiting.
    "MIN_SPACING": 0.0,
}
