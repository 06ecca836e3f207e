"""The channel JSON in the visitor's language: which one, its bytes, how much memory they may take."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway import channel_json
from gateway.published import ANSWER_WEIGHT, Page, Shelf
from gateway.tests.environment import Channel, Environment
from translations import catalogue, rules

SECTION: dict[str, Any] = {
    "format": 1,
    "default_locale": "de",
    "variants": [
        {"name": "Québec", "locale": "fr_CA", "fallback": None, "phrases": {"send": "Envoyer ça", "customFields.age": "Âge"}},
        {"name": "Kiswahili", "locale": "sw", "fallback": "fr_CA", "phrases": {"send": "Tuma"}},
    ],
}  # fmt: skip


OPEN = {"format": 1, "domains_restricted": False, "allowed_domains": []}


def private(section: dict[str, Any]) -> dict[str, Any]:
    return {"channels_config": OPEN, "translations": section}


@pytest.fixture(scope="module")
def plain(env: Environment) -> Channel:
    return env.publish()


@pytest.fixture(scope="module")
def translated(env: Environment) -> Channel:
    field = {"labelTranslationKey": "customFields.age", "ariaLabelTranslationKey": "customFields.age_aria"}
    form = {
        "id": "1",
        "name": "f",
        "channels": [],
        "customFields": [{"isRequired": True, "definition": field}],
    }
    return env.publish(document={"preContactForm": form}, private=private(SECTION))


def spoken(env: Environment, channel: Channel, wanted: str) -> tuple[str, dict[str, str]]:
    answer = env.get(f"{channel.path}?locale={wanted}")
    assert answer.status_code == 200
    served = answer.json()
    return served["translationsLocale"], served["translations"]


@pytest.mark.parametrize(
    ("wanted", "locale"),
    [
        ("fr_CA", "fr_CA"),
        ("fr-be", "fr"),
        ("ar_EG", "ar"),
        ("pt_BR", "pt_BR"),
        ("zh-Hant-HK", "zh_TW"),
        ("zh_HK", "zh_TW"),
        ("de-CH", "de"),
        ("no", "nb_NO"),
        ("in", "id"),
        ("br", "pt_BR"),
        ("xx", "en_US"),
        ("", "en_US"),
        ("xx,fr_FR;q=0.5,de;q=0.8", "de"),
        ("br,fr", "fr"),
        ("%00%ff,%F0%9F", "en_US"),
        ("x" * 5000, "en_US"),
    ],
)
def test_without_any_variant_the_shipped_texts_serve_the_visitor(
    env: Environment, plain: Channel, wanted: str, locale: str
) -> None:
    served, texts = spoken(env, plain, wanted)
    assert served == locale
    # What belongs to files, to a form or to a menu comes with them.
    everywhere = {one.id for one in catalogue.phrases().values() if not one.served_with}
    assert texts == {ident: text for ident, text in catalogue.texts(locale).items() if ident in everywhere}


def test_a_variant_wins_and_its_own_texts_come_first(env: Environment, translated: Channel) -> None:
    locale, texts = spoken(env, translated, "fr_CA")
    assert (locale, texts["send"], texts["retry"]) == (
        "fr_CA",
        "Envoyer ça",
        catalogue.texts("fr_CA")["retry"],
    )
    assert (texts["customFields.age"], texts["customFields.age_aria"]) == ("Âge", "")
    locale, texts = spoken(env, translated, "sw_KE")
    assert (locale, texts["send"], texts["retry"]) == ("sw", "Tuma", catalogue.texts("fr_CA")["retry"])
    # Never another country's variant.
    assert spoken(env, translated, "fr_BE")[1]["send"] == "Envoyer"
    locale, texts = spoken(env, translated, "xx")
    assert (locale, texts["send"], texts["customFields.age"]) == ("de", catalogue.texts("de")["send"], "")


def test_each_language_has_its_own_tag_and_every_encoding(env: Environment, translated: Channel) -> None:
    tags = set()
    for wanted in ("fr_CA", "sw", "de"):
        for encoding in ("br", "gzip", "identity"):
            answer = env.get(f"{translated.path}?locale={wanted}", **{"Accept-Encoding": encoding})
            assert answer.headers.get("Content-Encoding", "identity") == encoding
            tags.add(answer.headers["ETag"])
            again = env.get(
                f"{translated.path}?locale={wanted}", **{"If-None-Match": answer.headers["ETag"], "Accept-Encoding": encoding}
            )  # fmt: skip
            assert again.status_code == 304
    assert len(tags) == 9


def test_a_large_document_is_packed_for_a_language_nobody_asked_for_before(env: Environment) -> None:
    channel = env.publish(document={"customCss": "".join(f".a{n}{{color:red}}" for n in range(15_000))})
    for encoding in ("br", "gzip", "identity"):
        answer = env.get(f"{channel.path}?locale=ko", **{"Accept-Encoding": encoding})
        assert answer.json()["translations"]["send"] == catalogue.texts("ko")["send"]
        assert answer.headers.get("Content-Encoding", "identity") == encoding


def test_a_new_release_speaks_its_new_words_in_every_language(env: Environment) -> None:
    channel = env.publish(private=private(SECTION))
    for wanted in ("fr_CA", "ja"):
        spoken(env, channel, wanted)
    changed = {**SECTION, "variants": [{**SECTION["variants"][0], "phrases": {"send": "Autre"}}]}
    env.push(replace(channel, release=2, private=private(changed)))
    assert spoken(env, channel, "fr_CA")[1]["send"] == "Autre"
    assert spoken(env, channel, "sw")[0] == "de"


@pytest.mark.parametrize("broken", [None, [], {"format": 2}, {"format": 1, "variants": [{}]}])
def test_a_section_that_cannot_be_read_leaves_what_ships(broken: object) -> None:
    known = channel_json.languages(broken)
    assert channel_json.resolved(known, "fr_CA") == "fr_CA"


def test_joined_bytes_are_those_of_the_whole_document() -> None:
    known = channel_json.languages(SECTION)
    document = channel_json.complete({"name": "x"}, availability="online")
    frame = channel_json.split(document)
    for locale in rules.locales(known):
        phrases = channel_json.phrases(known, locale, document)
        assert channel_json.joined(frame, phrases) == channel_json.dumped({**document, **phrases})
    assert channel_json.joined(channel_json.split({}), {"translations": {}}) == b'{"translations":{}}'


def test_pages_never_weigh_more_than_the_shelf_bears() -> None:
    shelf, pages = Shelf(200_000), dict[str, Page]()
    made = [shelf.put(pages, f"l{n}", Page(b"x" * 10_000, n)) for n in range(50)]
    assert shelf.weight <= 200_000
    assert 0 < len(pages) < 20
    kept = next(iter(pages.values()))
    assert shelf.put(pages, next(iter(pages)), Page(b"y", 1)) is kept
    for number in range(700):
        # Asked for again and again, it is full of answers, then empty, then gone; what it weighed goes with it.
        shelf.remember(kept, number, number, 512)
        assert shelf.weight <= 200_000
    for page in made:
        shelf.remember(page, "late", "an answer to a request from before", 512)
    assert shelf.weight <= 200_000
    shelf.drop(pages)
    assert shelf.weight == 0


def test_a_page_somebody_asks_for_outlives_those_nobody_does() -> None:
    shelf, pages = Shelf(200_000), dict[str, Page]()
    wanted = shelf.put(pages, "fr", Page(b"x" * 10_000, 1))
    for number in range(60):
        wanted.used = True
        shelf.put(pages, f"l{number}", Page(b"x" * 10_000, number)).used = False
    assert pages.get("fr") is wanted


def test_what_a_page_weighs_is_given_back_when_its_answers_go() -> None:
    shelf, pages = Shelf(10_000_000), dict[str, Page]()
    page = shelf.put(pages, "fr", Page(b"x" * 100, 1))
    before = shelf.weight
    for number in (1, 2, 3, 3):
        shelf.remember(page, number, number, 512)
    assert shelf.weight == before + 3 * ANSWER_WEIGHT
    shelf.drop(pages)
    assert shelf.weight == 0


def test_each_visitor_is_served_the_offline_text_of_their_language_and_no_other(env: Environment) -> None:
    texts = {
        "fr": "<p>Fermé</p>",
        "en_US": "<p>Closed</p>",
        "fr_CA": "<p>Fermé, là</p>",
        "pl": " ",
        "??": "x",
        "ja": 7,
    }
    form = {"isEnabled": True, "isCustom": False, "html": "", "htmlByLanguage": texts}
    document: dict[str, Any] = {"settings": {"liveChatShowOfflineForm": True, "liveChatOfflineForm": form}}
    channel = env.publish(document=document, private=private(SECTION))

    def served(wanted: str) -> Any:
        return env.get(f"{channel.path}?locale={wanted}").json()["settings"]["liveChatOfflineForm"]

    def own(text: str) -> dict[str, Any]:
        return {"isEnabled": True, "isCustom": True, "html": text}

    assert served("fr_CA") == own("<p>Fermé, là</p>")
    assert served("fr_BE") == served("fr") == own("<p>Fermé</p>")
    # Swahili falls back to the French of Canada, by the channel's own wish.
    assert served("sw") == own("<p>Fermé, là</p>")
    assert served("en-GB") == own("<p>Closed</p>")
    # German is the channel's language; that there is no text in it makes it nobody's business to read English.
    for without in ("", "de", "ko", "pl", "ja"):
        assert served(without) == {"isEnabled": True, "isCustom": False, "html": ""}
    form |= {"isCustom": True, "html": "<p>Zu</p>"}
    channel.release += 1
    assert env.push(channel).status_code == 200
    assert (served("de"), served("ko"), served("fr")) == (
        own("<p>Zu</p>"),
        own("<p>Zu</p>"),
        own("<p>Fermé</p>"),
    )
