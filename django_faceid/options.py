"""What an option of a setting may be, and what is wrong with a value of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, field, fields
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_T = TypeVar("_T", bound="DataclassInstance")


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


def option(
    default: Any = None,
    *types: type,
    ok: Callable[[Any], bool] | None = None,
    must: str = "",
    secret: bool = False,
) -> Any:
    """A dataclass field that knows its ``types``, and by ``ok`` what its value ``must`` be."""
    metadata = {"types": types, "ok": ok, "must": must}
    if isinstance(default, (dict, list)):
        return field(default_factory=lambda: default, metadata=metadata, repr=not secret)
    return field(default=default, metadata=metadata, repr=not secret)


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
