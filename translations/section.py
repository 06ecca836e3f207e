"""Draft of a channel's languages <-> its section (the shape is `translations.rules`')."""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from django.db.models import Case, JSONField, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from areas.contract import Line, Problem, Section, Sections
from channels_config.models import Channel
from kit import documents
from tenants.prepared import Prepared
from translations import catalogue, checks, icu, rules
from translations.codecs import own_name
from translations.models import LanguageSettings, Variant
from translations.sentences import about, problem_sentence

AREA_NAME = "translations"

#: The most languages of one channel: more than there are languages to write in with a country each.
MOST_VARIANTS = 500
#: The longest name of a variant, in characters.
LONGEST_NAME = 80
#: The most phrases of the organisation's own (labels of its fields) in one language.
MOST_OWN = 2_000

_VARIANT_FIELDS = {"name", "locale", "fallback", "phrases"}
_SECTION_FIELDS = {"format", "default_locale", "variants"}


def dump(channel: Channel) -> Section:
    """The section as plain JSON; see `translations.rules`."""
    known = _read.of(channel.pk)
    # One query for both: every page of the area, and every save of any area, asks this.
    rows = _nothing_read.all(channel.pk) if not known else _unread(channel, known)
    variants, read = [], dict[str, Mapping[str, str]]()
    for _default, locale, name, fallback, mark, phrases in rows:
        if not locale:
            continue
        read[mark] = known[mark] if phrases is None else dict(sorted(phrases.items()))
        variants.append(
            {"name": name, "locale": locale, "fallback": fallback or None, "phrases": dict(read[mark])}
        )
    _read.keep(channel.pk, known, read)
    return {
        "format": rules.FORMAT,
        "default_locale": (rows[0][0] if rows else None) or None,
        "variants": sorted(variants, key=lambda one: one["locale"]),
    }


_COLUMNS = (
    "language_settings__default_locale",
    "variants__locale",
    "variants__name",
    "variants__fallback",
    "variants__phrases_digest",
)
_nothing_read = Prepared(
    lambda channel: Channel.all_objects.filter(pk=channel).values_list(*_COLUMNS, "variants__phrases"), int
)


def _unread(channel: Channel, known: Mapping[str, Mapping[str, str]]) -> list[Any]:
    """The same rows, without the phrases that are known."""
    phrases = Case(
        When(variants__phrases_digest__in=[*known], then=Value(None)),
        default="variants__phrases",
        output_field=JSONField(),
    )
    return list(Channel.all_objects.filter(pk=channel.pk).values_list(*_COLUMNS, phrases))


