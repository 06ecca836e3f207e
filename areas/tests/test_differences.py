"""What differs between two versions of a section, for any area, with and without words of its own."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory
from django.utils import translation

from areas.contract import SECRET_PLACEHOLDER, Area, Secret
from areas.differences import MOST_CHANGES, MOST_ENTRIES, MOST_LINES, differences, said, text_lines
from areas.notes import NotesMiddleware, note_given


def area(**more: Any) -> Area:
    return Area(
        name="test",
        slug="test",
        label="Test",
        urls="",
        dump=lambda channel: {},
        load=lambda channel, section: None,
        check=lambda section, sections: [],
        **more,
    )


@pytest.fixture(autouse=True)
def in_english() -> Any:
    with translation.override("en"):
        yield


def changes(before: Any, after: Any, **more: Any) -> list[tuple[str, str]]:
    return [(one.label, one.kind) for one in differences(area(**more), before, after)]


def test_fields_are_told_by_readable_names_and_what_is_alike_is_left_out() -> None:
    before = {"format": 1, "redesigned_ui": True, "widget": {"startsOpen": False}, "same": [1, 2]}
    after = {"format": 2, "redesigned_ui": False, "widget": {"startsOpen": True}, "same": [1, 2], "new": None}
    found = differences(area(), before, after)
    assert [(one.label, one.before, one.after) for one in found] == [
        ("Redesigned ui", "on", "off"),
        ("Widget › Starts Open", "off", "on"),
    ]


def test_a_text_is_told_by_line() -> None:
    found = differences(area(), {"css": "a\nb\nc\n--- d"}, {"css": "a\nB\nc\n--- d"})
    assert [(line.kind, line.text) for line in found[0].lines] == [
        ("both", "a"),
        ("before", "b"),
        ("after", "B"),
        ("both", "c"),
        ("both", "--- d"),
    ]
    dashes = text_lines("-- x", "++ y")
    assert [(line.kind, line.text) for line in dashes] == [("before", "-- x"), ("after", "++ y")]
    assert len(text_lines("", "\n".join(map(str, range(5000))))) == MOST_LINES + 1


def test_a_text_that_was_not_there_has_no_line_to_lose() -> None:
    assert [(one.kind, one.text) for one in text_lines("", "a\nb")] == [("after", "a"), ("after", "b")]
    assert [(one.kind, one.text) for one in text_lines("a\nb", "")] == [("before", "a"), ("before", "b")]


def test_a_list_is_told_by_entry_and_an_entry_with_a_name_by_its_fields() -> None:
    assert changes({"domains": ["a", "b"]}, {"domains": ["b", "a"]}) == [("Domains", "value")]
    one = differences(area(), {"domains": ["a", "b", "b"]}, {"domains": ["b", "c"]})[0]
    assert (one.removed, one.added) == (["a", "b"], ["c"])
    before = {"types": [{"key": "x", "size": 1}, {"key": "y", "size": 2}]}
    after = {"types": [{"key": "y", "size": 3}, {"key": "z", "size": 4}]}
    assert changes(before, after) == [("Types", "list"), ("Types › y › Size", "value")]


def test_a_list_of_160000_entries_is_told_in_part() -> None:
    entries = [
        {"address": f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}", "comment": ""} for n in range(160_000)
    ]
    one = differences(area(), {"entries": entries}, {"entries": entries[:-1000]})[0]
    assert (one.removed_count, len(one.removed), one.more) == (1000, MOST_ENTRIES, 800)
    many = {f"field_{n}": n for n in range(2000)}
    assert len(differences(area(), {}, many)) == MOST_CHANGES


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"client_secret": "alpha"}, {"client_secret": "beta"}),
        ({"plain": "gAAAAABnalphaalphaalphaalpha"}, {"plain": "gAAAAABnbetabetabetabetabeta"}),
        ({"one": {"key": "eyJalpha.e30.alpha"}}, {"one": {"key": "eyJbeta.e30.beta"}}),
        ({"list": [{"id": 1, "password": "alpha"}]}, {"list": [{"id": 2, "password": "beta"}]}),
        ({"list": ["-----BEGIN PRIVATE KEY alpha"]}, {"list": []}),
        ({"x": {"token": "alpha"}}, {"x": 3}),
    ],
)
def test_a_secret_that_an_area_forgot_to_hide_is_not_shown(before: Any, after: Any) -> None:
    found = differences(area(), before, after)
    assert found
    assert "alpha" not in repr(found)
    assert "beta" not in repr(found)


def test_a_redacted_secret_that_differs_is_told_and_never_shown() -> None:
    def redact(section: Any) -> Any:
        return {**section, "shared": SECRET_PLACEHOLDER}

    found = differences(area(redact=redact), {"shared": "alpha", "n": 1}, {"shared": "beta", "n": 1})
    assert [(one.label, one.kind) for one in found] == [("Shared", "secret")]
    described = area(describe=lambda section: {"Its secret": Secret(section["mark"])})
    assert [one.kind for one in differences(described, {"mark": "1"}, {"mark": "2"})] == ["secret"]
    assert said(Secret("x")) == "••••••"


def test_a_description_that_cannot_read_an_old_section_gives_way_to_its_fields() -> None:
    described = area(describe=lambda section: {"Name": section["name"]})
    assert [one.label for one in differences(described, {"title": "a"}, {"name": "b"})] == ["Title", "Name"]
    assert [one.label for one in differences(described, {"name": "a", "x": 1}, {"name": "a", "x": 2})] == [
        "X"
    ]
    assert [one.label for one in differences(described, None, {"name": "a"})] == ["Name"]
    assert differences(described, None, None) == []


def test_the_note_of_the_save_bar_is_read_only_when_somebody_saves() -> None:
    factory = RequestFactory()
    seen: list[str] = []

    def view(request: Any) -> Any:
        seen.append(note_given())

    run = NotesMiddleware(view)
    run(factory.post("/", {"release_note": "why"}))
    run(factory.get("/", {"release_note": "why"}))
    run(factory.post("/", b'{"release_note": "why"}', content_type="application/json"))
    assert seen == ["why", "", ""]
    assert note_given() == ""
