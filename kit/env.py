"""Settings read from the process's environment: typed, once, with an error that names the variable and shows an example."""

from __future__ import annotations

import json as json_module
import os
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar


class MissingSetting(Exception):
    """A variable the process cannot start without is absent, empty or unreadable."""

    def __init__(self, name: str, problem: str, example: str) -> None:
        hint = f" Example: {name}={example}" if example else ""
        super().__init__(f"{name} {problem}.{hint}")
        self.name = name


class _Required:
    pass


REQUIRED: Final = _Required()
_T = TypeVar("_T")
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


def text(
    name: str,
    default: str | _Required = REQUIRED,
    *,
    example: str = "",
    source: Mapping[str, str] | None = None,
) -> str:
    """The variable, without the spaces around it. An empty one counts as absent.

    Raises MissingSetting when it is absent and has no default. `source` replaces `os.environ`.
    """
    value = (os.environ if source is None else source).get(name, "").strip()
    if value:
        return value
    if isinstance(default, _Required):
        raise MissingSetting(name, "is not set", example)
    return default


def integer(
    name: str,
    default: int | _Required = REQUIRED,
    *,
    example: str = "",
    source: Mapping[str, str] | None = None,
) -> int:
    """A whole number in decimal digits."""
    return _read(name, default, int, "is not a whole number", example or "8000", source)


def boolean(
    name: str,
    default: bool | _Required = REQUIRED,
    *,
    example: str = "",
    source: Mapping[str, str] | None = None,
) -> bool:
    """1, true, yes, on; 0, false, no, off; in any case."""
    return _read(name, default, _boolean, "is neither 1 nor 0", example or "1", source)


def csv(
    name: str,
    default: tuple[str, ...] | _Required = REQUIRED,
    *,
    example: str = "",
    source: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """A list with commas; spaces around an entry and empty entries are dropped."""
    return _read(name, default, _csv, "is not a comma list", example or "one,two", source)


def json(
    name: str, default: Any = REQUIRED, *, example: str = "", source: Mapping[str, str] | None = None
) -> Any:
    """A JSON value."""
    return _read(name, default, json_module.loads, "is not JSON", example or "{}", source)


def _read(
    name: str,
    default: _T | _Required,
    convert: Callable[[str], _T],
    problem: str,
    example: str,
    source: Mapping[str, str] | None,
) -> _T:
    raw = text(name, "" if not isinstance(default, _Required) else REQUIRED, example=example, source=source)
    if not raw and not isinstance(default, _Required):
        return default
    try:
        return convert(raw)
    except ValueError:
        raise MissingSetting(name, problem, example) from None


def _boolean(raw: str) -> bool:
    word = raw.lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(raw)


def _csv(raw: str) -> tuple[str, ...]:
    return tuple(entry for entry in (part.strip() for part in raw.split(",")) if entry)
