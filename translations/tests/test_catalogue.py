"""The catalogue is whole: every phrase in every language, with the same placeholders, in each language's own punctuation."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest

from kit import html
from translations import catalogue, icu

ALL = [(code, locale) for code, locale in zip(catalogue.LANGUAGES, catalogue.LOCALES, strict=True)]
LOCALES = [locale for _, locale in ALL]
FRENCH = ["fr", "fr_CA"]
SPANISH = [locale for locale in LOCALES if locale.startswith("es_")]

#: Words English or French share with another language, as they stand there; everything else must differ.
SHARED = {
    "pt_BR": {"EmailLabel", "aiLabel"},
    "da": {"aiLabel", "download", "invite", "online", "send", "sendInvitation"},
    "de": {"online"},
    "es_AR": {"aiLabel", "fileKindVideos"},
    "es_CL": {"aiLabel", "fileKindVideos"},
    "es_CO": {"aiLabel", "fileKindVideos"},
    "es_ES": {"aiLabel"},
    "es_MX": {"aiLabel", "fileKindVideos"},
    "fr": {"fileKindImages", "participants"},
    "fr_CA": {"agent", "fileKindImages", "participants"},
    "hr": {"agent"},
    "id": {"aiLabel"},
    "it": {"aiLabel"},
    "nb_NO": {"invite", "send"},
    "nl": {"aiLabel", "online"},
    "pt": {"aiLabel", "online"},
    "ro": {"aiLabel", "online"},
    "sv": {"aiLabel", "online"},
}

#: The script a text of the language has at least one letter of, by the first word of the letter's Unicode name.
SCRIPTS = {
    "ar": "ARABIC", "ar_SA": "ARABIC", "bg": "CYRILLIC", "ru": "CYRILLIC", "el": "GREEK", "ja": "CJK HIRAGANA KATAKANA",
    "ko": "HANGUL", "th": "THAI", "zh_CN": "CJK", "zh_TW": "CJK",
}  # fmt: skip


def shown(locale: str) -> dict[str, list[str]]:
    """Per phrase, the texts people may see: markup and ICU syntax gone, every plural once, names in place of braces."""
    out = {}
    for phrase_id, text in catalogue.texts(locale).items():
        values = dict.fromkeys(icu.placeholders(text), "X")
        counts = [0, 1, 2, 3, 5, 11, 100, 1_000_000] if values.keys() & {"queue", "count"} else [0]
        out[phrase_id] = list(
            dict.fromkeys(
                re.sub(
                    r"\d[\d.,]*\d",
                    "9",
                    html.plain(icu.format(text, {**values, "queue": n, "count": n}, locale)),
                )
                for n in counts
            )
        )
    return out


def test_there_is_one_file_for_each_of_the_31_languages() -> None:
    files = {path.stem for path in Path(catalogue.__file__).parent.glob("*.json")} - {"phrases"}
    assert len(catalogue.LANGUAGES) == 31
    assert files == set(catalogue.LANGUAGES)


@pytest.mark.parametrize(("code", "locale"), ALL)
def test_a_file_says_which_language_it_holds_and_is_sorted(code: str, locale: str) -> None:
    path = Path(catalogue.__file__).parent / f"{code}.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    assert (document["format"], document["language"], document["locale"]) == (1, code, locale)
    assert list(document["phrases"]) == sorted(document["phrases"])
    assert path.read_text(encoding="utf-8") == json.dumps(document, ensure_ascii=False, indent=2) + "\n"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_phrase_is_there_and_no_other(locale: str) -> None:
    assert set(catalogue.texts(locale)) == set(catalogue.phrases())


@pytest.mark.parametrize("locale", LOCALES)
def test_every_text_passes_the_check_a_tenants_text_must_pass(locale: str) -> None:
    for phrase in catalogue.phrases().values():
        text = catalogue.texts(locale)[phrase.id]
        found = icu.check(
            text,
            locale=locale,
            placeholders=phrase.placeholders,
            numbers=phrase.numbers,
            max_length=phrase.max_length,
            allows_html=phrase.allows_html,
        )
        assert found == [], phrase.id


@pytest.mark.parametrize("locale", LOCALES)
def test_plurals_have_every_category_of_the_language_and_a_word_for_an_empty_queue(locale: str) -> None:
    (choice,) = [
        node
        for node in icu.parse(catalogue.texts(locale)["allAgentsForQueueAreBusy"])
        if isinstance(node, icu.Choice)
    ]
    keys = [branch.key for branch in choice.branches]
    needed = list(icu.categories(locale))
    assert keys == (needed if "zero" in needed else ["=0", *needed])


@pytest.mark.parametrize("locale", LOCALES)
def test_texts_are_typeset(locale: str) -> None:
    for phrase_id, texts in shown(locale).items():
        for text in [*texts, catalogue.texts(locale)[phrase_id]]:
            assert text.strip(), phrase_id
            assert text == text.strip(), phrase_id
            assert text == unicodedata.normalize("NFC", text), phrase_id
            assert "..." not in text, phrase_id
            assert "  " not in text, phrase_id
            assert not re.search(r"['\"`\u200b\ufeff\u00ad]", text), phrase_id


@pytest.mark.parametrize("locale", LOCALES)
def test_a_waiting_text_ends_in_an_ellipsis_and_a_lead_in_in_a_colon_as_in_english(locale: str) -> None:
    english = shown(catalogue.ENGLISH)
    for phrase_id, texts in shown(locale).items():
        assert texts[0].endswith("…") == english[phrase_id][0].endswith("…"), phrase_id
        if english[phrase_id][0].endswith(":"):
            assert texts[0][-1] in ":：", phrase_id


@pytest.mark.parametrize("locale", FRENCH)
def test_french_keeps_its_punctuation_from_the_line_break(locale: str) -> None:
    for phrase_id, texts in shown(locale).items():
        for text in texts:
            assert not re.search(r"[^\u00a0][:;!?»]|«[^\u00a0]", text), phrase_id
            assert not re.search(r"(?i)\bn[º°] ", text), phrase_id


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale not in FRENCH])
def test_no_other_language_has_a_space_before_its_punctuation(locale: str) -> None:
    for phrase_id, texts in shown(locale).items():
        assert not any(re.search(r"\s[:;!?.,،؟。，：！？]", text) for text in texts), phrase_id


@pytest.mark.parametrize("locale", SPANISH)
def test_spanish_opens_its_questions_and_exclamations(locale: str) -> None:
    for phrase_id, texts in shown(locale).items():
        for text in texts:
            assert (text.count("?"), text.count("!")) == (text.count("¿"), text.count("¡")), phrase_id


@pytest.mark.parametrize(
    ("locale", "foreign"),
    [
        ("ar", "?,;%"), ("ar_SA", "?,;%"), ("el", "?"), ("zh_CN", "?,;:!."), ("zh_TW", "?,;:!."), ("ja", "?,;:!."),
        ("th", "?.!"), ("ko", "？。，：！"),
    ],
)  # fmt: skip
def test_a_language_uses_its_own_marks(locale: str, foreign: str) -> None:
    for phrase_id, texts in shown(locale).items():
        assert not any(mark in text for text in texts for mark in foreign), phrase_id


@pytest.mark.parametrize(("locale", "scripts"), SCRIPTS.items())
def test_a_text_is_written_in_the_script_of_its_language(locale: str, scripts: str) -> None:
    for phrase_id, texts in shown(locale).items():
        for text in texts:
            assert any(unicodedata.name(c, "").startswith(tuple(scripts.split())) for c in text), phrase_id


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale != catalogue.ENGLISH])
def test_no_english_or_french_is_left_over(locale: str) -> None:
    sources = [catalogue.ENGLISH] if locale in FRENCH else [catalogue.ENGLISH, "fr"]
    same = {
        phrase_id
        for phrase_id, text in catalogue.texts(locale).items()
        if any(text == catalogue.texts(source)[phrase_id] for source in sources)
    }
    assert same == SHARED.get(locale, set())


GUIDE_WORDS = ("begin", "button", "close", "intro", "none", "offline", "online", "title")

#: A Guide's words a country shares with France, or with English.
_GUIDE_SHARED = {"fr_CA": {"close", "online", "title"}, "fr": set[str]()}


@pytest.mark.parametrize("locale", LOCALES)
def test_a_guide_says_everything_in_every_language_and_typeset_as_that_language_is(locale: str) -> None:
    texts = catalogue.guide(locale)
    assert tuple(texts) == GUIDE_WORDS
    for word, text in texts.items():
        assert 0 < len(text) <= (40 if word in {"button", "begin", "online", "offline", "close"} else 120), (
            word
        )
        assert text == unicodedata.normalize("NFC", text.strip()), word
        assert not re.search(r"['\"`<>{}\u200b\ufeff\u00ad]|\.\.\.|  ", text), word
        assert icu.check(text, locale=locale, placeholders=(), max_length=120, allows_html=False) == [], word
        if locale in FRENCH:
            assert not re.search(r"[^\u00a0][:;!?»]|«[^\u00a0]", text), word
        else:
            assert not re.search(r"\s[:;!?.,،؟。，：！？]", text), word
        if locale in SPANISH:
            assert text.count("?") == text.count("¿"), word
        if locale in SCRIPTS:
            named = tuple(SCRIPTS[locale].split())
            assert any(unicodedata.name(c, "").startswith(named) for c in text), word
        if locale.startswith(("ar", "el", "ja", "th", "zh")):
            assert "?" not in text, word
    if locale != catalogue.ENGLISH:
        assert texts["begin"] == catalogue.texts(locale)["beginButton"]
        assert texts["close"] == catalogue.texts(locale)["close"]
        english, french = catalogue.guide(catalogue.ENGLISH), catalogue.guide("fr")
        same = {
            one for one in texts if texts[one] in {english[one], *([french[one]] if locale != "fr" else [])}
        }
        assert same == _GUIDE_SHARED.get(locale, set())


def test_no_chat_is_sent_a_word_of_a_guide() -> None:
    assert not {f"guide.{word}" for word in GUIDE_WORDS} & catalogue.phrases().keys()


def test_countries_with_one_language_do_not_share_one_text() -> None:
    for one, other, least in [
        ("fr", "fr_CA", 40), ("pt", "pt_BR", 60), ("zh_CN", "zh_TW", 80), ("ar", "ar_SA", 25), ("es_ES", "es_MX", 60),
        ("es_MX", "es_AR", 35), ("es_MX", "es_CL", 30), ("es_MX", "es_CO", 30), ("es_AR", "es_CL", 35), ("es_AR", "es_CO", 35),
    ]:  # fmt: skip
        texts, others = catalogue.texts(one), catalogue.texts(other)
        assert sum(texts[phrase_id] != others[phrase_id] for phrase_id in texts) >= least, (one, other)


def test_canada_and_france_each_have_their_words() -> None:
    canada, france = (" ".join(catalogue.texts(locale).values()).lower() for locale in ("fr_CA", "fr"))
    for word in ("courriel", "clavardage", "téléversement"):
        assert word in canada
        assert word not in france
    assert "e-mail" in france
    assert not re.search(r"e-mail|\bmail\b|conseiller", canada)


def test_chinese_keeps_its_two_scripts_apart() -> None:
    simplified, traditional = ("".join(catalogue.texts(locale).values()) for locale in ("zh_CN", "zh_TW"))
    assert not set(simplified) & set("請對話檔傳選擇碼開關們為")
    assert not set(traditional) & set("请对话档传选择码开关们为")


def test_each_phrase_says_where_it_shows_in_both_interface_languages() -> None:
    for phrase in catalogue.phrases().values():
        assert set(phrase.shows) == {"en", "fr"}
        assert not re.search(r"[^\u00a0][:;!?]", phrase.shows["fr"])
        assert set(phrase.numbers) <= set(phrase.placeholders)


def test_a_language_nobody_ships_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        catalogue.texts("br")
