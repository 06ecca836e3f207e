"""The sentence of each action; a room registers its own beside the code that records them."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

_sentences: dict[str, str | Promise] = {}


def register(action: str, text: str | Promise) -> None:
    """Say an action, e.g. "channel.created", in a %-format sentence over actor, subject and the entry's data."""
    _sentences[action] = text


def registered() -> frozenset[str]:
    return frozenset(_sentences)


def sentence(action: str, **data: Any) -> str:
    text = _sentences.get(action)
    if text is None:
        return _("%(actor)s: %(action)s") % {"actor": data.get("actor", ""), "action": action}
    return str(text) % data
