"""The whole demo in one settings file; the environment switches it.

========================  =========================================================
DATABASE_URL              default: SQLite in the run directory
CELERY_BROKER_URL         default: files in the run directory, no server needed
DJANGO_SECRET_KEY         default: made once and kept in the run directory
DJANGO_DEBUG              1 turns debug pages on
DJANGO_ALLOWED_HOSTS      comma-separated; default: this machine only
FACEID_ENCRYPTION_KEYS    comma-separated Fernet keys; default: from the secret key
FACEID_HASH_KEY           default: from the secret key
FACEID_DEMO_RUN_DIR       default: `.run` beside this file
FACEID_SANDBOX_*          URL, SECRET_ID, SECRET_KEY and CONTROL_SECRET of a sandbox
TENCENTCLOUD_SECRET_ID,   with both, the demo talks to Tencent Cloud and there is no
TENCENTCLOUD_SECRET_KEY   sandbox, no phone to play and no clock to move
========================  =========================================================
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
import django

from django_faceid.beat import BEAT_SCHEDULE
from django_faceid.sandbox.state import SECRET_ID
from django_faceid.sandbox.state import SECRET_KEY as SANDBOX_SECRET_KEY
from example_project.demo.clock_file import ClockFile
from example_project.demo.secret_key import kept_secret_key

RUN_DIR = Path(os.environ.get("FACEID_DEMO_RUN_DIR", Path(__file__).parent / ".run"))
RUN_DIR.mkdir(parents=True, exist_ok=True)

SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY") or kept_secret_key(RUN_DIR / "secret-key")
DEBUG = os.environ.get("DJANGO_DEBUG", "") in {"1", "true", "yes"}
ALLOWED_HOSTS = os.environ.get("DJANGO_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",")
ROOT_URLCONF = "example_project.urls"
WSGI_APPLICATION = "example_project.wsgi.application"
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATIC_ROOT = RUN_DIR / "static"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "/"

# FaceID

TENCENT_SECRET_ID = os.environ.get("TENCENTCLOUD_SECRET_ID", "")
TENCENT_SECRET_KEY = os.environ.get("TENCENTCLOUD_SECRET_KEY", "")
DEMO_SANDBOX: dict[str, Any] | None = None
ACCOUNT: dict[str, Any] = {"SECRET_ID": TENCENT_SECRET_ID, "SECRET_KEY": TENCENT_SECRET_KEY}
if not (TENCENT_SECRET_ID and TENCENT_SECRET_KEY):
    DEMO_SANDBOX = {
        "url": os.environ.get("FACEID_SANDBOX_URL", "http://127.0.0.1:8011"),
        "control_secret": os.environ.get("FACEID_SANDBOX_CONTROL_SECRET", ""),
        "clock": ClockFile(RUN_DIR / "clock"),
    }
    ACCOUNT = {
        "SECRET_ID": os.environ.get("FACEID_SANDBOX_SECRET_ID", SECRET_ID),
        "SECRET_KEY": os.environ.get("FACEID_SANDBOX_SECRET_KEY", SANDBOX_SECRET_KEY),
        "ENDPOINT": DEMO_SANDBOX["url"],
    }

# A demo is for trying again, so its flows allow that, and a proof is soon out of date.
_TRY_AGAIN: dict[str, Any] = {
    "ALLOW_AGAIN": True,
    "VALID_FOR": timedelta(minutes=10),
    "MAX_ISSUES": {timedelta(minutes=10): 10},
}
FACEID = {
    "ACCOUNTS": {"default": ACCOUNT},
    "ALLOW_TEST_ENDPOINT": DEMO_SANDBOX is not None,
    "ENCRYPTION_KEYS": [k for k in os.environ.get("FACEID_ENCRYPTION_KEYS", "").split(",") if k],
    "HASH_KEY": os.environ.get("FACEID_HASH_KEY", ""),
    "FLOWS": {
        "default": {"PARAMS": {"check_mode": "liveness"}, **_TRY_AGAIN},
        "withdraw": {
            "PARAMS": {"check_mode": "compare", "retry_limit": 3},
            "IMAGE": "example_project.demo.pictures.on_file",
            **_TRY_AGAIN,
        },
        "loan": {
            "PARAMS": {"check_mode": "liveness"},
            "REVIEW": "always",
            "KEEP_MEDIA": ["best_frame", "video"],
            **_TRY_AGAIN,
        },
    },
}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "faceid": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": RUN_DIR / "media"},
    },
}

# Django

INSTALLED_APPS = [
    "example_project.demo",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_faceid",
]
SECURE_CSP = {
    "default-src": ["'self'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
    "object-src": ["'none'"],
}
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    (
        "django.middleware.csp.ContentSecurityPolicyMiddleware"
        if django.VERSION >= (6, 0)
        else "example_project.demo.middleware.content_security_policy"
    ),
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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
DATABASES = {"default": dj_database_url.config(default=f"sqlite:///{RUN_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Web server, worker and beat share the file: wait for the lock from the start of a
    # transaction, and let readers read meanwhile.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;",
    }
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django_faceid": {"handlers": ["console"], "level": "INFO"}},
}

REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
}

# Celery

CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "files://")
if CELERY_BROKER_URL == "files://":
    BROKER_DIR = RUN_DIR / "broker"
    for folder in ("messages", "control"):
        (BROKER_DIR / folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "messages"),
        "data_folder_out": str(BROKER_DIR / "messages"),
        "control_folder": str(BROKER_DIR / "control"),
    }
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE
