"""Reading CSS: what is broken is said where it is; what browsers take is never refused."""

from __future__ import annotations

import time

import pytest
from django.utils import translation

from channels_config.css import MOST, remarks
from channels_config.remarks import SENTENCES


def said(css: str, severity: str = "error") -> list[tuple[int, int, str]]:
    return [(one.line, one.column, one.code) for one in remarks(css) if one.severity == severity]


@pytest.mark.parametrize(
    ("css", "expected"),
    [
        ("a {", [(1, 3, "css.unclosed")]),
        ("a { color: red;\n}\n.b {\n color: blue\n", [(3, 4, "css.unclosed")]),
        ("a { width: calc(1px }", [(1, 16, "css.unclosed")]),
        ("a {}\n}", [(2, 1, "css.unopened")]),
        ("/* never closed", [(1, 1, "css.comment")]),
        ("a { content: 'x\n; color: red }", [(1, 14, "css.string")]),
        ("a { background: url(x.png }", [(1, 17, "css.address"), (1, 3, "css.unclosed")]),
        ("a { color red; }", [(1, 5, "css.colon")]),
        ("a { color: ; }", [(1, 5, "css.value")]),
        ("a { color: red\n  background: blue }", [(2, 3, "css.semicolon")]),
        ("{ color: red }", [(1, 1, "css.selector")]),
        ("a { color: red }\nb", [(2, 1, "css.block")]),
        ("// no comment\na {}", [(1, 1, "css.slashes")]),
        ("@media print { a { color } }", [(1, 20, "css.colon")]),
        # Columns are those of an editor: an emoji is two UTF-16 units.
        ("😀 {", [(1, 4, "css.unclosed")]),
        ("a { content: '😀'; color }", [(1, 20, "css.colon")]),
    ],
)
def test_a_fault_is_said_where_it_is(css: str, expected: list[tuple[int, int, str]]) -> None:
    assert sorted(said(css)) == sorted(expected)


@pytest.mark.parametrize(
    "css",
    [
        "",
        "a{}",
        "a { color: red }",
        "a { color: red; ; }",
        "a { --x: { a: b }; --empty:; --json: [1, 2] }",
        "a { color: red; &:hover { color: blue } > b { order: 1 } .c & { order: 2 } }",
        "a { b:hover { color: red } }",
        "a { @media (min-width: 1px) { color: red } }",
        "@media (min-width: 30em) and (not print) { a:hover { color: red } }",
        "@layer one, two; @layer one { a { color: red } }",
        "@supports (display: grid) and (not (display: inline-grid)) { a { b: c } }",
        "@container sidebar (width > 20rem) { a { b: c } }",
        "@scope (.card) to (.content) { img { border: 1px } }",
        "@font-face { font-family: 'X'; src: local('X') }",
        "@keyframes turn { from { rotate: 0deg } 50.5% { rotate: 9deg } to { rotate: 1turn } }",
        "@property --x { syntax: '<length>'; inherits: false; initial-value: 0 }",
        "@page :first { margin: 1in }",
        "@charset 'utf-8'; a { b: c }",
        "@unheard-of { anything 'goes' here; }",
        "<!-- a { color: red } -->",
        "a { filter: progid:DXImageTransform.Microsoft.gradient(startColorstr='#1', GradientType=1) }",
        "a { filter:\n progid:DXImageTransform.Microsoft.Alpha(opacity=50) }",
        "a { content: '\\201C \\'' } .a\\:b, .\\31 0 { c: d }",
        "a { grid-template-areas: 'a b'\n 'c d'; grid-area: 1 / 2 / 3 }",
        "a { background: url(data:image/svg+xml;base64,PHN2Zy8+//==) }",
        "a { background: url( 'x.png' ) no-repeat, url(y.png) }",
        "a { width: calc((1px + 2px) * 3); color: rgb(1 2 3 / 50%) !important }",
        ":is(a, b):not([c='}'])::before { content: '/*' }",
        "a { color: red; /* } */ }",
        "a { transition: color .2s,\n    background .3s }",
    ],
)
def test_what_browsers_take_is_not_refused(css: str) -> None:
    assert said(css) == []


@pytest.mark.parametrize(
    ("css", "expected"),
    [
        ("@import 'x.css';", [(1, 1, "css.import")]),
        ("a { b: c }\n@import 'x.css';", [(2, 1, "css.late_import")]),
        ("a { background: url(https://cdn.example/x.png) }", [(1, 17, "css.remote")]),
        ("a { background: url('//cdn.example/x.png') }", [(1, 21, "css.remote")]),
        ("a { background: image-set('http://cdn.example/x.png' 1x) }", [(1, 27, "css.remote")]),
        ("a { background: url(data:,x) }", []),
        ("a { *zoom: 1 }", [(1, 5, "css.hack")]),
        ('[data-selector="HEADR"] b { c: d }', [(1, 1, "css.similar_selector")]),
        ("a:not([data-selector='NOTHING_LIKE_IT']) { c: d }", [(1, 7, "css.unknown_selector")]),
        ('[data-selector="HEADER"], [data-selector=GUIDE_CHANNEL_BUTTON_3] { c: d }', []),
        ("[data-selector^=HEAD] { c: d }", []),
        ("a { color: red !important }", []),
    ],
)
def test_what_may_not_be_meant_is_a_warning(css: str, expected: list[tuple[int, int, str]]) -> None:
    assert said(css) == []
    assert said(css, "warning") == expected


def test_a_slip_is_answered_with_the_name_meant() -> None:
    with translation.override("en"):
        assert "“HEADER”" in remarks('[data-selector="HEADR"] { c: d }')[0].message


def test_every_sentence_has_all_its_words_in_both_languages() -> None:
    values = {"text": "T", "name": "N", "mark": "M", "host": "H", "similar": "S"}
    for language in ("en", "fr"):
        with translation.override(language):
            for code, sentence in SENTENCES.items():
                text = str(sentence) % values
                assert text.endswith((".", "…", "?")), code


@pytest.mark.parametrize(
    "css",
    [
        "{" * 262_144,
        "a{" * 50 + "}" * 50,
        "a{" + "b:c;" * 65_000 + "}",
        "a{b:" + "c " * 130_000 + "}",
        "a{b:" + "c\n" * 131_000 + "}",
        "a{" + "b c;" * 65_000 + "}",
        "/**/" * 65_000,
        "'" * 262_144,
        "\\" * 262_144,
        "'\\\n" * 80_000,
        "url(" * 65_000,
        "[data-selector=X]" * 15_000 + "{}",
    ],
    ids=lambda css: css[:12],
)
def test_no_text_takes_long_to_read(css: str) -> None:
    began = time.process_time()
    assert len(remarks(css)) <= MOST
    assert time.process_time() - began < 6
