"""Which entry point an address leads to: the rules that the visitor's browser follows as well (`rules_vectors.json`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from guide import rules
from translations import catalogue
from translations import rules as translations

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "rules_vectors.json").read_text("utf-8"))


@pytest.mark.parametrize(
    "one", VECTORS, ids=lambda one: f"{one['how']} {one['value'][:30]} {one['url'][:50]}"
)
def test_a_rule_fits_an_address_as_the_vectors_say(one: dict[str, Any]) -> None:
    assert rules.fits(one, rules.address(one["url"])) is one["fits"]


def entry(name: str, *said: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "id": name,
        "rules": [{"effect": effect, "how": how, "value": value} for effect, how, value in said],
    }


ENTRIES = [
    entry("shop", ("include", "glob", "/shop/**"), ("exclude", "contains", "checkout")),
    entry("help", ("include", "starts", "/help"), ("include", "starts", "/aide")),
    entry("rest", ("exclude", "equals", "/legal")),
]


@pytest.mark.parametrize(
    ("url", "chosen", "outcomes"),
    [
        ("https://x.example/shop/1", 0, ["matched"]),
        ("https://x.example/shop/checkout", 2, ["excluded", "no_match", "every_page"]),
        ("https://x.example/aide/1", 1, ["no_match", "matched"]),
        ("https://x.example/", 2, ["no_match", "no_match", "every_page"]),
        ("https://x.example/legal/", None, ["no_match", "no_match", "excluded"]),
    ],
)
def test_the_first_entry_point_that_is_for_a_page_wins(
    url: str, chosen: int | None, outcomes: list[str]
) -> None:
    found, verdicts = rules.decide(ENTRIES, url)
    assert found == chosen
    assert [one.outcome for one in verdicts] == outcomes


def test_the_rule_that_decided_is_named() -> None:
    assert rules.judge(ENTRIES[0], rules.address("https://x.example/shop/checkout")).rule == 1
    assert rules.judge(ENTRIES[1], rules.address("https://x.example/aide")).rule == 1
    assert rules.judge(ENTRIES[2], rules.address("https://x.example/")).rule is None


def test_a_pattern_of_many_stars_is_answered_as_well_as_any_other() -> None:
    """Tried one after the other, its ways would outlast everybody."""
    page = rules.address("https://x.example/" + "a" * rules.LONGEST_URL)
    assert rules.fits({"how": "glob", "value": "/" + "*a" * 100 + "b"}, page) is False
    assert rules.fits({"how": "glob", "value": "/" + "*a" * 100}, page) is True


@pytest.mark.parametrize("locale", catalogue.LOCALES)
def test_every_language_that_ships_has_every_word(locale: str) -> None:
    assert rules.words({}, {}, locale) == catalogue.guide(locale)
    assert set(catalogue.guide(locale)) == set(rules.TEXTS)


def test_a_language_of_the_organisations_own_falls_back_to_the_words_that_ship_where_it_says() -> None:
    catalan = {"name": "Català", "locale": "ca", "fallback": "es_ES", "phrases": {"guide.close": "Tanca"}}
    spoken = translations.compiled(
        {"format": translations.FORMAT, "default_locale": None, "variants": [catalan]}
    )
    found = rules.served({}, names={}, locale="ca", spoken=spoken)["words"]
    assert (found["close"], found["begin"]) == ("Tanca", "Iniciar la conversación")


def test_words_are_the_translation_then_what_was_written_then_what_ships() -> None:
    table = {"guide.title": "Übersetzt"}
    found = rules.words({"title": "Written", "intro": "Written intro"}, table, "de_CH")
    assert (found["title"], found["intro"], found["close"]) == ("Übersetzt", "Written intro", "Schließen")
    assert rules.words({}, {}, "xx")["close"] == "Close"


def test_a_page_gets_only_channels_that_are_published_and_no_names_of_entry_points() -> None:
    document = {
        "entries": [
            {
                "id": "e1",
                "rules": [],
                "channels": [
                    {"channel": "chat_a", "label": "", "hide_offline": True},
                    {"channel": "chat_b", "label": "Bee", "hide_offline": False},
                    {"channel": "chat_gone", "label": "Gone", "hide_offline": False},
                ],
            }
        ],
        "look": {"position": "left"},
        "css": "x",
        "texts": {},
    }
    served = rules.served(
        document,
        names={"chat_a": "Support", "chat_b": "B"},
        locale="fr",
        spoken=translations.compiled(
            {
                "format": translations.FORMAT,
                "default_locale": None,
                "variants": [
                    {
                        "name": "Français",
                        "locale": "fr",
                        "fallback": None,
                        "phrases": {"guide.e1.chat_b": "Abeille"},
                    }
                ],
            }
        ),
    )
    assert served["entries"] == [
        {
            "id": "e1",
            "rules": [],
            "channels": [
                {"channel": "chat_a", "label": "Support", "hideOffline": True},
                {"channel": "chat_b", "label": "Abeille", "hideOffline": False},
            ],
        }
    ]
    assert served["words"]["close"] == "Fermer"
    assert served["look"] == {"position": "left"}
