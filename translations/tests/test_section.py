"""The section of a channel's languages: out, in, checked, read from a channel JSON."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from areas.contract import Problem
from channels_config.tests.factories import channel as make_channel
from tenants.scope import tenant_scope
from tenants.tests.factories import organisation
from translations import catalogue, section
from translations.area import AREA
from translations.models import Variant
from translations.tests.factories import variant

SECTION: dict[str, Any] = {
    "format": 1,
    "default_locale": "fr",
    "variants": [
        {"name": "Deutsch", "locale": "de", "fallback": None, "phrases": {}},
        {
            "name": "Québec",
            "locale": "fr_CA",
            "fallback": "de",
            "phrases": {"customFields.age": "Âge", "send": "Go"},
        },
    ],
}


@pytest.mark.django_db
def test_a_section_goes_in_and_comes_out_the_same() -> None:
    org = organisation(1009, "Demo")
    channel = make_channel(org)
    with tenant_scope(org.pk):
        assert AREA.dump(channel) == {"format": 1, "default_locale": None, "variants": []}
        AREA.load(channel, SECTION)
        assert AREA.dump(channel) == SECTION
        kept = Variant.objects.get(locale="de").pk
        AREA.load(channel, {**SECTION, "default_locale": None, "variants": SECTION["variants"][:1]})
        assert AREA.dump(channel)["variants"] == SECTION["variants"][:1]
        assert Variant.objects.get().pk == kept


def said(changed: Any) -> list[Problem]:
    return AREA.check(changed, {})


def test_a_sound_section_has_no_problems() -> None:
    assert said(SECTION) == []
    whole = [
        {"name": locale, "locale": locale, "fallback": None, "phrases": dict(catalogue.texts(locale))}
        for locale in sorted(catalogue.LOCALES)
    ]
    assert not [one for one in said({**SECTION, "variants": whole}) if one.blocking]


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        (None, ""),
        ({**SECTION, "more": 1}, "more"),
        ({**SECTION, "format": True}, "format"),
        ({**SECTION, "default_locale": 3}, "default_locale"),
        ({**SECTION, "default_locale": "sw"}, "default_locale"),
        ({**SECTION, "variants": {}}, "variants"),
        ({**SECTION, "variants": [{}]}, "variants.0"),
        ({**SECTION, "variants": [*SECTION["variants"][::-1]]}, "variants"),
        ({**SECTION, "variants": [{**SECTION["variants"][0], "name": "\x07"}]}, "variants.0.name"),
        ({**SECTION, "variants": [{**SECTION["variants"][0], "fallback": "xx"}]}, "variants.0"),
        ({**SECTION, "variants": [{**SECTION["variants"][0], "phrases": {"send": 1}}]}, "variants.0.phrases"),
        (
            {**SECTION, "variants": [{**SECTION["variants"][0], "phrases": {"send": "{x}"}}]},
            "variants.0.phrases.send",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(changed: Any, path: str) -> None:
    found = said(changed)
    assert [one.path for one in found if one.blocking] == [path]
    assert all(str(one.message) for one in found)


simple = st.none() | st.booleans() | st.integers() | st.sampled_from(["", "fr", "send", "\0", "{", "\ud800"])
names = st.sampled_from(
    ["name", "locale", "fallback", "phrases", "send", "translations", "translationsLocale"]
)
inner = simple | st.lists(simple, max_size=2) | st.dictionaries(names, simple, max_size=4)
anything = inner | st.dictionaries(
    st.sampled_from(["format", "default_locale", "variants", "translations", "translationsLocale"]),
    inner | st.lists(inner, max_size=2),
    max_size=4,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(anything)
def test_no_json_at_all_stops_the_check(document: Any) -> None:
    said(document)
    if isinstance(document, dict):
        said({**SECTION, **document})
        section.from_channel_json(document, SECTION)


def test_texts_of_a_channel_json_become_a_language() -> None:
    document = {
        "translationsLocale": "es-MX",
        "translations": {
            "send": "Mandar",
            "retry": catalogue.texts("es_MX")["retry"],
            "customFields.age": "Edad",
            "elsewhere": "x",
            "agentIsTyping": "{nope}",
            "close": "",
        },
    }
    empty: dict[str, Any] = {"format": 1, "default_locale": None, "variants": []}
    taken, report = section.from_channel_json(document, empty)
    assert [one["locale"] for one in taken["variants"]] == ["es_MX"]
    assert taken["variants"][0]["phrases"] == {"send": "Mandar", "customFields.age": "Edad"}
    verdicts = {line.path.removeprefix("translations."): line.verdict for line in report}
    assert verdicts == {
        "send": "taken", "retry": "taken", "customFields.age": "taken", "elsewhere": "unknown",
        "agentIsTyping": "unknown", "close": "taken",
    }  # fmt: skip
    assert said(taken) == []
    assert section.from_channel_json({}, SECTION) == (SECTION, [])


@pytest.mark.django_db
def test_what_was_read_before_is_read_again_only_where_it_changed() -> None:
    shop = organisation(1009, "Shop")
    with tenant_scope(shop.pk):
        support = make_channel(shop)
        variant(support, "de", "Deutsch", phrases={"send": "Los"})
        variant(support, "it", "Italiano", phrases={"send": "Vai"})
        first = section.dump(support)
        first["variants"][0]["phrases"]["send"] = "changed by whoever got it"
        assert [one["phrases"] for one in section.dump(support)["variants"]] == [
            {"send": "Los"},
            {"send": "Vai"},
        ]
        # By SQL, as another process would.
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE translations_variant SET phrases = %s WHERE locale = 'de'",
                ['{"send": "Ab", "close": "Zu"}'],
            )
            cursor.execute("DELETE FROM translations_variant WHERE locale = 'it'")
        assert [one["phrases"] for one in section.dump(support)["variants"]] == [
            {"close": "Zu", "send": "Ab"}
        ]


def test_what_is_remembered_of_languages_has_an_end() -> None:
    memory = section._Read(10_000)
    for channel_pk in range(50):
        memory.keep(channel_pk, {}, {"mark": {"send": "x" * 1_000}})
        memory.keep(channel_pk, {}, {"other": {"send": "x" * 1_000}})
    assert memory._weight <= 10_000
    assert memory.of(0) == {}
    assert memory.of(49) == {"other": {"send": "x" * 1_000}}
    memory.keep(49, {"other": None}, {"huge": {"send": "x" * 9_000}})
    assert memory.of(49) == {}
    assert memory._weight <= 10_000
