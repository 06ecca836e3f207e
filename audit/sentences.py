"""The sentence of each action; a room registers its own beside the code that records them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

#: What a kept value is called in the reader's language: a role's number, an area's name.
Say = Callable[[Any], object]


@dataclass(frozen=True)
class _Sentence:
    text: str | Promise
    say: Mapping[str, Say]


_sentences: dict[str, _Sentence] = {}


class _Data(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"


def register(action: str, text: str | Promise, /, **say: Say) -> None:
    """Say an action, e.g. "channel.created", in a %-format sentence over actor, subject and the entry's data.

    `say` turns a value of the data into words when the sentence is read; for a value it does not know (LookupError,
    ValueError) the value itself is shown.
    """
    _sentences[action] = _Sentence(text, say)


def registered() -> frozenset[str]:
    return frozenset(_sentences)


def text_of(action: str) -> str:
    """The registered text in the language in force, its places not filled in. Raises KeyError."""
    return str(_sentences[action].text)


def sentence(action: str, /, **data: Any) -> str:
    """The sentence of one entry in the language in force. What an old entry does not say is a question mark."""
    known = _sentences.get(action)
    if known is None:
        return _("%(actor)s: %(action)s") % {"actor": data.get("actor", ""), "action": action}
    return str(known.text) % _Data({key: _said(known.say.get(key), value) for key, value in data.items()})


def _said(say: Say | None, value: Any) -> object:
    if say is None:
        return value
    try:
        return say(value)
    except (LookupError, ValueError):
        return value
