"""The section of the area: pinned, read back as written, and checked for the API as the form checks it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from channels_config import colors, content, section
from channels_config.domains import read_domains
from channels_config.models import Channel
from channels_config.tests.factories import channel
from gateway.channel_json import BASE, complete
from kit.documents import canonical
from publishing.compile import channel_facts, deep_merge, document, draft_document, sections
from tenants.models import Organisation
from tenants.scope import tenant_scope
from tenants.tests.factories import organisation

GOLDEN = Path(__file__).with_name("golden_section.json")

FULL: dict[str, Any] = {
    "custom_css": '[data-selector="HEADER"] { border: 0 }\n',
    "custom_js": "window.addEventListener('load', () => {});\n",
    "redesigned_ui": False,
    "colors": {"button": "#112233", "headerFont": "#ffffff"},
    "appearance": "bubble",
    "position": "left",
    "domains_restricted": True,
    "allowed_domains": ["www.example.com", "*.example.org:8443"],
}


@pytest.fixture
def shop(db: None) -> Organisation:
    return organisation(name="Boutique")


def test_the_section_is_what_it_was_when_this_was_written(shop: Organisation) -> None:
    made = channel(shop, "Support", draft=FULL)
    with tenant_scope(shop.pk):
        assert section.dump(made) == json.loads(GOLDEN.read_text())


def test_a_section_read_into_another_channel_says_the_same(shop: Organisation) -> None:
    golden = json.loads(GOLDEN.read_text())
    other = channel(shop, "Ventes")
    with tenant_scope(shop.pk):
        assert section.dump(other) != golden
        section.load(other, golden)
        assert canonical(section.dump(other)) == canonical(golden)


def test_a_channel_without_a_draft_has_the_defaults_and_nothing_wrong(shop: Organisation) -> None:
    with tenant_scope(shop.pk):
        bare = section.dump(Channel.objects.create(name="Nu"))
    assert bare["colors"] == section.DEFAULT_COLORS
    assert section.check(bare, {}) == []


def golden(**changes: Any) -> dict[str, Any]:
    return {**json.loads(GOLDEN.read_text()), **changes}


def test_the_golden_section_has_nothing_wrong() -> None:
    assert section.check(golden(), {}) == []


@pytest.mark.parametrize(
    ("changes", "path", "blocking"),
    [
        ({"custom_css": "a {"}, "custom_css", True),
        ({"custom_css": "a {}\r\n"}, "custom_css", True),
        ({"custom_css": "@import 'x';"}, "custom_css", False),
        ({"custom_js": "let y = ;"}, "custom_js", True),
        ({"custom_js": "parent.x()"}, "custom_js", False),
        ({"custom_js": "a\x00b"}, "custom_js", True),
        ({"custom_js": "a" * (256 * 1024 + 1)}, "custom_js", True),
        ({"custom_js": 5}, "custom_js", True),
        ({"format": 2}, "format", True),
        ({"format": True}, "format", True),
        ({"colors": {}}, "colors", True),
        ({"colors": {**section.DEFAULT_COLORS, "text": "red"}}, "colors.text", True),
        ({"widget": {"appearance": "bar", "position": "top"}}, "widget.position", True),
        ({"widget": {"appearance": ["bar"], "position": "left"}}, "widget.appearance", True),
        ({"allowed_domains": ["exa mple"]}, "allowed_domains.0", True),
        ({"allowed_domains": [7]}, "allowed_domains", True),
        ({"allowed_domains": []}, "allowed_domains", False),
        ({"allowed_domains": ["a.example"] * 501}, "allowed_domains", True),
        ({"unheard": 1}, "unheard", True),
    ],
)
def test_what_the_form_would_refuse_the_section_is_refused_for(
    changes: dict[str, Any], path: str, blocking: bool
) -> None:
    found = section.check(golden(**changes), {})
    assert [(problem.path, problem.blocking) for problem in found] == [(path, blocking)]
    assert str(found[0].message)


@pytest.mark.parametrize("odd", [None, [], "", 5, {"custom_css": "a"}])
def test_a_section_of_another_shape_is_refused_without_a_fault(odd: Any) -> None:
    assert section.check(odd, {})


def test_allowed_domains_are_no_part_of_what_a_browser_sees() -> None:
    assert "example.org" not in json.dumps(section.public(golden()))


# --- the document ---


def test_objects_merge_key_by_key_and_anything_else_replaces() -> None:
    base = {"a": {"x": 1, "y": [1]}, "b": 1, "c": {"x": 1}}
    over = {"a": {"y": [2], "z": 3}, "b": {"n": 1}, "c": None}
    merged = deep_merge(base, over)
    assert merged == {"a": {"x": 1, "y": [2], "z": 3}, "b": {"n": 1}, "c": None}
    assert base["a"] == {"x": 1, "y": [1]}


def test_the_document_holds_what_the_area_answers_for_and_an_environment_makes_it_whole(
    shop: Organisation,
) -> None:
    made = channel(shop, "Support", draft=FULL, kind=Channel.Kind.LIVE)
    with tenant_scope(shop.pk):
        compiled = document(channel_facts(made), sections(made))
        assert draft_document(made, {}) == compiled
        changed = draft_document(made, {"channels_config": golden(custom_css="b {}")})
    assert compiled["name"] == "Support"
    assert compiled["isLiveChat"] is True
    assert compiled["channelIdOnExternalPlatform"] == made.public_id.removeprefix("chat_")
    assert compiled["colors"] == {**section.DEFAULT_COLORS, **FULL["colors"]}
    assert compiled["widget"] == {"appearance": "bubble", "position": "left"}
    assert compiled["settings"]["features"]["chatRedesign"] is False
    assert (compiled["customCss"], changed["customCss"]) == (FULL["custom_css"], "b {}")
    whole = complete(compiled, availability="online")
    assert set(BASE) <= set(whole)
    assert whole["customJs"] == FULL["custom_js"]


# --- texts, colours, domains ---


def test_256_kilobytes_of_utf_8_fit_and_a_byte_more_does_not() -> None:
    content.refuse_unacceptable("é" * (128 * 1024))
    with pytest.raises(ValidationError) as refused:
        content.refuse_unacceptable("é" * (128 * 1024) + "x")
    assert refused.value.code == "too_large"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a\x00b", "binary"),
        ("a\x07b", "control"),
        ("\x1b[0m", "control"),
        ("a\ud800", "control"),
        ("a\x85", "control"),
    ],
)
def test_what_is_no_text_gets_a_sentence_with_its_line(text: str, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        content.refuse_unacceptable("\n" + text)
    assert refused.value.code == code
    assert "2" in refused.value.messages[0]


def test_tabs_emoji_and_other_scripts_are_text() -> None:
    content.refuse_unacceptable("\t😀 \u200d é 漢字 ע\n")


def test_a_byte_order_mark_and_foreign_line_ends_are_taken_away() -> None:
    assert content.with_plain_line_ends("\ufeffa\r\nb\rc\n") == "a\nb\nc\n"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("#FAAC4B", "#faac4b"),
        ("fa4", "#ffaa44"),
        ("#12345", None),
        ("red", None),
        ("#12345g", None),
        ("", None),
    ],
)
def test_hex_codes_are_taken_as_people_write_them(typed: str, kept: str | None) -> None:
    assert colors.normal(typed) == kept


def test_contrast_is_the_one_of_wcag() -> None:
    assert colors.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colors.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert colors.contrast("#777777", "#ffffff") < colors.AA <= colors.contrast("#767676", "#ffffff")


def test_domains_are_kept_one_for_each_line_without_doubles() -> None:
    typed = " WWW.Example.com \r\n\nwww.example.com\n*.example.org:8443\nlocalhost:*\nhttps://exämple.de/"
    assert read_domains(typed) == [
        "www.example.com",
        "*.example.org:8443",
        "localhost:*",
        "https://xn--exmple-cua.de",
    ]


def test_every_bad_line_is_said_with_its_number_and_its_text() -> None:
    with pytest.raises(ValidationError) as refused:
        read_domains("ok.example\nftp://x.example\n*\n<script>")
    assert [error.params["line"] for error in refused.value.error_list if error.params] == [2, 3, 4]
    assert "<script>" in refused.value.messages[2]


def test_five_hundred_domains_fit() -> None:
    assert len(read_domains("\n".join(f"a{number}.example" for number in range(500)))) == 500
    with pytest.raises(ValidationError):
        read_domains("\n".join(f"a{number}.example" for number in range(501)))
