"""What HTML a phrase may hold, and what bleach makes of the rest."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit import html


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Bonjour",
        "Il y a <strong>3</strong> personnes",
        "<em>un <strong>deux</strong></em>",
        "ligne<br>ligne<br/>ligne",
        '<a href="https://example.com/a?b=1&amp;c=2">aide</a>',
        "<a href='http://example.com:8080/'>aide</a>",
        "2 < 3 & 4 > 1",
        "Tom &amp; Jérôme",
        "<STRONG>x</STRONG>",
        "deux\r\nlignes <em>\n</em>",
    ],
)
def test_the_allowed_html_passes(text: str) -> None:
    assert html.findings(text) == []


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ("a <script>alert(1)</script>", "tag", 2),
        ("<img src=x onerror=alert(1)>", "tag", 0),
        ("a\nb <b>c</b>", "tag", 4),
        ('<strong class="x">a</strong>', "attribute", 0),
        ('<a href="https://example.com" onclick="x()">a</a>', "attribute", 0),
        ('<a href="https://example.com" target="_blank">a</a>', "attribute", 0),
        ('<a href="javascript:alert(1)">a</a>', "link", 0),
        ('<a href="JaVa&#115;cript:alert(1)">a</a>', "link", 0),
        ('<a href=" https://example.com">a</a>', "link", 0),
        ('<a href="//example.com">a</a>', "link", 0),
        ('<a href="/aide">a</a>', "link", 0),
        ('<a href="https://">a</a>', "link", 0),
        ('<a href="https://example.com:99999">a</a>', "link", 0),
        ('<a href="https://exam\\ple.com">a</a>', "link", 0),
        ('<a href="data:text/html,x">a</a>', "link", 0),
        ("<a>a</a>", "link", 0),
        ("x <strong>a", "unclosed", 2),
        ("a</em>", "unopened", 1),
        ("<em><strong>a</em></strong>", "order", 13),
        ("a<!-- b -->", "markup", 1),
        ("<!doctype html>", "markup", 0),
        ("<?xml?>", "markup", 0),
        ("<svg/onload=alert(1)>", "tag", 0),
        (
            '<a href="https://a.example"><a href="https://b.example">b</a></a>',
            "markup",
            28,
        ),
    ],
)
def test_anything_else_is_found_at_its_place(text: str, code: str, position: int) -> None:
    found = html.findings(text)
    assert (found[0].code, found[0].position) == (code, position)
    assert found[0].message.endswith(".")


def test_cleaning_escapes_what_is_not_allowed_and_keeps_the_rest() -> None:
    assert html.clean("<b>x</b> <strong>y</strong>") == "&lt;b&gt;x&lt;/b&gt; <strong>y</strong>"
    assert html.clean('<a href="javascript:x">a</a>') == "<a>a</a>"
    assert html.clean('<a href="//evil.example">a</a>') == "<a>a</a>"
    assert "<script" not in html.clean("<scr<script>ipt>alert(1)</script>")


def test_the_plain_text_is_what_a_person_reads() -> None:
    assert html.plain("\r<br/>a\r\nb") == "\n\na\nb"
    assert html.plain("Tom &amp; <strong>J</strong><br>a < b") == "Tom & J\na < b"


@pytest.mark.parametrize(
    ("text", "place"),
    [("a < b & c", None), ("", None), ("x <br> <em>", 2), ("a</b>", 1), ("ab<!-- c -->", 2)],
)
def test_markup_of_any_kind_is_told_from_plain_text(text: str, place: int | None) -> None:
    assert html.first_tag(text) == place


def test_a_long_excerpt_is_cut() -> None:
    assert len(html.findings("<" + "x" * 500 + ">")[0].excerpt) == 60


_pieces = st.lists(
    st.sampled_from(["<strong>", "</strong>", "<em", ">", "</", "<br/>", "<a href='https://e.example'>", "</a>", "<!--", "--",
                     "<p>", "&", "amp;", "&#0;", "\x00", "\r", "\n", "é", "<", "'", '"', "<svg ", "<table>", " "]),
    max_size=12,
).map("".join)  # fmt: skip


@settings(deadline=None)
@given(_pieces)
def test_a_text_without_findings_comes_through_cleaning_with_the_same_meaning(text: str) -> None:
    if not html.findings(text):
        assert html.plain(html.clean(text)) == html.plain(text)
        assert html.findings(html.clean(text)) == []


@settings(deadline=None)
@given(_pieces)
def test_cleaning_leaves_only_allowed_tags(text: str) -> None:
    reader = html._Reader(html.clean(text))
    assert {name for kind, name, _ in reader.events if kind != "data"} <= html.TAGS
