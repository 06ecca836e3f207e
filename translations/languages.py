"""Languages and countries by name, in the reader's language (CLDR's names, through Babel)."""

from __future__ import annotations

import functools

from babel import Locale, UnknownLocaleError, localedata
from django.utils import translation

from kit.plain_text import plain
from translations import rules

#: Languages written in two scripts, which a locale then has to tell apart.
_WITH_SCRIPT = ("zh_Hans", "zh_Hant", "sr_Cyrl", "sr_Latn")
#: CLDR lists them as territories; nobody lives there.
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})


def reader() -> str:
    """The language of the interface."""
    return (translation.get_language() or "en").replace("-", "_")


@functools.cache
def languages(of: str) -> tuple[tuple[str, str], ...]:
    """(code, name) of every language CLDR describes, by name as the language `of` calls it."""
    known = Locale.parse(of)
    codes = {code for name in localedata.locale_identifiers() if len(code := name.split("_")[0]) in {2, 3}}
    codes = {code for code in codes if rules.canonical(code) == code} | set(_WITH_SCRIPT)
    return _sorted({code: name for code in codes if (name := known.languages.get(code))})


@functools.cache
def countries(of: str) -> tuple[tuple[str, str], ...]:
    """(code, name) of every country, by name as the language `of` calls it."""
    named = {
        code: name
        for code, name in Locale.parse(of).territories.items()
        if len(code) == 2 and code not in _NO_COUNTRIES
    }
    return _sorted(named)


def _sorted(named: dict[str, str]) -> tuple[tuple[str, str], ...]:
    capital = {code: name[:1].upper() + name[1:] for code, name in named.items()}
    return tuple(sorted(capital.items(), key=lambda pair: plain(pair[1])))


def name(locale: str, of: str | None = None) -> str:
    """A locale's name in the language `of` (the interface's): "Français (Canada)"; the locale itself when CLDR has none."""
    return _name(locale, of or reader())


@functools.lru_cache(maxsize=4096)
def _name(locale: str, of: str) -> str:
    try:
        found = Locale.parse(locale).get_display_name(of) or locale
    except (UnknownLocaleError, ValueError):
        return locale
    return found[:1].upper() + found[1:]
