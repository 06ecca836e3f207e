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


class _Gap(int):
    """Stands where a value is not known: a text for `%s`, and several of them for whoever asks for a plural's number."""

    mark: str

    def __new__(cls, mark: str) -> _Gap:
        made = super().__new__(cls, 2)
        made.mark = mark
        return made

    def __str__(self) -> str:
        return self.mark


class _Data(dict[str, object]):
    def __missing__(self, key: str) -> _Gap:
        return _Gap("?")


class _Places(dict[str, object]):
    def __missing__(self, key: str) -> _Gap:
        return _Gap(f"%({key})s")


def register(action: str, text: str | Promise, /, **say: Say) -> None:
    """Say an action, e.g. "channel.created", in a %-format sentence over actor, subject and the entry's data.

    A sentence that counts is an `ngettext_lazy` over the name of the number.

    `say` turns a value of the data into words when the sentence is read; for a value it does not know (LookupError,
    ValueError, TypeError) the value itself is shown.
    """
    _sentences[action] = _Sentence(text, say)


def registered() -> frozenset[str]:
    return frozenset(_sentences)


def text_of(action: str) -> str:
    """The registered text in the language in force, its places not filled in. Raises KeyError."""
    return str(_sentences[action].text % _Places())


def sentence(action: str, /, **data: Any) -> str:
    """The sentence of one entry in the language in force. What an old entry does not say is a question mark."""
    known = _sentences.get(action)
    if known is None:
        return _("%(actor)s: %(action)s") % {"actor": data.get("actor", ""), "action": action}
    return str(known.text % _Data({key: _said(known.say.get(key), value) for key, value in data.items()}))


def _said(say: Say | None, value: Any) -> object:
    if say is None:
        return value
    try:
        return say(value)
    except (LookupError, ValueError, TypeError):
        return value
