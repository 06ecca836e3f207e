"""YAML and JSON as files are written and read: the same value gives the same bytes, and what is read is plain JSON.

YAML is read by the rules of YAML 1.2's JSON schema (`no` and `2026-01-01` are texts), without anchors, aliases, tags of other types
and double keys; it is written so that readers of YAML 1.1 understand the same.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Literal

import yaml
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Format = Literal["yaml", "json"]

#: Bytes of a file that is read: an organisation with a large block list in each of many channels.
LARGEST_FILE = 32 * 1024 * 1024
#: Levels of objects and lists within each other; sections have six.
DEEPEST = 40

#: What PostgreSQL and UTF-8 cannot keep.
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


class Unreadable(Exception):
    """A file is no YAML or JSON, or holds what is neither. `line` counts from 1; 0 where none can be named."""

    def __init__(self, message: str | Promise, *, line: int = 0) -> None:
        super().__init__(str(message))
        self.message = message
        self.line = line

    def __str__(self) -> str:
        if not self.line:
            return str(self.message)
        return str(_("Line %(line)s: %(message)s")) % {"line": self.line, "message": self.message}


def write(value: Any, form: Format) -> str:
    """`value` as a file's text, ending in a line feed. The order of keys is the given one: canonical values sort theirs."""
    if form == "json":
        return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110))


def sorted_keys(value: Any) -> Any:
    """`value` with the keys of every object in order, so that a file changes only where a setting did."""
    if isinstance(value, dict):
        return {key: sorted_keys(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [sorted_keys(one) for one in value]
    return value


def read(content: bytes) -> Any:
    """The JSON value of a file, YAML or JSON as it turns out. Raises Unreadable."""
    if len(content) > LARGEST_FILE:
        raise Unreadable(
            _("The file is larger than %(most)s MB.") % {"most": LARGEST_FILE // (1024 * 1024)},
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(
            _("This is not text in UTF-8."), line=content.count(b"\n", 0, error.start) + 1
        ) from None
    if not text.strip():
        raise Unreadable(_("The file is empty."))
    value = _json(text) if text.lstrip()[0] in "{[" else _yaml(text)
    for path, message in faults(value):
        raise Unreadable(_("%(path)s: %(message)s") % {"path": path or "—", "message": message})
    return value


def read_json(content: bytes) -> Any:
    """The JSON value of a request's body, by the same rules. Raises Unreadable."""
    try:
        value = _json(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise Unreadable(_("This is not text in UTF-8.")) from None
    for path, message in faults(value):
        raise Unreadable(_("%(path)s: %(message)s") % {"path": path or "—", "message": message})
    return value


def faults(value: Any) -> Iterator[tuple[str, str | Promise]]:
    """(path, sentence) of what cannot be kept: texts with NUL or lone surrogates, numbers that are none, too deep a nesting."""
    seen: set[int] = set()
    stack: list[tuple[Any, str, int]] = [(value, "", 0)]
    while stack:
        one, path, depth = stack.pop()
        if isinstance(one, str):
            if _NO_TEXT.search(one):
                yield path, _("This text holds a character that cannot be kept.")
        elif isinstance(one, dict | list):
            if depth >= DEEPEST:
                yield path, _("This is nested too deeply.")
                continue
            if id(one) in seen:
                yield path, _("References to another place of the file are not read.")
                continue
            seen.add(id(one))
            inner = one.items() if isinstance(one, dict) else enumerate(one)
            for key, each in inner:
                if isinstance(one, dict) and not isinstance(key, str):
                    yield path, _("The name of every field is a text.")
                    break
                if isinstance(key, str) and _NO_TEXT.search(key):
                    yield path, _("This text holds a character that cannot be kept.")
                    continue
                stack.append((each, f"{path}.{key}" if path else str(key), depth + 1))
        elif isinstance(one, float):
            if not math.isfinite(one):
                yield path, _("This is not a number.")
        elif not (one is None or isinstance(one, bool | int)):
            yield path, _("Only texts, numbers, true, false, lists and objects are read.")


# -- JSON -------------------------------------------------------------------------------------------------------------


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Unreadable(_("This is not JSON."), line=error.lineno) from None
    except RecursionError:
        raise Unreadable(_("This is nested too deeply.")) from None
    except ValueError:
        # Python reads no number of more than 4300 digits.
        raise Unreadable(_("A number is too long.")) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _value in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise Unreadable(_("The field “%(name)s” stands there twice.") % {"name": double[:60]})
    return made


def _no_constant(name: str) -> Any:
    raise Unreadable(_("“%(name)s” is not a number.") % {"name": name})


# -- YAML -------------------------------------------------------------------------------------------------------------


class _Loader(yaml.CSafeLoader):
    pass


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"-?(?:0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)", list("-0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    made: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise Unreadable(_("The name of every field is a text."), line=key_node.start_mark.line + 1)
        if key in made:
            raise Unreadable(
                _("The field “%(name)s” stands there twice.") % {"name": key[:60]},
                line=key_node.start_mark.line + 1,
            )
        made[key] = loader.construct_object(value_node, deep=True)
    return made


def _float(loader: _Loader, node: yaml.ScalarNode) -> float:
    return float(node.value)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:float", _float)


def _yaml(text: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader with fewer types
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(_("This is not YAML."), line=mark.line + 1 if mark else 0) from None
    except RecursionError:
        raise Unreadable(_("This is nested too deeply.")) from None
    except (yaml.YAMLError, ValueError):
        raise Unreadable(_("This is not YAML.")) from None


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """Several lines as a block, so that a line changed is one line changed in Git."""
    style = "|" if "\n" in text else "'" if _NUMBER.match(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


#: What YAML 1.2 takes for a number, and YAML 1.1 for a text.
_NUMBER = re.compile(r"^[-+]?\.?[0-9][0-9a-fA-FxXoO.eE+-]*$")


_Dumper.add_representer(str, _text)
# A choice of a model that was made a moment ago is a text, too.
_Dumper.add_multi_representer(str, lambda dumper, text: _text(dumper, str(text)))
