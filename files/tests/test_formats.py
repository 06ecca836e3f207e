"""Reading and writing YAML and JSON."""

from __future__ import annotations

import json

import pytest
import yaml
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from files.formats import LARGEST_FILE, Format, Unreadable, read, sorted_keys, write

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
_ODD = st.sampled_from(
    [
        "no",
        "on",
        "~",
        "null",
        "2026-01-01",
        "1e3",
        "0E0",
        "0x1F",
        "0o7",
        "1_000",
        "12:30:00",
        "=",
        "<<",
        "- x",
        "# x",
        *["\n", "a\n", "a \nb", "\ta", "\x85", "\u2028x\ny", "\ufeff", "a: b", "'", '"', "{", "[x"],
    ]
)
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT
    | _ODD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT | _ODD, inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.parametrize("form", ["yaml", "json"])
@settings(max_examples=150, deadline=None)
@given(value=st.dictionaries(_TEXT | _ODD, _JSON, min_size=1, max_size=4))
def test_what_is_written_is_read_again(form: Format, value: dict[str, object]) -> None:
    assert read(write(value, form).encode()) == value


@settings(max_examples=100, deadline=None)
@given(text=_ODD)
def test_readers_of_yaml_1_1_understand_the_same(text: str) -> None:
    assert yaml.safe_load(write({"a": text}, "yaml")) == {"a": text}


def test_a_text_of_lines_is_a_block_so_that_git_shows_the_line_that_changed() -> None:
    assert write({"css": ".a {\n  color: red;\n}\n"}, "yaml") == "css: |\n  .a {\n    color: red;\n  }\n"


def test_keys_are_in_order_whatever_the_order_they_were_made_in() -> None:
    one = sorted_keys({"b": [{"z": 1, "a": 2}], "a": 1})
    assert json.dumps(one) == '{"a": 1, "b": [{"a": 2, "z": 1}]}'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty."),
        (b" \n", "The file is empty."),
        (b"a: \xff", "Line 1: This is not text in UTF-8."),
        (b"a: 1\nb:\n  - x\n c: 2", "Line 4: This is not YAML."),
        (b'{"a": 1,\n"b": }', "Line 2: This is not JSON."),
        (b'{"a": 1, "a": 2}', "“a” stands there twice."),
        (b"a: 1\na: 2", "Line 2: The field “a” stands there twice."),
        (b"a: &x [1]\nb: *x", "References to another place"),
        (b"a: !!python/object:os.system {}", "This is not YAML."),
        (b"a: !!binary aGk=", "Only texts, numbers"),
        (b"1: x", "The name of every field is a text."),
        (b'{"a": NaN}', "“NaN” is not a number."),
        (b'{"a": 1e999}', "This is not a number."),
        (b'{"a": "\\u0000"}', "a character that cannot be kept"),
        (b'{"\\ud800": 1}', "a character that cannot be kept"),
        (b"[" * 100_000, "nested too deeply"),
        (b"a: " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        (b"- " * 900 + b"x", "nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "A number is too long."),
        (b"x" * (LARGEST_FILE + 1), "larger than 32 MB"),
    ],
    ids=lambda one: one[:20] if isinstance(one, bytes) else "",
)
def test_what_cannot_be_read_is_refused_with_its_place(content: bytes, said: str) -> None:
    with translation.override("en"), pytest.raises(Unreadable) as refused:
        read(content)
    with translation.override("en"):
        assert said in str(refused.value)


def test_an_alias_bomb_costs_nothing() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 30)]
    with translation.override("en"), pytest.raises(Unreadable, match="References"):
        read("\n".join(lines).encode())


def test_texts_that_older_yaml_takes_for_something_else_stay_texts() -> None:
    assert read(b"a: no\nb: 2026-01-01\nc: 0777\nd: 12:30:00\ne: .inf") == {
        "a": "no",
        "b": "2026-01-01",
        "c": "0777",
        "d": "12:30:00",
        "e": ".inf",
    }
