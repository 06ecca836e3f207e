"""Which language a visitor gets, and which text for each phrase: one answer for the environment and the tester.

Pure; imports no Django. A section (format 1) is

    {"format": 1, "default_locale": null | "fr",
     "variants": [{"name": "Français (Canada)", "locale": "fr_CA", "fallback": null | "fr", "phrases": {id: ICU message}}]}

with variants sorted by locale; a phrase a variant does not hold is the catalogue's. `compiled(section)` prepares a section
for many questions (an environment keeps one per release); every function here takes either.

How a language is chosen (`resolve`; RFC 4647 section 3.4, lookup, over what the tenant added and what ships): for each
language asked for, in the visitor's order, the exact locale; then the same language for the part of the world the country
lies in (`es_419`, from CLDR's parents); then the language without a country. Never another country's variant. `zh_CN` and
`zh_TW` stand for their scripts and `en_US` for English, which ends every chain anyway; a language asked for without a
country may be served by its home country's variant (`nb` by `nb_NO`). Tags are compared by CLDR likely subtags: hyphen or
underscore, any case, `iw` = `he`, `in` = `id`, `no` = `nb`, `zh-HK` = `zh-Hant-HK`.

How a text is found (`phrase`, `table`), first one there: the tenant's variants of that language (exact, part of the world,
without country), the catalogue's texts of that language in the same order, the same for each fallback of the variant in
turn, for the channel's default, for English.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from babel.core import get_global

from translations import catalogue as catalogue
from translations import icu

FORMAT = 1

#: Languages whose shipped country variant is the language itself, for every country.
_FOR_EVERY_COUNTRY = frozenset({"en", "zh"})

#: Where the shipped texts differ from CLDR's home of a language: `pt` is written for Portugal.
_HOME = MappingProxyType({"pt": "PT"})

#: Shipped texts that also serve a part of the world.
_SHIPPED_FOR_REGION = MappingProxyType({"es_419": "es_MX"})

#: Codes replaced by others since (CLDR language aliases that browsers, Java and POSIX still send), and macrolanguages.
_REPLACED = MappingProxyType(
    {"iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "no": "nb", "tl": "fil", "cmn": "zh"}
)

_MOST_TAGS = 32
_LONGEST_REMEMBERED = 300
_MOST_REMEMBERED = 4096

_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(?:[-_](?P<extended>[a-z]{3}))?(?:[-_](?P<script>[a-z]{4}))?"
    r"(?:[-_](?P<region>[a-z]{2}|[0-9]{3}))?(?:[-_.@].*)?",
    re.IGNORECASE | re.ASCII,
)
#: Weights as browsers write them, after the semicolon; any other spelling goes by `_QUALITY`.
_QUALITIES = MappingProxyType(
    {
        f"q={whole}{rest}": min(float(f"{whole}{rest}"), 1.0)
        for whole in "01"
        for rest in ("", ".", *(f".{n:0{digits}}" for digits in (1, 2, 3) for n in range(10**digits)))
    }
)
_QUALITY = re.compile(r"[ \t]*;[ \t]*q[ \t]*=[ \t]*([01](?:\.[0-9]{0,3})?)[ \t]*", re.IGNORECASE | re.ASCII)

Section = Mapping[str, Any]


class Key(NamedTuple):
    """A locale by its meaning: the script always filled in, the region empty where no country was named."""

    language: str
    script: str
    region: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """`locale` is what the visitor gets, `tag` the wish it answers (as sent; None where none could be met).

    Reasons: exact; region (a part of the world); language (without a country); home (the language's own country, asked for
    without one); list_code (a code of our list with another meaning, asked for alone); default (the channel's); english.
    """

    locale: str
    tag: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Layer:
    """One place a text may come from. `source` is variant or catalogue; `locale` names the variant or the shipped
    language; `step` is exact, region, language, home, fallback, default or english; `via` is the locale whose turn it was
    (the fallback's, say)."""

    source: str
    locale: str
    step: str
    via: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """The text of a phrase and the layer it came from."""

    text: str
    layer: Layer


@dataclass(frozen=True, slots=True)
class Wish:
    """One language asked for and what became of it. Outcomes: a reason of `Resolution`; unavailable; refused (`q=0`);
    wildcard; malformed; later (an earlier one was met)."""

    tag: str
    quality: float
    outcome: str
    locale: str | None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that must not be published: `locale` names the variant it is about, "" the section.

    Codes: shape, bad_locale, duplicate_locale, duplicate_name, unsorted, empty_phrase, unknown_fallback, cycle,
    unknown_default.
    """

    code: str
    locale: str
    message: str


# ---- tags


def canonical(tag: str) -> str | None:
    """`tag` as a locale is written here (`fr_CA`, `zh_Hant_HK`), replaced codes by their successors; None for no tag.

    Variants and extensions are dropped (`de-CH-1996-u-co-phonebk` is `de_CH`): a chat window has no texts for them.
    """
    parts = _parts(tag)
    return "_".join(part for part in parts if part) if parts else None


def key(tag: str) -> Key | None:
    """What `tag` means, for comparing; None for no tag. Equal keys are one language: `zh_TW` and `zh-Hant-TW`."""
    parts = _parts(tag)
    if parts is None:
        return None
    language, script, region = parts
    return Key(language, script or _likely_script(language, region), region)


@functools.lru_cache(maxsize=_MOST_REMEMBERED)
def _parts(tag: str) -> tuple[str, str, str] | None:
    if len(tag) == 5 and tag[2] in "-_" and tag.isascii() and tag[:2].isalpha() and tag[3:].isalpha():
        language = tag[:2].lower()
        return _REPLACED.get(language, language), "", tag[3:].upper()
    match = _TAG.fullmatch(tag.strip()) if len(tag) <= 100 else None
    if match is None:
        return None
    language = (match["extended"] or match["language"]).lower()
    region = (match["region"] or "").upper()
    script = (match["script"] or "").title()
    return _REPLACED.get(language, language), script, region


@functools.cache
def _likely() -> Mapping[str, str]:
    return MappingProxyType(dict(get_global("likely_subtags")))


def _likely_script(language: str, region: str) -> str:
    """CLDR's likely script; "" where it knows none, which then equals only itself."""
    for known in (f"{language}_{region}", language):
        if full := _likely().get(known):
            return full.split("_")[1]
    return ""


@functools.lru_cache(maxsize=_MOST_REMEMBERED)
def _home(language: str, script: str) -> str:
    """The country a language is at home in, in that script; "" where CLDR knows none."""
    if language in _HOME:
        return _HOME[language]
    full = _likely().get(f"{language}_{script}") or _likely().get(language, "")
    parts = full.split("_")
    return parts[2] if len(parts) == 3 and parts[1] == script else ""


@functools.lru_cache(maxsize=_MOST_REMEMBERED)
def _worlds(of: Key) -> tuple[Key, ...]:
    """The parts of the world around a country, nearest first, as CLDR's parent locales name them (`es_PE`: `es_419`)."""
    parents, name, out = get_global("parent_exceptions"), f"{of.language}_{of.region}", []
    while (name := parents.get(name, "")) and (above := key(name)) and above.region.isdigit():
        if above.script == of.script:
            out.append(above)
    return tuple(out)


@functools.cache
def _shipped() -> Mapping[Key, str]:
    """What ships, by meaning."""
    known = [(key(locale), locale) for locale in catalogue.LOCALES]
    known += [(key(region), locale) for region, locale in _SHIPPED_FOR_REGION.items()]
    return MappingProxyType({meaning: locale for meaning, locale in known if meaning})


#: Scripts written from right to left (Unicode, scripts in use).
_RIGHT_TO_LEFT = frozenset({"Adlm", "Arab", "Hebr", "Nkoo", "Rohg", "Syrc", "Thaa"})


def right_to_left(tag: str) -> bool:
    """Whether a language is written from right to left."""
    meaning = key(tag)
    return meaning is not None and meaning.script in _RIGHT_TO_LEFT


# ---- a section, prepared


class Compiled:
    """A section prepared for many questions; answers are remembered, so the section must not change underneath."""

    __slots__ = ("_chains", "_requests", "_speaks", "_tables", "_tags", "default", "variants")

    def __init__(self, section: Section) -> None:
        self.variants: dict[Key, Mapping[str, Any]] = {}
        for variant in section.get("variants", ()):
            if (meaning := key(variant["locale"])) is not None:
                self.variants.setdefault(meaning, variant)
        self.default: str | None = section.get("default_locale")
        self._requests: dict[str | tuple[str, ...], Resolution] = {}
        self._tags: dict[str, Resolution | None] = {}
        languages = {meaning.language for meaning in (*self.variants, *_shipped())}
        #: Codes of languages there may be something for; whoever asks for another need not be looked at twice.
        self._speaks = languages | {old for old, new in _REPLACED.items() if new in languages}
        self._chains: dict[str, tuple[Layer, ...]] = {}
        self._tables: dict[str, Mapping[str, str]] = {}

    def locales(self) -> tuple[str, ...]:
        return locales(self)

    def resolve(self, requested: str | Sequence[str] | None) -> Resolution:
        question = requested if isinstance(requested, str) else tuple(requested or ())
        known = self._requests.get(question)
        if known is not None:
            return known
        answer = self._resolve(question)
        if (len(question) if isinstance(question, str) else sum(map(len, question))) <= _LONGEST_REMEMBERED:
            if len(self._requests) >= _MOST_REMEMBERED:
                self._requests.clear()
            self._requests[question] = answer
        return answer

    def _resolve(self, question: str | tuple[str, ...]) -> Resolution:
        if not isinstance(question, str) and len(question) == 1 and (meant := self.list_code(question[0])):
            return Resolution(meant, question[0], "list_code")
        met = self._header(question) if isinstance(question, str) else self._first(question[:_MOST_TAGS])
        if met is not None:
            return met
        if self.default and (match := self.match(self.default)):
            return Resolution(match[0], None, "default")
        match = self.match(catalogue.ENGLISH)
        return Resolution(match[0] if match else catalogue.ENGLISH, None, "english")

    def list_code(self, tag: str) -> str | None:
        """What `tag` means as a code of the list of languages, where BCP 47 means another; None elsewhere."""
        meant = catalogue.MEANINGS.get(tag.strip().lower())
        return meant if meant and key(tag) not in self.variants else None

    def match(self, tag: str) -> tuple[str, str] | None:
        """The locale that serves one language tag, with the reason; None when there is none."""
        met = self._met(tag)
        return None if met is None else (met.locale, met.reason)

    def _header(self, header: str) -> Resolution | None:
        """The first wish of an `Accept-Language` header that can be met, in the order `accepted` gives them.

        Visitors write these, so none of them may be dear: what is weighted 1 is tried while it is read, for nothing can come before
        it, and most headers are answered by their first item.
        """
        later: list[tuple[float, str]] = []
        tried, sorted_already, before = 0, True, 1.0
        for item in header[:2000].split(",")[: 2 * _MOST_TAGS]:
            tag, semicolon, weight = item.partition(";")
            quality = 1.0
            if semicolon:
                known = _QUALITIES.get(weight)
                if known is None:
                    if (wish := _wish(item)) is None:
                        continue
                    known = wish[1]
                quality = known
                if quality == 0:
                    continue
            tag = tag.strip(" \t")
            if not tag:
                continue
            if quality == 1.0:
                if tried < _MOST_TAGS and (met := self._met(tag)) is not None:
                    return met
                tried += 1
            else:
                sorted_already = sorted_already and quality <= before
                before = quality
                later.append((quality, tag))
        if not sorted_already:
            later.sort(key=_weight)
        return self._first([tag for _, tag in later[: max(0, _MOST_TAGS - tried)]])

    def _first(self, tags: Sequence[str]) -> Resolution | None:
        for tag in tags:
            if (met := self._met(tag)) is not None:
                return met
        return None

    def _met(self, tag: str) -> Resolution | None:
        """What serves one language tag; None when nothing does."""
        try:
            return self._tags[tag]
        except KeyError:
            pass
        if len(tag) < 6:
            # Too short for a further language subtag (`zh-yue`), so these letters name the language. Made-up ones end here, and push
            # out nobody's answer.
            bare = tag.strip().lower()
            if bare[:2] not in self._speaks and bare[:3] not in self._speaks:
                return None
        meaning = key(tag)
        match = self._match(meaning) if meaning else None
        answer = Resolution(match[0], tag, match[1]) if match else None
        if len(tag) <= _LONGEST_REMEMBERED:
            if len(self._tags) >= _MOST_REMEMBERED:
                self._tags.clear()
            self._tags[tag] = answer
        return answer

    def _match(self, wanted: Key) -> tuple[str, str] | None:
        shipped = _shipped()
        if wanted.region and (name := self._name(wanted)):
            return name, "exact"
        for world in _worlds(wanted):
            if name := self._name(world):
                return name, "region"
        bare = wanted._replace(region="")
        if name := self._name(bare):
            return name, "language" if wanted.region else "exact"
        home = wanted._replace(region=_home(wanted.language, wanted.script))
        if not home.region or home == wanted:
            return None
        open_to_all = not wanted.region or wanted.language in _FOR_EVERY_COUNTRY
        if open_to_all and (name := self._name(home)):
            return name, "home" if not wanted.region else "language"
        if home in shipped:
            # Another country's visitor: the shipped text of the language, but nothing the home country's variant says.
            return (f"{wanted.language}_001" if home in self.variants else shipped[home]), "language"
        return None

    def _name(self, meaning: Key) -> str | None:
        variant = self.variants.get(meaning)
        if variant is not None:
            return canonical(variant["locale"])
        if meaning in _shipped():
            return f"{meaning.language}_{meaning.region}" if meaning.region.isdigit() else _shipped()[meaning]
        return None

    def chain(self, locale: str) -> tuple[Layer, ...]:
        known = self._chains.get(locale)
        if known is None:
            known = tuple(self._chain(locale))
            if len(self._chains) >= _MOST_REMEMBERED:
                self._chains.clear()
            self._chains[locale] = known
        return known

    def _chain(self, locale: str) -> Iterator[Layer]:
        seen: set[tuple[str, str]] = set()
        for start, step in ((locale, ""), (self.default, "default"), (catalogue.ENGLISH, "english")):
            name, walked = start, set[Key]()
            while name and (meaning := key(name)) and meaning not in walked:
                walked.add(meaning)
                fallback = None
                for layer, variant in self._own(meaning, name, step):
                    if variant is not None and fallback is None:
                        fallback = variant.get("fallback")
                    if (layer.source, layer.locale) not in seen:
                        seen.add((layer.source, layer.locale))
                        yield layer
                name, step = fallback, step or "fallback"

    def _own(self, wanted: Key, name: str, step: str) -> Iterator[tuple[Layer, Mapping[str, Any] | None]]:
        """The layers of one locale: the tenant's variants, then what ships."""
        places = [(wanted, "exact")]
        places += [(world, "region") for world in _worlds(wanted)]
        if wanted.region:
            places.append((wanted._replace(region=""), "language"))
        home = wanted._replace(region=_home(wanted.language, wanted.script))
        open_to_all = not wanted.region or wanted.language in _FOR_EVERY_COUNTRY
        for place, own_step in [*places, *([(home, "home")] if open_to_all else [])]:
            if variant := self.variants.get(place):
                yield Layer("variant", variant["locale"], step or own_step, name, variant["phrases"]), variant
        for place, own_step in [*places, (home, "home")]:
            if shipped := _shipped().get(place):
                yield Layer("catalogue", shipped, step or own_step, name, catalogue.texts(shipped)), None

    def table(self, locale: str) -> Mapping[str, str]:
        known = self._tables.get(locale)
        if known is None:
            merged: dict[str, str] = {}
            for layer in reversed(self.chain(locale)):
                merged.update({phrase_id: text for phrase_id, text in layer.texts.items() if text})
            known = MappingProxyType(merged)
            if len(self._tables) >= _MOST_REMEMBERED:
                self._tables.clear()
            self._tables[locale] = known
        return known


def same_language(layer: Layer) -> bool:
    """Whether a text of this layer is in the language that was asked for: neither a fallback's nor English."""
    return layer.step not in {"fallback", "default", "english"}


def compiled(section: Section | Compiled) -> Compiled:
    """The section prepared for many questions. Keep it: a plain section given to the functions is prepared each time."""
    return section if isinstance(section, Compiled) else Compiled(section)


# ---- questions


def resolve(section: Section | Compiled, requested: str | Sequence[str] | None) -> Resolution:
    """The locale for a visitor who asks for `requested`: an `Accept-Language` header (a string, RFC 9110 section 12.5.4)
    or tags in order of preference (a list, as from `?locale=` or `navigator.languages`). Never fails."""
    return compiled(section).resolve(requested)


def phrase(section: Section | Compiled, locale: str, phrase_id: str) -> Found | None:
    """The text of one phrase in a resolved `locale`, and where it comes from; None for an id nobody has a text for."""
    for layer in compiled(section).chain(locale):
        if text := layer.texts.get(phrase_id):
            return Found(text, layer)
    return None


def table(section: Section | Compiled, locale: str) -> Mapping[str, str]:
    """Every phrase of a resolved `locale`: id to ICU message, ids in no order. Same texts as `phrase` gives one by one."""
    return compiled(section).table(locale)


def said(table: Mapping[str, str], phrase_id: str, locale: str) -> str:
    """What a visitor reads of a phrase without placeholders; "" for one nobody has a text for."""
    return icu.format(table.get(phrase_id, ""), {}, locale)


#: Phrases that only some channels need, by what makes a channel need them (`catalogue.Phrase.served_with`).
PARTS = MappingProxyType(
    {
        part: frozenset(one.id for one in catalogue.phrases().values() if one.served_with == part)
        for part in ("files", "survey", "menu")
    }
)


def chain(section: Section | Compiled, locale: str) -> tuple[Layer, ...]:
    """The layers a text of `locale` is looked for in, first to last."""
    return compiled(section).chain(locale)


def shipped(section: Section | Compiled, locale: str) -> str:
    """The language that ships nearest to a resolved `locale`: what is said in it where nobody wrote anything."""
    return next(layer.locale for layer in compiled(section).chain(locale) if layer.source == "catalogue")


def locales(section: Section | Compiled) -> tuple[str, ...]:
    """Every locale `resolve` can answer with, sorted: what an environment prepares its bytes for."""
    known, shipped = compiled(section), _shipped()
    out = {name for meaning in {*known.variants, *shipped} if (name := known._name(meaning))}
    for meaning in known.variants.keys() & shipped.keys():
        # What answers another country must not say what this country's variant says; see `Compiled._match`.
        if match := known.match(f"{meaning.language}_{meaning.script}_001"):
            out.add(match[0])
    return tuple(sorted(out))


def explain(section: Section | Compiled, requested: str | Sequence[str] | None) -> list[Wish]:
    """What became of each language asked for, in the visitor's order; for the tester."""
    known, out, met = compiled(section), list[Wish](), False
    wishes = accepted(requested) if isinstance(requested, str) else [(tag, 1.0) for tag in requested or ()]
    alone = not isinstance(requested, str) and len(wishes) == 1
    for tag, quality in wishes[:_MOST_TAGS]:
        if tag == "*":
            out.append(Wish(tag, quality, "wildcard", None))
        elif key(tag) is None:
            out.append(Wish(tag, quality, "malformed", None))
        elif quality <= 0:
            out.append(Wish(tag, quality, "refused", None))
        elif met:
            out.append(Wish(tag, quality, "later", None))
        elif alone and (meant := known.list_code(tag)):
            out.append(Wish(tag, quality, "list_code", meant))
        elif match := known.match(tag):
            met = True
            out.append(Wish(tag, quality, match[1], match[0]))
        else:
            out.append(Wish(tag, quality, "unavailable", None))
    return out


def accepted(header: str) -> list[tuple[str, float]]:
    """An `Accept-Language` header as (tag, quality), best first, equal ones as sent. What cannot be read is left out."""
    out = [wish for item in header[:2000].split(",")[: 2 * _MOST_TAGS] if (wish := _wish(item))]
    if any(later[1] > earlier[1] for earlier, later in itertools.pairwise(out)):
        out.sort(key=lambda wish: -wish[1])
    return out


def _weight(wish: tuple[float, str]) -> float:
    return -wish[0]


def _wish(item: str) -> tuple[str, float] | None:
    """One item of the header; None when it cannot be read."""
    tag, semicolon, _ = item.partition(";")
    quality = _QUALITY.fullmatch(item, len(tag)) if semicolon else None
    if not tag.strip(" \t") or (semicolon and quality is None):
        return None
    return tag.strip(" \t"), min(float(quality[1]), 1.0) if quality else 1.0


# ---- what must fit together


def problems(section: Section) -> list[Problem]:
    """Everything in a section that must not be published; texts themselves are checked by `checks.check_phrase`."""
    if section.get("format") != FORMAT or not isinstance(section.get("variants"), list):
        return [Problem("shape", "", f"A translations section has format {FORMAT} and a list of variants.")]
    found: list[Problem] = []
    by_key: dict[Key, Mapping[str, Any]] = {}
    names: dict[str, str] = {}
    for variant in section["variants"]:
        locale = variant.get("locale") if isinstance(variant, dict) else None
        if (
            not isinstance(locale, str)
            or not isinstance(variant.get("name"), str)
            or not isinstance(variant.get("phrases"), dict)
        ):
            found.append(Problem("shape", str(locale or ""), "A variant has a name, a locale and phrases."))
            continue
        meaning = key(locale)
        if meaning is None or canonical(locale) != locale:
            found.append(
                Problem(
                    "bad_locale",
                    locale,
                    f"“{locale}” is not how a locale is written (fr, fr_CA, zh_Hant_HK).",
                )
            )
            continue
        if meaning in by_key:
            other = by_key[meaning]["locale"]
            found.append(Problem("duplicate_locale", locale, f"{locale} is there twice." if other == locale else f"{locale} and {other} are the same language."))  # fmt: skip
            continue
        by_key[meaning] = variant
        if (folded := variant["name"].strip().casefold()) in names:
            found.append(
                Problem("duplicate_name", locale, f"{locale} and {names[folded]} have the same name.")
            )
        names.setdefault(folded, locale)
        for phrase_id, text in variant["phrases"].items():
            if not isinstance(text, str) or not text.strip():
                found.append(Problem("empty_phrase", locale, f"{phrase_id} has no text in {locale}."))
    order = [variant["locale"] for variant in by_key.values()]
    if order != sorted(order):
        found.append(Problem("unsorted", "", "The variants are not sorted by locale."))
    found += _fallback_problems(by_key)
    default = section.get("default_locale")
    if default is not None and not (isinstance(default, str) and _exists(default, by_key)):
        found.append(
            Problem(
                "unknown_default",
                "",
                f"The default language “{default}” is neither a variant nor one that ships.",
            )
        )
    return found


def _exists(locale: str, variants: Mapping[Key, object]) -> bool:
    meaning = key(locale)
    return meaning is not None and (meaning in variants or meaning in _shipped())


def _fallback_problems(variants: Mapping[Key, Mapping[str, Any]]) -> Iterator[Problem]:
    after: dict[Key, Key] = {}
    for meaning, variant in variants.items():
        fallback = variant.get("fallback")
        if fallback is None:
            continue
        target = key(fallback) if isinstance(fallback, str) else None
        if target is None or not _exists(fallback, variants):
            yield Problem("unknown_fallback", variant["locale"], f"{variant['locale']} falls back to “{fallback}”, which is neither a variant nor a language that ships.")  # fmt: skip
            continue
        after[meaning] = target
    told: set[Key] = set()
    for start in after:
        path, at = [start], after[start]
        while at in after and at not in path:
            path.append(at)
            at = after[at]
        if at in path and not told & set(path[path.index(at) :]):
            circle = path[path.index(at) :]
            told |= set(circle)
            names = [variants[meaning]["locale"] for meaning in circle]
            yield Problem(
                "cycle",
                names[0],
                "The fallbacks go round in a circle: " + " → ".join([*names, names[0]]) + ".",
            )