class _Read:
    """Phrases this process has read, by channel and digest. A channel of 200 languages is read four times in a save, and one
    language of it has changed; together they may weigh `most` (characters, and something for each text)."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._weight = 0
        self._lock = threading.Lock()
        self._channels: OrderedDict[Any, tuple[Mapping[str, Mapping[str, str]], int]] = OrderedDict()

    def of(self, channel: Any) -> Mapping[str, Mapping[str, str]]:
        with self._lock:
            there = self._channels.get(channel)
            if there is None:
                return {}
            self._channels.move_to_end(channel)
            return there[0]

    def keep(self, channel: Any, known: Mapping[str, object], read: Mapping[str, Mapping[str, str]]) -> None:
        if known.keys() == read.keys():
            return
        weight = sum(len(key) + len(text) + 150 for phrases in read.values() for key, text in phrases.items())
        with self._lock:
            self._weight -= self._channels.pop(channel, ({}, 0))[1]
            if weight <= self.most // 2:
                self._channels[channel] = (read, weight)
                self._weight += weight
            while self._weight > self.most:
                self._weight -= self._channels.popitem(last=False)[1][1]


_read = _Read(64 * 1024 * 1024)


def canonical(section: Section) -> bytes:
    """As kit.documents.canonical; languages written before are not written again."""
    if section.keys() != _SECTION_FIELDS or any(one.keys() != _VARIANT_FIELDS for one in section["variants"]):
        return documents.canonical(section)
    variants = [
        b'{"fallback":%b,"locale":%b,"name":%b,"phrases":%b}'
        % (
            documents.canonical(one["fallback"]),
            documents.canonical(one["locale"]),
            documents.canonical(one["name"]),
            _written(tuple(one["phrases"].items())),
        )
        for one in section["variants"]
    ]
    return b'{"default_locale":%b,"format":%b,"variants":[%b]}' % (
        documents.canonical(section["default_locale"]),
        documents.canonical(section["format"]),
        b",".join(variants),
    )


#: Languages whose bytes, or the judgement of whose phrases, is remembered: two channels of 200 and their like.
_MOST_LANGUAGES = 512


@functools.lru_cache(maxsize=_MOST_LANGUAGES)
def _written(phrases: tuple[tuple[str, str], ...]) -> bytes:
    return documents.canonical(dict(phrases))


def load(channel: Channel, section: Section) -> None:
    """Write a section into the draft; the inverse of `dump`. Variants that stay the same are not touched."""
    default = section["default_locale"] or ""
    if not LanguageSettings.objects.filter(channel=channel).update(default_locale=default):
        LanguageSettings.objects.create(channel=channel, default_locale=default)
    there = {one.locale: one for one in Variant.objects.filter(channel=channel)}
    wanted = {one["locale"]: one for one in section["variants"]}
    gone = [one.pk for locale, one in there.items() if locale not in wanted]
    if gone:
        Variant.objects.filter(pk__in=gone).delete()
    new, changed = [], []
    for locale, one in wanted.items():
        values = {"name": one["name"], "fallback": one["fallback"] or "", "phrases": one["phrases"]}
        row = there.get(locale)
        if row is None:
            new.append(Variant(channel=channel, locale=locale, **values))
        elif any(getattr(row, field) != value for field, value in values.items()):
            for field, value in values.items():
                setattr(row, field, value)
            changed.append(row)
    Variant.objects.bulk_create(new)
    Variant.objects.bulk_update(changed, ["name", "fallback", "phrases"], batch_size=200)


def check(section: Section, sections: Sections) -> list[Problem]:
    """Everything in a section, from wherever it came, that a visitor would stumble over. Never raises.

    A text whose phrase id nobody knows (any more: its field may have been taken away) is told and does not block.
    """
    found = [Problem(AREA_NAME, path, message) for path, message in shape_faults(section)]
    if found:
        return found
    numbers = {variant["locale"]: number for number, variant in enumerate(section["variants"])}
    for problem in rules.problems(section):
        path = (
            f"variants.{numbers[problem.locale]}"
            if problem.locale in numbers
            else _PATHS.get(problem.code, "variants")
        )
        found.append(Problem(AREA_NAME, path, problem_sentence(problem)))
    if found:
        return found
    for number, variant in enumerate(section["variants"]):
        for phrase_id, finding in _judged(variant["locale"], tuple(variant["phrases"].items())):
            sentence = _("%(language)s, “%(phrase)s”: %(what)s") % {
                "language": variant["name"],
                "phrase": phrase_id,
                "what": about(finding),
            }
            path = f"variants.{number}.phrases.{phrase_id}"
            found.append(Problem(AREA_NAME, path, sentence, blocking=finding.severity == "error"))
    return found


@functools.lru_cache(maxsize=_MOST_LANGUAGES)
def _judged(locale: str, phrases: tuple[tuple[str, str], ...]) -> tuple[tuple[str, icu.Finding], ...]:
    """What there is to say about the texts of one language; what was judged before is not judged again."""
    own = {phrase_id for phrase_id, _text in phrases if phrase_id not in catalogue.phrases()}
    return tuple(
        (phrase_id, finding)
        for phrase_id, text in phrases
        for finding in checks.check_phrase(locale, phrase_id, text, own=own)
    )


_PATHS = {"unknown_default": "default_locale", "shape": ""}


def shape_faults(section: Any) -> list[tuple[str, Promise]]:
    """(path, sentence) for every place where something of another kind stands than `dump` writes there."""
    if not isinstance(section, dict):
        return [("", _("This is not an object."))]
    found: list[tuple[str, Promise]] = [
        (str(name), _("There is no such field."))
        for name in section
        if name not in {"format", "default_locale", "variants"}
    ]
    found += [
        (name, _("This field is missing."))
        for name in ("format", "default_locale", "variants")
        if name not in section
    ]
    if found:
        return found
    if section["format"] is True or section["format"] != rules.FORMAT:
        found.append(("format", _("This format is not known here.")))
    if section["default_locale"] is not None and not isinstance(section["default_locale"], str):
        found.append(("default_locale", _("A locale such as fr_CA belongs here, or null.")))
    if not isinstance(section["variants"], list):
        found.append(("variants", _("A list belongs here.")))
        return found
    if len(section["variants"]) > MOST_VARIANTS:
        found.append(("variants", _("There are too many languages.")))
        return found
    for number, variant in enumerate(section["variants"]):
        found += [(f"variants.{number}{path}", sentence) for path, sentence in _variant_faults(variant)]
    return found


def _variant_faults(variant: Any) -> list[tuple[str, Promise]]:
    if not isinstance(variant, dict) or set(variant) != _VARIANT_FIELDS:
        return [("", _("A language has exactly a name, a locale, a fallback and phrases."))]
    found: list[tuple[str, Promise]] = []
    if not isinstance(variant["locale"], str) or len(variant["locale"]) > 20:
        found.append((".locale", _("A locale such as fr_CA belongs here.")))
    name = variant["name"]
    if not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST_NAME or icu.unshowable(name):
        found.append((".name", _("A name of 1 to 80 characters belongs here.")))
    if variant["fallback"] is not None and not isinstance(variant["fallback"], str):
        found.append((".fallback", _("A locale such as fr_CA belongs here, or null.")))
    phrases = variant["phrases"]
    if not isinstance(phrases, dict) or not all(isinstance(text, str) for text in phrases.values()):
        found.append((".phrases", _("Texts by the ids of phrases belong here.")))
    elif len(phrases) > MOST_OWN + len(catalogue.phrases()):
        found.append((".phrases", _("There are too many phrases.")))
    elif any(len(phrase_id) > 200 or icu.unshowable(phrase_id) for phrase_id in phrases):
        found.append((".phrases", _("An id of a phrase cannot be one.")))
    return found


def describe(section: Section) -> Mapping[str, Any]:
    """The section for somebody who compares two of them."""
    described: dict[Any, Any] = {_("Default language"): section["default_locale"]}
    for variant in section["variants"]:
        described[f"{variant['name']} ({variant['locale']})"] = {
            _("Fallback language"): variant["fallback"],
            **variant["phrases"],
        }
    return described


def from_channel_json(document: Mapping[str, Any], section: Section) -> tuple[Section, list[Line]]:
    """The texts of a channel JSON's one language that differ from ours become phrases of that variant."""
    texts, tag = document.get("translations"), document.get("translationsLocale")
    if not isinstance(texts, Mapping) or not texts:
        return section, []
    locale = rules.canonical(tag) if isinstance(tag, str) else None
    if locale is None:
        return section, [
            Line("unknown", "translations", _("It does not say in which language its texts are."))
        ]
    ready, report = rules.compiled(section), list[Line]()
    meaning = rules.key(locale)
    there = ready.variants.get(meaning) if meaning else None
    locale = there["locale"] if there else locale
    present, shown = dict(there["phrases"]) if there else {}, rules.table(ready, locale)
    for phrase_id, text in texts.items():
        path = f"translations.{phrase_id}"
        if not isinstance(phrase_id, str) or not isinstance(text, str) or icu.unshowable(phrase_id):
            report.append(Line("unknown", "translations", _("Something there is no text.")))
        elif not text.strip() or text == shown.get(phrase_id):
            report.append(Line("taken", path))
        elif phrase_id not in catalogue.phrases() and not phrase_id.startswith("customFields."):
            report.append(Line("unknown", path, _("There is no such phrase.")))
        elif errors := checks.errors(checks.check_phrase(locale, phrase_id, text, own=[phrase_id])):
            report.append(Line("unknown", path, about(errors[0])))
        else:
            present[phrase_id] = text
            report.append(Line("taken", path))
    if there is None and not present:
        return section, report
    taken = {one["name"].casefold() for one in section["variants"]}
    made = {
        "name": there["name"] if there else own_name(locale, taken),
        "locale": locale,
        "fallback": there["fallback"] if there else None,
        "phrases": dict(sorted(present.items())),
    }
    others = [one for one in section["variants"] if one["locale"] != locale]
    return {**section, "variants": sorted([*others, made], key=lambda one: str(one["locale"]))}, report
