"""Phrases for the console's palette: by id, by what they say by themselves, and by what the organisation made of them."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import F, Q, TextField, Value
from django.db.models.functions import Cast, Coalesce, NullIf
from django.urls import reverse
from django.utils.translation import gettext as _

from areas.contract import GUIDE_KIND
from channels_config.models import Channel
from kit.plain_text import Plain, plain
from translations import catalogue, codecs, languages, rules
from translations.models import Variant
from translations.words import own_phrases

#: Letters before phrases are looked through: with fewer almost everything fits.
FEWEST_LETTERS = 2
#: Phrases shown.
MOST_FOUND = 8
#: Guides looked into.
MOST_GUIDES = 20
#: Languages of the organisation looked at; channels alike each have theirs.
MOST_VARIANTS = 500


def find(words: Sequence[str], brand: int) -> list[dict[str, str]]:
    """What fits all `words`, those an organisation wrote first; a word may also name the channel or its language. In the scope's
    organisation; two queries, and one more for each Guide."""
    wanted = [plain(word) for word in words]
    if sum(map(len, wanted)) < FEWEST_LETTERS:
        return []
    found: dict[tuple[int, str], dict[str, str]] = {}
    for variant, phrase_id, text in [*_changed(wanted), *_defaults(wanted)]:
        found.setdefault((variant["channel"], phrase_id), _row(variant, phrase_id, text, brand))
        if len(found) >= MOST_FOUND:
            break
    return list(found.values())


def _variants() -> Any:
    there = Channel.every.values("pk")
    return Variant.objects.filter(channel__in=there).annotate(
        channel_name=F("channel__name"), public_id=F("channel__public_id"), kind=F("channel__kind")
    )


_FIELDS = ("channel", "channel_name", "public_id", "locale", "name", "kind")


def _changed(wanted: Sequence[str]) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Texts the organisation wrote."""
    whole = Plain(Coalesce(NullIf(Cast("phrases", TextField()), Value("{}")), Value("")))
    fits = Q()
    for word in wanted:
        fits &= (
            Q(plain_phrases__contains=word) | Q(plain_name__contains=word) | Q(plain_channel__contains=word)
        )
    rows = (
        _variants()
        .alias(plain_phrases=whole, plain_name=Plain("name"), plain_channel=Plain("channel__name"))
        .filter(fits)
        .exclude(phrases={})
        .order_by("channel__name", "locale")
        .values(*_FIELDS, "phrases")[: 4 * MOST_FOUND]
    )
    for variant in rows:
        for phrase_id, text in variant["phrases"].items():
            if _fits(wanted, variant, phrase_id, text):
                yield variant, phrase_id, text


def _defaults(wanted: Sequence[str]) -> Iterator[tuple[dict[str, Any], str, str]]:
    """What comes ready: by its id, in the reader's language, in English, or in the language itself."""
    rows = list(_variants().order_by("channel__name", "locale").values(*_FIELDS)[:MOST_VARIANTS])
    yield from _of_guides(wanted, [one for one in rows if one["kind"] == GUIDE_KIND])
    reader = _ready(languages.reader())
    for phrase_id in catalogue.phrases():
        for variant in rows:
            if variant["kind"] == GUIDE_KIND:
                continue
            own = _ready(variant["locale"])
            shown = own[phrase_id]
            if any(
                _fits(wanted, variant, phrase_id, text)
                for text in (shown, reader[phrase_id], catalogue.texts(catalogue.ENGLISH)[phrase_id])
            ):
                yield variant, phrase_id, shown


def _of_guides(
    wanted: Sequence[str], variants: Sequence[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], str, str]]:
    """A Guide's page has its own words and none of the catalogue's. As many Guides are looked into as an organisation has, in a query each."""
    nothing = rules.compiled({"format": rules.FORMAT, "default_locale": None, "variants": []})
    there = list(dict.fromkeys(one["channel"] for one in variants))[:MOST_GUIDES]
    own = {one.pk: own_phrases(one) for one in Channel.guides.filter(pk__in=there)} if there else {}
    for variant in variants:
        said = own.get(variant["channel"], {})
        for phrase_id, text in said.items():
            found = codecs.default_found(nothing, {"locale": variant["locale"]}, phrase_id, said)
            shown = found.text if found else text
            if _fits(wanted, variant, phrase_id, shown) or _fits(wanted, variant, phrase_id, text):
                yield variant, phrase_id, shown


@functools.lru_cache(maxsize=256)
def _ready(locale: str) -> Mapping[str, str]:
    """What ships for a locale."""
    nothing = rules.compiled({"format": rules.FORMAT, "default_locale": None, "variants": []})
    return rules.table(nothing, nothing.resolve([locale]).locale)


@functools.lru_cache(maxsize=1 << 14)
def _plain(text: str) -> str:
    return plain(text)


def _fits(wanted: Sequence[str], variant: Mapping[str, Any], phrase_id: str, text: str) -> bool:
    """Every word somewhere, and one of them in the phrase itself."""
    said = f"{_plain(phrase_id)}\n{_plain(text)}"
    inside = [word for word in wanted if word in said]
    if not inside:
        return False
    named = f"{_plain(variant['name'])}\n{variant['locale'].lower()}\n{_plain(variant['channel_name'])}"
    return all(word in named for word in wanted if word not in inside)


def _row(variant: Mapping[str, Any], phrase_id: str, text: str, brand: int) -> dict[str, str]:
    address = reverse("translations:phrases", args=[brand, variant["public_id"], variant["locale"]])
    return {
        "title": " ".join(text.split())[:120] or phrase_id,
        "detail": f"{variant['channel_name']} · {variant['name']} · {phrase_id}",
        "url": f"{address}#id_phrase.{phrase_id}",
        "group": _("Phrases"),
        "icon": "language",
    }
