"""The phrases the chat window ships with: what each is for, and its text in every language.

Data in the JSON files beside this one (`README.md` says how they are kept), read once, on first use. Pure; the gateway
imports it too.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

_HERE = Path(__file__).parent

#: The codes of the list of channel languages, each the name of a file.
LANGUAGES = (
    "ar", "ar_SA", "bg", "br", "da", "de", "el", "en_US", "es_AR", "es_CL", "es_CO", "es_ES", "es_MX", "fr", "fr_CA", "hr",
    "id", "it", "ja", "ko", "nb_NO", "nl", "pl", "pt", "ro", "ru", "sv", "th", "tr", "zh_CN", "zh_TW",
)  # fmt: skip

#: What every visitor falls back to in the end.
ENGLISH = "en_US"

#: Codes of the list that BCP 47 gives another meaning, with what the list means (README.md says why).
MEANINGS = MappingProxyType({"br": "pt_BR"})

#: The locales there are texts for: `LANGUAGES` by their meaning.
LOCALES = tuple(MEANINGS.get(code, code) for code in LANGUAGES)


@dataclass(frozen=True, slots=True)
class Phrase:
    """One text of the chat window. `max_length` counts characters of the ICU message; `shows` says where it stands, by
    interface language; `numbers` are the placeholders that hold a number."""

    id: str
    placeholders: tuple[str, ...]
    numbers: tuple[str, ...]
    max_length: int
    allows_html: bool
    shows: Mapping[str, str]
    #: The part of a channel without which nobody reads it: files, survey or menu; "" for everybody. An environment leaves it out then.
    served_with: str = ""


@functools.cache
def phrases() -> Mapping[str, Phrase]:
    """Every phrase by its id, in the order a person is shown them."""
    return MappingProxyType(
        {
            entry["id"]: Phrase(
                id=entry["id"],
                placeholders=tuple(entry["placeholders"]),
                numbers=tuple(entry.get("numbers", ())),
                max_length=entry["max_length"],
                allows_html=entry["allows_html"],
                shows=MappingProxyType(entry["shows"]),
                served_with=entry.get("served_with", ""),
            )
            for entry in _read("phrases")["phrases"]
        }
    )


@functools.cache
def texts(locale: str) -> Mapping[str, str]:
    """Phrase id to ICU message in one of `LOCALES`. Raises KeyError for any other."""
    return MappingProxyType(_read(LANGUAGES[_index()[locale]])["phrases"])


@functools.cache
def guide(locale: str) -> Mapping[str, str]:
    """What a Guide says in one of `LOCALES`, by `guide.rules.TEXTS`; plain text. Raises KeyError for any other. No channel of chats
    is served these, no Guide the others."""
    return MappingProxyType(_read(LANGUAGES[_index()[locale]])["guide"])


@functools.cache
def _index() -> dict[str, int]:
    return {locale: number for number, locale in enumerate(LOCALES)}


def _read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((_HERE / f"{name}.json").read_text(encoding="utf-8"))
    return loaded
