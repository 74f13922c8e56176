"""What may come in; the rules of the parameters themselves live in ``tencent.types``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from itertools import islice
from typing import Any

from rest_framework import serializers

from ..services.errors import FieldError, Invalid

INTEGERS = range(-(2**31), 2**31)
# Bounds on what a hostile body can make us do for it: hints cost time, lists are walked.
MOST_UNKNOWN = 20
LONGEST_LIST = 20
LONGEST_NAME = 64


class Typed(serializers.Field[Any, Any, Any, Any]):
    """A value of one JSON type, as it came: no coercion, and no walk through a long picture."""

    default_error_messages = {
        "type": "Must be {expected}.",
        "text": "Must be valid text without NUL characters.",
        "range": "Must be between -2147483648 and 2147483647.",
        "count": "Must have at most 20 items.",
    }
    EXPECTED: Mapping[type, str] = {
        str: "a string",
        int: "an integer",
        bool: "true or false",
        list: "a list of strings",
    }

    def __init__(self, kind: type, **kwargs: Any) -> None:
        super().__init__(required=False, allow_null=True, **kwargs)
        self.kind = kind

    def to_internal_value(self, data: Any) -> Any:
        kind: type = type(data)
        if kind is not self.kind:
            self.fail("type", expected=self.EXPECTED[self.kind])
        if self.kind is list:
            self._check_list(data)
        elif self.kind is str and not _is_storable(data):
            self.fail("text")
        elif self.kind is int and data not in INTEGERS:
            self.fail("range")
        return data

    def _check_list(self, items: list[Any]) -> None:
        if len(items) > LONGEST_LIST:
            self.fail("count")
        if any(type(item) is not str for item in items):
            self.fail("type", expected=self.EXPECTED[list])
        if not all(map(_is_storable, items)):
            self.fail("text")

    def to_representation(self, value: Any) -> Any:
        return value


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


class InputSerializer(serializers.Serializer[Any]):
    """Refuses what it does not know, with a hint."""

    def checked(self) -> dict[str, Any]:
        """The given values; raises ``Invalid`` with every field that is wrong."""
        unknown = (name for name in self.initial_data if name not in self.fields)
        errors = [self._unknown(name) for name in islice(unknown, MOST_UNKNOWN)]
        if not self.is_valid():
            errors += [
                FieldError(name, str(detail.code), str(detail))
                for name, details in self.errors.items()
                for detail in details
            ]
        if errors:
            raise Invalid(errors=tuple(errors))
        return dict(self.validated_data)

    def _unknown(self, name: str) -> FieldError:
        # A key may hold lone surrogates, which no answer can.
        shown = name[:LONGEST_NAME].encode(errors="replace").decode()
        known = {_squeezed(field): field for field, _type in self.fields.items()}
        near = get_close_matches(_squeezed(shown), known, n=1)
        hint = f" Did you mean {known[near[0]]}?" if near else ""
        return FieldError(shown, "unknown", f"This field is not known.{hint}")


def _squeezed(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


class IssueSerializer(InputSerializer):
    """The body of ``POST sessions/``."""

    flow = Typed(str)
    check_mode = Typed(str)
    secure_level = Typed(str)
    image = Typed(str)
    extra = Typed(str)
    action_list = Typed(list)
    sdk_version = Typed(str)
    retry_limit = Typed(int)
    enable_bot_bg_detection = Typed(bool)
    meta_data = Typed(str)


class ReportSerializer(InputSerializer):
    """The body of ``POST sessions/<id>/result/``."""

    sdk_code = Typed(int)


class EmptySerializer(InputSerializer):
    """No body, or an empty object."""
