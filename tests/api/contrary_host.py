"""Settings of a host whose habits are the opposite of ours."""

from __future__ import annotations

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

DATABASES = {"default": {**DATABASES["default"], "ATOMIC_REQUESTS": True}}
APPEND_SLASH = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 10
USE_I18N = True
TIME_ZONE = "Pacific/Apia"
_PARTS = "tests.api.contrary_parts"
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": [f"{_PARTS}.Shouting"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.FormParser"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": f"{_PARTS}.FirstParser",
    "DEFAULT_VERSIONING_CLASS": f"{_PARTS}.Versions",
    "DEFAULT_PAGINATION_CLASS": f"{_PARTS}.Pages",
    "DEFAULT_FILTER_BACKENDS": [f"{_PARTS}.Everything"],
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": f"{_PARTS}.all_is_well",
    "NON_FIELD_ERRORS_KEY": "oops",
    "DATETIME_FORMAT": "%s",
    "UNICODE_JSON": False,
    "COMPACT_JSON": False,
    "COERCE_DECIMAL_TO_STRING": False,
    "URL_FORMAT_OVERRIDE": "format",
    "UNAUTHENTICATED_USER": None,
}
