"""What may happen to a channel's languages: added, changed, removed, their phrases written, reset, brought back, imported.

Each goes through `areas.saving.save_draft`: validated, saved, recorded and published in the scope's one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from areas.contract import Section
from areas.saving import DraftChanged, save_draft
from channels_config.models import Channel
from kit.documents import digest
from translations import catalogue, checks, codecs, icu, rules
from translations.area import AREA
from translations.models import LanguageSettings, Variant
from translations.sentences import problem_text


def variant_of(section: Section, locale: str) -> dict[str, Any] | None:
    """A section's variant by its locale."""
    return next((one for one in section["variants"] if one["locale"] == locale), None)


def variant_digest(variant: Mapping[str, Any]) -> str:
    return digest(dict(variant))


def add_variant(channel: Channel, *, name: str, locale: str, fallback: str, by: User) -> None:
    """A new language. Raises ValidationError, by field, for one that is there and for a circle of fallbacks."""
    made: dict[str, Any] = {"name": name, "locale": locale, "fallback": fallback or None, "phrases": {}}

    def apply() -> None:
        _refuse_problems(AREA.dump(channel), made, field="language")
        Variant.objects.create(channel=channel, name=name, locale=locale, fallback=fallback)

    save_draft(channel, AREA, apply, seen=None, by=by)


def change_variant(channel: Channel, locale: str, *, name: str, fallback: str, by: User) -> None:
    """Another name or fallback. Raises ValidationError by field; Variant.DoesNotExist."""

    def apply() -> None:
        row = Variant.objects.get(channel=channel, locale=locale)
        changed = {"name": name, "locale": locale, "fallback": fallback or None, "phrases": row.phrases}
        _refuse_problems(AREA.dump(channel), changed, field="fallback")
        row.name, row.fallback = name, fallback
        row.save(update_fields=["name", "fallback"])

    save_draft(channel, AREA, apply, seen=None, by=by)


def _refuse_problems(section: Section, made: dict[str, Any], *, field: str) -> None:
    """`made` beside the others: what does not fit, at the field it comes from."""
    added = field == "language"
    others = [one for one in section["variants"] if added or one["locale"] != made["locale"]]
    tried = {**section, "variants": sorted([*others, made], key=lambda one: str(one["locale"]))}
    before = {(one.code, one.locale) for one in rules.problems(section)}
    said: dict[str, list[str]] = {}
    for problem in rules.problems(tried):
        if (problem.code, problem.locale) not in before:
            where = {"duplicate_name": "name", "cycle": "fallback", "unknown_fallback": "fallback"}.get(
                problem.code, field
            )
            said.setdefault(where, []).append(problem_text(problem))
    if said:
        raise ValidationError(dict(said.items()))


def delete_variant(channel: Channel, locale: str, *, by: User) -> None:
    """Take a language away with its phrases; what pointed to it falls back to English, or to what ships of it."""

    def apply() -> None:
        section = AREA.dump(channel)
        others = [one for one in section["variants"] if one["locale"] != locale]
        left = {**section, "variants": others}
        for problem in rules.problems(left):
            if problem.code == "unknown_fallback":
                next(one for one in others if one["locale"] == problem.locale)["fallback"] = None
            elif problem.code == "unknown_default":
                left["default_locale"] = None
        AREA.load(channel, left)

    save_draft(channel, AREA, apply, seen=None, by=by)


def set_default(channel: Channel, locale: str, *, seen: str | None, by: User, was: str | None = None) -> Any:
    """The language for visitors none of whose own there is; "" for English.

    `was` is the one there was when the page was opened, None for whichever. Raises DraftChanged.
    """

    def apply() -> None:
        section = AREA.dump(channel)
        if was is not None and (section["default_locale"] or "") not in (was, locale):
            raise DraftChanged(section)
        if not LanguageSettings.objects.filter(channel=channel).update(default_locale=locale):
            LanguageSettings.objects.create(channel=channel, default_locale=locale)

    return save_draft(channel, AREA, apply, seen=seen, by=by)


@dataclass(frozen=True)
class Merged:
    """Two people's changes of the same phrases put together. `theirs` names what the other one changed, `both` what each
    changed in another way; `phrases` holds mine there."""

    phrases: dict[str, str]
    theirs: list[str]
    both: list[str]


def merge(base: Mapping[str, str], theirs: Mapping[str, str], mine: Mapping[str, str]) -> Merged:
    """What I changed since `base`, over what stands there now."""
    merged, both = dict(theirs), list[str]()
    changed = [one for one in sorted({*base, *theirs}) if base.get(one) != theirs.get(one)]
    for phrase_id in sorted({*base, *mine}):
        if mine.get(phrase_id) == base.get(phrase_id):
            continue
        if phrase_id in changed and theirs.get(phrase_id) != mine.get(phrase_id):
            both.append(phrase_id)
        if phrase_id in mine:
            merged[phrase_id] = mine[phrase_id]
        else:
            merged.pop(phrase_id, None)
    return Merged(dict(sorted(merged.items())), changed, both)


