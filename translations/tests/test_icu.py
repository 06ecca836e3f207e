"""ICU messages: what is read, what is refused and where, what a visitor sees."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translations import icu


def codes(text: str, **more: object) -> list[str]:
    arguments: dict = {"locale": "en_US", **more}
    return [finding.code for finding in icu.check(text, **arguments)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", set()),
        ("Bonjour", set()),
        ("{name}", {"name"}),
        ("{ name }, {other_name}", {"name", "other_name"}),
        ("{n, plural, one {# chat} other {# chats}}", {"n"}),
        ("{n,plural,offset:1 =0{none}one{# and {who}}other{#}}", {"n", "who"}),
        ("{n, selectordinal, one {#st} two {#nd} few {#rd} other {#th}}", {"n"}),
        ("{gender, select, female {elle} other {il}}", {"gender"}),
        ("l’{name}, l'ami, '{'name'}', it''s", {"name"}),
    ],
)
def test_the_names_a_message_needs_are_found(text: str, names: set[str]) -> None:
    assert icu.placeholders(text) == names


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ("a } b", "unopened", 2),
        ("a {name", "unclosed", 2),
        ("a {", "unclosed", 2),
        ("a {name,", "unsupported_type", 8),
        ("a {n, plural", "unclosed", 2),
        ("a {n, plural, one {x}", "unclosed", 2),
        ("a {n, plural, one {x", "unclosed", 18),
        ("a {}", "empty_argument", 2),
        ("{na me}", "bad_name", 4),
        ("{<b>}", "bad_name", 1),
        ("{n, number}", "unsupported_type", 4),
        ("{n, plural}", "no_branch", 10),
        ("{n, plural,}", "no_branch", 11),
        ("{n, plural, offset:x other {a}}", "bad_offset", 12),
        ("{n, plural, one {a}}", "other_required", 0),
        ("{n, plural, one {a} one {b} other {c}}", "duplicate_branch", 20),
        ("{n, plural, =1 {a} =01 {b} other {c}}", "duplicate_branch", 19),
        ("{n, plural, some {a} other {c}}", "unknown_category", 12),
        ("{n, plural, one a}", "branch_without_text", 16),
        ("{n, plural, {a}}", "bad_selector", 12),
        ("{n, select, =1 {a} other {b}}", "bad_selector", 12),
        ("l'{name}", "unclosed_quote", 1),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_place(text: str, code: str, position: int) -> None:
    with pytest.raises(icu.IcuError) as refused:
        icu.parse(text)
    assert (refused.value.code, refused.value.position) == (code, position)
    assert [(finding.code, finding.position) for finding in icu.check(text, locale="en_US")] == [
        (code, position)
    ]


def test_nesting_has_an_end() -> None:
    deep = "{n, select, other {" * 9 + "x" + "}}" * 9
    with pytest.raises(icu.IcuError, match="deeper than 8"):
        icu.parse(deep)
    icu.parse("{n, select, other {" * 8 + "x" + "}}" * 8)


@pytest.mark.parametrize(
    ("text", "values", "locale", "shown"),
    [
        ("Bonjour {name}", {"name": "Zoé"}, "fr", "Bonjour Zoé"),
        ("Bonjour {name}", {}, "fr", "Bonjour {name}"),
        ("it''s {name}", {"name": "x"}, "en", "it's x"),
        ("it's '{name}' isn't", {}, "en", "it's {name} isn't"),
        ("{n, plural, other {'#' # ''}}", {"n": 2}, "en", "# 2 '"),
        ("{n, plural, one {# personne} other {# personnes}}", {"n": 0}, "fr", "0 personne"),
        ("{n, plural, one {# person} other {# persons}}", {"n": 0}, "en", "0 persons"),
        ("{n, plural, one {# person} other {# persons}}", {"n": "1"}, "en", "1 person"),
        ("{n, plural, one {# a} few {# b} many {# c} other {# d}}", {"n": 22}, "pl", "22 b"),
        ("{n, plural, one {# a} few {# b} many {# c} other {# d}}", {"n": Decimal("1.5")}, "ru", "1,5 d"),
        ("{n, plural, zero {z} one {o} two {t} few {f} many {m} other {x}}", {"n": 2}, "ar_SA", "t"),
        ("{n, plural, =1 {seul} one {un} other {#}}", {"n": 1}, "fr_CA", "seul"),
        ("{n, plural, offset:1 =0 {no one} =1 {you} one {you and # other} other {you and # others}}", {"n": 2}, "en", "you and 1 other"),
        ("{n, plural, one {# x} other {# y}}", {"n": 1234567}, "de", "1.234.567 y"),
        ("{n, plural, one {# x} other {# y}}", {"n": "many"}, "en", "# y"),
        ("{n, plural, one {# x} other {# y}}", {"n": "1e999999"}, "en", "# y"),
        ("{n, plural, one {# x} other {# y}}", {"n": "NaN"}, "en", "# y"),
        ("{n, plural, one {# x} other {# y}}", {"n": "1e-999999"}, "en", "# y"),
        ("{n}", {"n": float("inf")}, "en", "inf"),
        ("{n}", {"n": 1e25}, "en", "1e+25"),
        ("{n, plural, one {# x} other {# y}}", {}, "en", "# y"),
        ("{n, plural, one {x} other {y}}", {"n": 1}, "xx", "y"),
        ("{n, selectordinal, one {#st} two {#nd} few {#rd} other {#th}}", {"n": 23}, "en", "23rd"),
        ("{g, select, f {elle} other {iel}}", {"g": "f"}, "fr", "elle"),
        ("{g, select, f {elle} other {iel}}", {"g": "z"}, "fr", "iel"),
        ("{n, plural, other {{g, select, other {#}} #}}", {"n": 3}, "en", "# 3"),
        ("{name}", {"name": 1500.5}, "fr", "1500.5"),
        ("{n, plural, other {#}}", {"n": Decimal("1500.5")}, "fr", "1\u202f500,5"),
        ("{n, plural, one {x} two {x} few {#} many {#} other {#}}", {"n": 12345}, "ar_SA", "١٢٬٣٤٥"),
        ("{n, plural, one {x} two {x} few {#} many {#} other {#}}", {"n": 11}, "ar", "11"),
    ],
)  # fmt: skip
def test_a_visitor_sees_the_right_words(text: str, values: dict, locale: str, shown: str) -> None:
    assert icu.format(text, values, locale) == shown


def test_values_are_escaped_when_asked_for_but_the_text_is_not() -> None:
    assert icu.format("<em>{x}</em>", {"x": "<b>"}, "en", escape=True) == "<em>&lt;b&gt;</em>"


def test_a_placeholder_that_is_not_known_is_named_with_those_that_are() -> None:
    found = icu.check("Hello {nam} {name}", locale="en_US", placeholders=["name"])
    assert [(f.code, f.position, f.detail, f.severity) for f in found] == [
        ("unknown_placeholder", 6, "nam", "error")
    ]
    assert "{name}" in found[0].message


def test_a_placeholder_left_out_is_named() -> None:
    assert codes("Hello", placeholders=["name"]) == ["lost_placeholder"]
    assert codes("{name, select, a {x} other {y}}", placeholders=["name"]) == []


def test_an_apostrophe_that_swallows_a_placeholder_is_explained() -> None:
    found = icu.check("l'{name}' x", locale="fr", placeholders=["name"])
    assert [(f.code, f.position) for f in found] == [("quoted_placeholder", 1)]


def test_only_a_number_chooses_a_plural() -> None:
    plural = "{name, plural, one {x} other {y}}"
    assert codes(plural, placeholders=["name"], numbers=[]) == ["not_a_number"]
    assert codes(plural, placeholders=["name"], numbers=["name"]) == []
    assert codes(plural, placeholders=["name"]) == []


@pytest.mark.parametrize(
    ("locale", "text", "expected"),
    [
        ("en_US", "{n, plural, one {#} other {#}}", []),
        ("en_US", "{n, plural, other {#}}", [("category_missing", "one", "error")]),
        ("en_US", "{n, plural, =1 {one} other {#}}", []),
        ("en_US", "{n, plural, offset:1 =1 {a} other {#}}", [("category_missing", "one", "error")]),
        ("en_US", "{n, plural, offset:1 =2 {a} other {#}}", []),
        ("en_US", "{n, plural, zero {a} one {b} other {c}}", [("category_unused", "zero", "warning")]),
        ("en_US", "{n, plural, one {b} few {x} other {c}}", [("category_unused", "few", "warning")]),
        ("fr", "{n, plural, one {#} other {#}}", [("category_missing", "many", "warning")]),
        ("fr", "{n, plural, one {#} many {#} other {#}}", []),
        ("fr", "{n, plural, =0 {a} =1 {b} many {#} other {#}}", []),
        ("fr", "{n, plural, =1 {b} many {#} other {#}}", [("category_missing", "one", "error")]),
        ("ja", "{n, plural, other {#}}", []),
        ("pl", "{n, plural, one {#} other {#}}", [("category_missing", "few", "error"), ("category_missing", "many", "error")]),
        ("ar", "{n, plural, =0 {a} =1 {b} =2 {c} few {d} many {e} other {f}}", []),
        ("en_US", "{n, selectordinal, one {#st} two {#nd} other {#th}}", [("category_missing", "few", "error")]),
        ("xx", "{n, plural, other {#}}", []),
        ("zh_Hant_HK", "{n, plural, one {#} other {#}}", [("category_unused", "one", "warning")]),
    ],
)  # fmt: skip
def test_each_language_needs_its_own_plural_categories(locale: str, text: str, expected: list) -> None:
    found = icu.check(text, locale=locale, placeholders=["n"])
    assert [(f.code, f.detail, f.severity) for f in found] == expected


def test_a_missing_category_is_shown_with_numbers_that_need_it() -> None:
    (found,) = icu.check("{n, plural, one {a} many {b} other {c}}", locale="pl", placeholders=["n"])
    assert "“few” (for 2, 3, 4, …)" in found.message


def test_the_categories_of_a_language_come_in_order_with_samples() -> None:
    polish = icu.categories("pl")
    assert list(polish) == ["one", "few", "many", "other"]
    assert (polish["one"], polish["few"][:4], polish["other"]) == ((1,), (2, 3, 4, 22), ())
    assert icu.categories("xx") == {}
    assert list(icu.categories("en", ordinal=True)) == ["one", "two", "few", "other"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<strong>{n}</strong>", []),
        ("{n, plural, one {<strong>#</strong> a} other {<strong>#</strong> b}}", []),
        ("<em>{n, plural, one {a} other {b}}</em>", []),
        ("{n}<script>x</script>", [("html_tag", 3), ("html_tag", 12)]),
        ("{n, plural, one {<b>a</b>} other {b}}", [("html_tag", 17), ("html_tag", 21)]),
        ("{n, plural, one {<strong>} other {b}}</strong>", [("html_unclosed", 17), ("html_unopened", 37)]),
        ('<a href="https://example.com/{n}">x</a>', [("placeholder_in_tag", 0)]),
        ("<{n}>", [("placeholder_in_tag", 0)]),
        ("a </{n}", [("placeholder_in_tag", 2)]),
        ("{n, plural, one {a <} other {b}} img>", [("half_a_tag", 19)]),
        ('<a href="https://e.example">{n, plural, one {<a href="https://e.example">a</a>} other {b}}</a>', [("html_markup", 0)]),
        ("3 < {n}", []),
    ],
)  # fmt: skip
def test_html_is_checked_in_every_branch(text: str, expected: list) -> None:
    found = [(f.code, f.position) for f in icu.check(text, locale="en_US", placeholders=["n"])]
    assert [pair for pair in found if pair != ("html_link", 0)] == expected


def test_markup_is_refused_where_it_would_be_seen() -> None:
    assert codes("a <em>b</em>", allows_html=False) == ["no_html"]
    assert codes("{n, plural, one {<em>b</em>} other {x}}", allows_html=False, placeholders=["n"]) == [
        "no_html"
    ]
    assert codes("2 < 3 & 4", allows_html=False) == []


def test_length_is_counted_in_characters() -> None:
    assert codes("é😀x", max_length=3) == []
    (found,) = icu.check("é😀xy", locale="en_US", max_length=3)
    assert (found.code, found.position, found.detail) == ("too_long", 3, "3")


def test_a_character_no_screen_shows_is_refused() -> None:
    assert codes("a\x00b") == ["control_character"]
    assert codes("a\ud800b") == ["control_character"]
    assert codes("a\nb\tc\u200f\u00a0") == []


_pieces = st.lists(
    st.sampled_from(["{", "}", "'", "''", "#", "n", ",", " ", "plural", "select", "one", "other", "=1", "{n}", "<", ">", "<em>",
                     "</em>", "{n, plural, one {", "} other {", "}}", "offset:1", "é", "\ufffc"]),
    max_size=16,
).map("".join)  # fmt: skip


@settings(deadline=None)
@given(_pieces, st.one_of(st.integers(), st.floats(), st.text(max_size=3)))
def test_any_text_is_read_or_refused_with_a_place_inside_it(text: str, value: object) -> None:
    for finding in icu.check(text, locale="pl", placeholders=["n"], max_length=20):
        assert 0 <= finding.position <= len(text)
        assert finding.message.endswith(".")
    try:
        icu.format(text, {"n": value}, "pl")
    except icu.IcuError as error:
        assert 0 <= error.position <= len(text)


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_characters="{}'", exclude_categories=["Cs", "Cc"])))
def test_a_text_without_braces_and_apostrophes_is_itself(text: str) -> None:
    assert icu.format(text, {}, "fr") == text


@pytest.mark.parametrize("vector", json.loads((Path(__file__).parent / "icu_vectors.json").read_text()))
def test_a_message_reads_as_it_does_in_the_window(vector: dict[str, Any]) -> None:
    """The window's own test (widget/tests/icu.test.ts) reads the same file."""
    assert icu.format(vector["text"], vector["values"], vector["locale"]) == vector["shows"]
