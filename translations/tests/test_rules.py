"""Which language a visitor gets, and where each text comes from."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translations import catalogue, rules

BARE: dict = {"format": 1, "default_locale": None, "variants": []}


def section(*variants: str | tuple, default: str | None = None) -> dict:
    """Variants as a locale, or (locale, fallback, {id: text}); without texts each says its own locale as `send`."""
    out = []
    for variant in variants:
        locale, fallback, phrases = (
            variant if isinstance(variant, tuple) else (variant, None, {"send": variant})
        )
        out.append({"name": f"Variant {locale}", "locale": locale, "fallback": fallback, "phrases": phrases})
    return {"format": 1, "default_locale": default, "variants": sorted(out, key=lambda v: v["locale"])}


def said(about: dict, requested: str | list[str] | None, phrase_id: str = "send") -> str:
    found = rules.phrase(about, rules.resolve(about, requested).locale, phrase_id)
    assert found is not None
    return found.text


# ---- tags


@pytest.mark.parametrize(
    ("tag", "locale"),
    [
        ("fr", "fr"), ("FR-ca", "fr_CA"), ("fr_CA", "fr_CA"), ("fr_CA.UTF-8", "fr_CA"), ("zh-hant-hk", "zh_Hant_HK"),
        ("es-419", "es_419"), ("iw", "he"), ("iw-IL", "he_IL"), ("in", "id"), ("no", "nb"), ("no_NO", "nb_NO"),
        ("mo", "ro"), ("zh-cmn-Hans-CN", "zh_Hans_CN"), ("zh-yue-HK", "yue_HK"), ("de-CH-1996-u-co-phonebk", "de_CH"),
        ("sr-Latn-RS", "sr_Latn_RS"), (" fr ", "fr"),
    ],
)  # fmt: skip
def test_a_tag_has_one_way_to_be_written(tag: str, locale: str) -> None:
    assert rules.canonical(tag) == locale


@pytest.mark.parametrize(
    "tag", ["", "*", "f", "french", "x-klingon", "fr CA", "f1", "é", "a" * 200, "12", "-fr"]
)
def test_what_is_no_tag_is_none(tag: str) -> None:
    assert rules.canonical(tag) is None
    assert rules.key(tag) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("zh-TW", "zh-Hant-TW", True), ("zh-HK", "zh-Hant-HK", True), ("zh", "zh-Hans", True), ("zh-SG", "zh-Hans-SG", True),
        ("zh-TW", "zh-Hans-TW", False), ("sr", "sr-Cyrl", True), ("sr-ME", "sr-Latn-ME", True), ("fr", "fr-FR", False),
        ("he", "iw", True), ("fr_CA", "FR-CA", True), ("pt", "pt-BR", False),
    ],
)  # fmt: skip
def test_tags_are_compared_by_what_they_mean(one: str, other: str, same: bool) -> None:
    assert (rules.key(one) == rules.key(other)) is same


# ---- what ships


@pytest.mark.parametrize(
    ("asked", "locale"),
    [
        ("fr", "fr"), ("fr-CA", "fr_CA"), ("fr-BE", "fr"), ("fr-FR", "fr"), ("FR_ca", "fr_CA"), ("de-CH", "de"), ("de-AT", "de"),
        ("ar-EG", "ar"), ("ar-SA", "ar_SA"), ("ar", "ar"), ("pt-BR", "pt_BR"), ("pt-PT", "pt"), ("pt", "pt"), ("pt-AO", "pt"),
        ("nb", "nb_NO"), ("no", "nb_NO"), ("nb-NO", "nb_NO"), ("no-NO", "nb_NO"), ("in", "id"), ("id-ID", "id"),
        ("en", "en_US"), ("en-GB", "en_US"), ("en-US", "en_US"), ("es", "es_ES"), ("es-MX", "es_MX"), ("es-419", "es_419"),
        ("es-PE", "es_419"), ("es-GQ", "es_ES"), ("zh", "zh_CN"), ("zh-Hans", "zh_CN"), ("zh-SG", "zh_CN"), ("zh-CN", "zh_CN"),
        ("zh-Hant", "zh_TW"), ("zh-HK", "zh_TW"), ("zh-Hant-HK", "zh_TW"), ("zh_hant_hk", "zh_TW"), ("zh-MO", "zh_TW"),
        ("ja-JP", "ja"), ("ro-MD", "ro"), ("mo", "ro"), ("hr-BA", "hr"), ("el-CY", "el"),
    ],
)  # fmt: skip
def test_without_variants_the_shipped_language_serves(asked: str, locale: str) -> None:
    assert rules.resolve(BARE, asked).locale == locale
    assert rules.resolve(BARE, [asked]).locale == locale


@pytest.mark.parametrize(
    "asked", ["xx", "iw", "yue-HK", "*", "", "cs;q=0.9", "sr", "uz-Latn", "br", "-", "fr;q=0"]
)
def test_a_language_that_is_not_there_is_english(asked: str) -> None:
    assert rules.resolve(BARE, asked) == rules.Resolution("en_US", None, "english")


def test_latin_america_reads_latin_american_spanish_and_not_spains() -> None:
    assert said(BARE, "es-PE", "uploadFailed") == catalogue.texts("es_MX")["uploadFailed"]


def test_every_shipped_language_answers_to_its_own_code_in_the_list() -> None:
    for code, locale in zip(catalogue.LANGUAGES, catalogue.LOCALES, strict=True):
        assert rules.resolve(BARE, [code]).locale == locale
        assert rules.table(BARE, locale) == catalogue.texts(locale)


def test_br_alone_is_the_lists_code_but_breton_in_a_browser() -> None:
    assert rules.resolve(BARE, ["br"]) == rules.Resolution("pt_BR", "br", "list_code")
    assert rules.resolve(BARE, "br").locale == "en_US"
    assert rules.resolve(BARE, "br,fr;q=0.8").locale == "fr"
    assert rules.resolve(BARE, ["br", "fr"]).locale == "fr"
    assert rules.resolve(section("br"), ["br"]).locale == "br"


# ---- what the tenant adds


def test_the_exact_variant_wins_over_the_language() -> None:
    about = section("fr", "fr_CA")
    assert (said(about, "fr-CA"), said(about, "fr-BE"), said(about, "fr")) == ("fr_CA", "fr", "fr")


def test_a_variant_of_the_language_serves_a_country_that_has_none() -> None:
    about = section("fr")
    assert said(about, "fr-CA") == "fr"
    assert rules.resolve(about, "fr-CA").locale == "fr_CA"
    assert said(about, "fr-CA", "EmailLabel") == "Courriel"


@pytest.mark.parametrize(
    ("variant", "asked"),
    [
        ("fr_CA", "fr-BE"), ("fr_CA", "fr"), ("fr_FR", "fr-CA"), ("pt_BR", "pt-PT"), ("pt_BR", "pt"), ("pt_PT", "pt-BR"),
        ("es_ES", "es-MX"), ("es_ES", "es-PE"), ("es_ES", "es-GQ"), ("es_MX", "es-419"), ("es_MX", "es-PE"), ("de_CH", "de-DE"),
        ("en_GB", "en-US"), ("en_GB", "en"), ("zh_TW", "zh-CN"), ("zh_HK", "zh-TW"), ("zh", "zh-TW"), ("sr_Latn", "sr"),
        ("ar_SA", "ar-EG"), ("zh_Hant", "zh-SG"), ("cs_CZ", "cs-SK"),
    ],
)  # fmt: skip
def test_another_countrys_variant_never_serves(variant: str, asked: str) -> None:
    about = section(variant)
    for requested in (asked, [asked]):
        locale = rules.resolve(about, requested).locale
        assert variant not in rules.table(about, locale).values()
        assert said(about, requested) != variant


@pytest.mark.parametrize(
    ("variant", "asked"),
    [
        ("nb_NO", "nb"), ("nb_NO", "no"), ("es_ES", "es"), ("fr_FR", "fr"), ("pt_PT", "pt"), ("zh_TW", "zh-HK"),
        ("zh_TW", "zh-Hant-HK"), ("zh_Hant", "zh-TW"), ("zh_CN", "zh-SG"), ("zh_HK", "zh-Hant-HK"), ("he", "iw"), ("he_IL", "he"),
        ("id", "in"), ("en_US", "en-GB"), ("en_US", "en"), ("en", "en-US"), ("es_419", "es-PE"), ("es_419", "es-MX"),
        ("sr_Latn", "sr-Latn-RS"), ("de", "de-1996"), ("cs_CZ", "cs"), ("en_001", "en-GB"),
    ],
)  # fmt: skip
def test_a_variant_serves_who_it_was_made_for(variant: str, asked: str) -> None:
    assert said(section(variant), asked) == variant


def test_the_wishes_are_met_in_the_visitors_order() -> None:
    about = section("cs")
    assert rules.resolve(about, "xx, cs;q=0.5, fr;q=0.7") == rules.Resolution("fr", "fr", "exact")
    assert rules.resolve(about, "xx, cs;q=0.8, fr;q=0.7").locale == "cs"
    assert rules.resolve(about, "de;q=0, cs;q=0.1").locale == "cs"
    assert rules.resolve(about, ["xx", "fr-BE", "cs"]) == rules.Resolution("fr", "fr-BE", "language")
    assert rules.resolve(about, "fr;q=nonsense, cs;q=0.1").locale == "cs"


def test_the_channels_default_comes_before_english() -> None:
    assert rules.resolve(section(default="fr"), "xx") == rules.Resolution("fr", None, "default")
    assert rules.resolve(section(default="fr"), None).locale == "fr"
    assert rules.resolve(section(default="zz"), "xx") == rules.Resolution("en_US", None, "english")


# ---- the text of a phrase


def layer(about: dict, locale: str, phrase_id: str) -> tuple[str, str, str, str]:
    found = rules.phrase(about, locale, phrase_id)
    assert found is not None
    return found.text, found.layer.source, found.layer.locale, found.layer.step


def test_a_text_is_looked_for_from_the_exact_locale_to_english() -> None:
    about = section(
        ("cs", "sk", {"a": "cs-a"}),
        ("cs_CZ", None, {"b": "cz-b"}),
        ("de", None, {"e": "de-e", "send": "de-send"}),
        ("en_US", None, {"f": "en-f"}),
        ("sk", "pl", {"c": "sk-c"}),
        default="de",
    )
    assert layer(about, "cs_CZ", "b") == ("cz-b", "variant", "cs_CZ", "exact")
    assert layer(about, "cs_CZ", "a") == ("cs-a", "variant", "cs", "language")
    assert layer(about, "cs_CZ", "c") == ("sk-c", "variant", "sk", "fallback")
    assert layer(about, "cs_CZ", "send") == ("Wyślij", "catalogue", "pl", "fallback")
    assert layer(about, "cs_CZ", "e") == ("de-e", "variant", "de", "default")
    assert layer(about, "cs_CZ", "f") == ("en-f", "variant", "en_US", "english")
    assert rules.phrase(about, "cs_CZ", "nowhere") is None


def test_a_missing_text_is_the_shipped_one_of_the_same_language_before_any_fallback() -> None:
    about = section(("fr_CA", "en_US", {"send": "Expédier"}), "en_US")
    assert layer(about, "fr_CA", "send") == ("Expédier", "variant", "fr_CA", "exact")
    assert layer(about, "fr_CA", "EmailLabel") == ("Courriel", "catalogue", "fr_CA", "exact")


def test_a_fallback_that_is_not_set_is_english() -> None:
    about = section("cs")
    assert layer(about, "cs", "close") == ("Close", "catalogue", "en_US", "english")


def test_a_text_left_empty_counts_as_missing() -> None:
    assert layer(section(("fr", None, {"send": ""})), "fr", "send")[1] == "catalogue"


def test_fallbacks_in_a_circle_end() -> None:
    about = section(("cs", "sk", {"a": "cs"}), ("sk", "cs", {"b": "sk"}))
    assert layer(about, "cs", "b") == ("sk", "variant", "sk", "fallback")
    assert rules.table(about, "sk")["a"] == "cs"


def test_the_chain_names_each_layer_once_in_order() -> None:
    about = section("fr", "fr_CA", "en_US", default="fr")
    assert [(one.source, one.locale, one.step) for one in rules.chain(about, "fr_CA")] == [
        ("variant", "fr_CA", "exact"),
        ("variant", "fr", "language"),
        ("catalogue", "fr_CA", "exact"),
        ("catalogue", "fr", "language"),
        ("variant", "en_US", "english"),
        ("catalogue", "en_US", "english"),
    ]


def test_a_table_holds_what_each_phrase_says() -> None:
    about = section(("cs", "fr_CA", {"send": "Odeslat", "customFields.city": "Město"}), "fr", default="de")
    table = rules.table(about, "cs")
    assert set(table) == set(catalogue.phrases()) | {"customFields.city"}
    assert table == {phrase_id: layer(about, "cs", phrase_id)[0] for phrase_id in table}
    with pytest.raises(TypeError):
        table["send"] = "x"  # type: ignore[index]


def test_a_prepared_section_answers_as_the_plain_one() -> None:
    about = section("fr", "es_ES", default="fr")
    ready = rules.compiled(about)
    for asked in ["fr-CA", "es-GQ", "xx", "de,fr;q=0.5", ["br"], None]:
        assert rules.resolve(ready, asked) == rules.resolve(about, asked)
        assert rules.resolve(ready, asked) is rules.resolve(ready, asked)
    assert rules.compiled(ready) is ready


def test_what_is_remembered_has_an_end() -> None:
    ready = rules.compiled(section("fr"))
    for number in range(rules._MOST_REMEMBERED + 10):
        ready.resolve(f"fr;q=0.{number % 1000},x{number}")
        ready.match(f"fr-x-{number}")
        ready.chain(f"fr_{number:03d}")
        ready.table(f"fr_{number:03d}")
    for memory in (ready._requests, ready._tags, ready._chains, ready._tables):
        assert len(memory) <= rules._MOST_REMEMBERED
    ready.resolve("fr," + "x" * 5000)
    assert all(len(question) <= 300 for question in ready._requests)


def test_an_environment_can_prepare_every_locale_there_is() -> None:
    about = section("cs", "es_ES", "fr_BE", "zh_HK", "nb_NO")
    known = rules.locales(about)
    assert {
        "cs",
        "es_ES",
        "es_001",
        "es_419",
        "fr_BE",
        "fr_CA",
        "zh_HK",
        "zh_TW",
        "nb_NO",
        "nb_001",
        "pt_BR",
    } <= set(known)
    for asked in [
        *[
            "fr",
            "fr-CA",
            "es-GQ",
            "es-PE",
            "es",
            "nb",
            "nb-SJ",
            "zh-HK",
            "zh",
            "en-GB",
            "xx",
            "cs-SK",
            "pt-BR",
        ],
        None,
    ]:
        assert rules.resolve(about, asked).locale in known


# ---- the tester's account


def test_each_wish_is_accounted_for() -> None:
    wishes = rules.explain(section("cs"), "xx, french, *;q=0.9, de;q=0, fr-BE;q=0.8, cs;q=0.2")
    assert [(wish.tag, wish.outcome, wish.locale) for wish in wishes] == [
        ("xx", "unavailable", None),
        ("french", "malformed", None),
        ("*", "wildcard", None),
        ("fr-BE", "language", "fr"),
        ("cs", "later", None),
        ("de", "refused", None),
    ]
    assert [(wish.tag, wish.outcome, wish.locale) for wish in rules.explain(BARE, ["br"])] == [
        ("br", "list_code", "pt_BR")
    ]
    assert rules.explain(BARE, None) == []


# ---- problems


def codes(about: dict) -> list[tuple[str, str]]:
    return [(problem.code, problem.locale) for problem in rules.problems(about)]


def test_a_sound_section_has_no_problem() -> None:
    assert codes(BARE) == []
    assert codes(section(("fr_CA", "fr", {"send": "x"}), ("fr", "en_US", {}), default="de")) == []


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ({}, [("shape", "")]),
        ({"format": 2, "variants": []}, [("shape", "")]),
        ({"format": 1, "variants": [{"locale": "fr"}]}, [("shape", "fr")]),
        ({"format": 1, "variants": ["fr"]}, [("shape", "")]),
        (section("fr-CA"), [("bad_locale", "fr-CA")]),
        (section("french"), [("bad_locale", "french")]),
        (section("iw"), [("bad_locale", "iw")]),
        (section("zh_Hant_TW", "zh_TW"), [("duplicate_locale", "zh_TW")]),
        (section("fr", "fr"), [("duplicate_locale", "fr")]),
        (section(("fr", None, {"send": " "})), [("empty_phrase", "fr")]),
        (section(("fr", "cs", {})), [("unknown_fallback", "fr")]),
        (section(("fr", "french", {})), [("unknown_fallback", "fr")]),
        (section(("fr", "fr", {})), [("cycle", "fr")]),
        (section(("cs", "sk", {}), ("sk", "cs", {})), [("cycle", "cs")]),
        (section(("be", "cs", {}), ("cs", "sk", {}), ("sk", "sl", {}), ("sl", "sk", {})), [("cycle", "sk")]),
        (section(default="cs"), [("unknown_default", "")]),
        (section(default="french"), [("unknown_default", "")]),
    ],
)
def test_what_does_not_fit_together_is_told(about: dict, expected: list) -> None:
    assert codes(about) == expected


def test_variants_are_sorted_and_named_apart() -> None:
    about = copy.deepcopy(section("de", "fr"))
    about["variants"].reverse()
    about["variants"][0]["name"] = "variant DE "
    assert codes(about) == [("duplicate_name", "de"), ("unsorted", "")]


def test_a_circle_is_spelt_out() -> None:
    (problem,) = rules.problems(section(("cs", "sk", {}), ("sk", "sl", {}), ("sl", "cs", {})))
    assert "cs → sk → sl → cs" in problem.message


# ---- any section, any wish

_locales = st.sampled_from(["fr", "fr_CA", "fr_FR", "es_ES", "es_419", "es", "zh_TW", "zh_Hant", "zh_HK", "zh", "nb_NO", "en_GB", "cs",
                            "cs_CZ", "pt_BR", "sr_Latn", "br", "en_US", "no_such"])  # fmt: skip
_sections = st.builds(
    lambda variants, default: section(*{one[0]: one for one in variants}.values(), default=default),
    st.lists(st.tuples(_locales, st.none() | _locales, st.dictionaries(st.sampled_from(["send", "close", "own"]), st.text(max_size=2)))),
    st.none() | _locales,
)  # fmt: skip
_tags = (
    st.from_regex(r"[a-zA-Z*]{0,3}([-_](Hant|latn))?([-_][a-zA-Z0-9]{2,3})?", fullmatch=True)
    | _locales
    | st.text(max_size=8)
)
_headers = st.lists(st.tuples(_tags, st.sampled_from(["", ";q=0.5", ";q=0", ";q=2", ";x"]))).map(
    lambda parts: ", ".join(tag + quality for tag, quality in parts)
)


@settings(deadline=None)
@given(_sections, st.none() | _headers | st.lists(_tags))
def test_any_wish_on_any_section_ends_in_a_whole_table(
    about: dict, requested: str | list[str] | None
) -> None:
    answer = rules.resolve(about, requested)
    assert answer.locale in rules.locales(about)
    table = rules.table(about, answer.locale)
    assert set(table) >= set(catalogue.phrases())
    assert all(table.values())
    for phrase_id in ("send", "close", "own"):
        found = rules.phrase(about, answer.locale, phrase_id)
        assert (found.text if found else None) == table.get(phrase_id)
    rules.explain(about, requested)
    rules.problems(about)


def _slowly(about: dict, header: str) -> rules.Resolution:
    """The same decision with no short cut: every item read by the pattern, every tag by its meaning, nothing remembered."""
    ready = rules.compiled(about)
    for tag in [tag for tag, quality in rules.accepted(header) if quality > 0][:32]:
        parts = rules._TAG.fullmatch(tag.strip()) if len(tag) <= 100 else None
        if parts is None:
            continue
        language = (parts["extended"] or parts["language"]).lower()
        language, region = rules._REPLACED.get(language, language), (parts["region"] or "").upper()
        script = (parts["script"] or "").title() or rules._likely_script(language, region)
        if match := ready._match(rules.Key(language, script, region)):
            return rules.Resolution(match[0], tag, match[1])
    return rules.resolve(about, [])


_weights = st.sampled_from(
    ["", ";q=1", ";q=1.000", ";q=0.5", ";q=0.123", ";Q=0.7", "; q=0.9", ";q = 0.3 ", ";q=0", ";q=0.", ";q=2", ";x", ";", ";q=1.9"]
)  # fmt: skip
_wild = st.lists(
    st.tuples(
        _tags
        | st.sampled_from(["iw", "in-ID", "no", "NO_no", "cmn", "xx-cmn", "tl", "\u00a0no", "zh-yue", "*"])
        | st.from_regex(r"[ \t\u00a0]?[a-zK]{2,3}([-_.@][a-z]{2,4})?[ \t]?", fullmatch=True),
        _weights,
    ),
    max_size=40,
).map(lambda parts: ",".join(tag + weight for tag, weight in parts))


@settings(deadline=None, max_examples=200)
@given(_sections, _wild | _headers)
def test_no_short_cut_changes_an_answer(about: dict, header: str) -> None:
    assert rules.resolve(about, header) == _slowly(about, header)
    ready = rules.compiled(about)
    assert ready.resolve(header) == ready.resolve(header + ",") == _slowly(about, header)


@settings(deadline=None)
@given(_sections, _tags)
def test_no_text_crosses_from_one_country_to_another_of_the_same_language(about: dict, tag: str) -> None:
    about = copy.deepcopy(about) | {"default_locale": None}
    for variant in about["variants"]:
        variant["fallback"] = None
    wanted = rules.key(tag)
    if wanted is None or wanted.language in {"zh", "en"} or not wanted.region or wanted.region.isdigit():
        return
    for one in rules.chain(about, rules.resolve(about, tag).locale):
        place = rules.key(one.locale)
        if one.source == "variant" and place and place.language == wanted.language:
            assert place.region in {"", wanted.region} or place.region.isdigit()