def without_defaults(
    section: Section, locale: str, texts: Mapping[str, str], own: Mapping[str, str]
) -> dict[str, str]:
    """Of what stands in the boxes of a language, the texts that say something else than a visitor sees without them."""
    variant = variant_of(section, locale) or {"locale": locale, "phrases": {}}
    ready = rules.compiled(section)
    kept = {}
    for phrase_id, text in texts.items():
        found = codecs.default_found(ready, variant, phrase_id, own)
        default = found.text if found else own.get(phrase_id, "")
        if text.strip() and text != default:
            kept[phrase_id] = text
    return kept


def findings(locale: str, phrases: Mapping[str, str], own: Iterable[str]) -> dict[str, list[icu.Finding]]:
    """Phrase id -> what there is to say about its text; phrases of which there is nothing to say are left out."""
    known = {*own}
    found = {
        phrase_id: checks.check_phrase(locale, phrase_id, text, own={*known, phrase_id})
        for phrase_id, text in phrases.items()
    }
    return {phrase_id: said for phrase_id, said in found.items() if said}


def save_phrases(channel: Channel, locale: str, phrases: Mapping[str, str], *, seen: str, by: User) -> Any:
    """Write a language's texts, which have been checked; all others go back to what ships.

    `seen` is `variant_digest` of when the page was opened: whoever saved another language in between is in nobody's way.
    Raises DraftChanged; Variant.DoesNotExist.
    """

    def apply() -> None:
        row = Variant.objects.get(channel=channel, locale=locale)
        there = {
            "name": row.name,
            "locale": row.locale,
            "fallback": row.fallback or None,
            "phrases": row.phrases,
        }
        if variant_digest(there) != seen:
            raise DraftChanged(AREA.dump(channel))
        changes: dict[str, Any] = {"phrases": dict(phrases)}
        Variant.objects.filter(channel=channel, locale=locale).update(**changes)

    return save_draft(channel, AREA, apply, seen=None, by=by)


def reset_phrases(channel: Channel, locale: str, *, by: User) -> int:
    """All phrases of a language say again what ships; returns how many. They are kept for `undo_reset`."""
    count = 0

    def apply() -> None:
        nonlocal count
        row = Variant.objects.get(channel=channel, locale=locale)
        count = len(row.phrases)
        if count:
            row.discarded, row.phrases, row.discarded_at = row.phrases, {}, timezone.now()
            row.save(update_fields=["discarded", "phrases", "discarded_at"])

    save_draft(channel, AREA, apply, seen=None, by=by)
    return count


def undo_reset(channel: Channel, locale: str, *, by: User) -> int:
    """Bring back what “Reset all” took, where nothing new was written since; returns how many phrases."""
    count = 0

    def apply() -> None:
        nonlocal count
        row = Variant.objects.get(channel=channel, locale=locale)
        count = len(row.discarded)
        row.phrases, row.discarded, row.discarded_at = {**row.discarded, **row.phrases}, {}, None
        row.save(update_fields=["phrases", "discarded", "discarded_at"])

    save_draft(channel, AREA, apply, seen=None, by=by)
    return count


def speaks_own(ready: rules.Compiled, locale: str) -> bool:
    """Whether the organisation's own words (labels of its fields) may be taken to be in this language as they stand: they are in
    the channel's default language; as long as there is none, nobody can tell."""
    meaning, default = rules.key(locale), rules.key(ready.default or locale)
    return meaning is not None and default is not None and meaning.language == default.language


def completeness(ready: rules.Compiled, locale: str, wanted: frozenset[str]) -> int:
    """How many of the phrases `wanted` have a text in this very language, the organisation's or one that ships."""
    there: set[str] = set()
    if speaks_own(ready, locale):
        there |= wanted - catalogue.phrases().keys()
    if rules.same_language(codecs.shipped_layer(ready, locale)):
        there |= {codecs.GUIDE + word for word in catalogue.guide(catalogue.ENGLISH)}
    for layer in ready.chain(locale):
        if rules.same_language(layer):
            there |= layer.texts.keys()
    return len(there & wanted)


def all_phrases(own: Iterable[str]) -> frozenset[str]:
    """Every phrase of a channel: what ships and its own. A Guide has its own only: the windows it opens speak as their channels do."""
    own = frozenset(own)
    return own if codecs.of_guide(own) else own | catalogue.phrases().keys()
