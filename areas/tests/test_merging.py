"""Two people's changes of one section put together: fields, entries, lines; and where both changed the same place, mine."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from areas.merging import MOST_PIECES, Merged, merge


def png(size: int | None = None) -> dict[str, Any]:
    return {"media_type": "image/png", "max_size_mb": size}


GIF, PDF = {"media_type": "image/gif"}, {"media_type": "application/pdf"}


@pytest.mark.parametrize(
    ("base", "theirs", "mine", "both"),
    [
        # Fields, however deep.
        ({"a": 1, "b": {"c": 1, "d": 1}}, {"a": 2, "b": {"c": 1, "d": 1}}, {"a": 1, "b": {"c": 1, "d": 3}}, {"a": 2, "b": {"c": 1, "d": 3}}),
        ({"a": 1}, {"a": 1, "new": 2}, {"a": 3}, {"a": 3, "new": 2}),
        ({"a": 1, "b": 1}, {"b": 1}, {"a": 1, "b": 2}, {"b": 2}),
        # A text by line: each changed another one; both added at its end.
        ("a\nb\nc\nd", "A\nb\nc\nd", "a\nb\nc\nD", "A\nb\nc\nD"),
        ("a\nb", "a\nb\ntheirs", "a\nb\nmine", "a\nb\ntheirs\nmine"),
        ("a\nb\nc\nd", "b\nc\nd", "a\nb\nc\nd\ne", "b\nc\nd\ne"),
        # Entries by what they are called.
        ([png()], [png(3)], [png(), GIF], [png(3), GIF]),
        ([png(), GIF], [GIF], [png(), GIF, PDF], [GIF, PDF]),
        ([png(), GIF], [png(), GIF, PDF], [GIF, png()], [GIF, PDF, png()]),
        ([], [png()], [GIF], [GIF, png()]),
        (["x.example"], [], ["x.example", "b.example"], ["b.example"]),
        # Entries that nothing tells apart.
        ([{"d": 1}, {"d": 2}, {"d": 2}], [{"d": 1}, {"d": 2}, {"d": 2}, {"d": 3}], [{"d": 0}, {"d": 2}, {"d": 2}], [{"d": 0}, {"d": 2}, {"d": 2}, {"d": 3}]),
    ],
)  # fmt: skip
def test_what_each_changed_stands(base: Any, theirs: Any, mine: Any, both: Any) -> None:
    assert merge(base, theirs, mine) == Merged(both)


@pytest.mark.parametrize(
    ("base", "theirs", "mine"),
    [
        ({"a": 1}, {"a": 2}, {"a": 3}),
        ("a\nb\nc", "a\nB\nc", "a\nbb\nc"),
        ("one", "two", "three"),
        ([1, 2], [1, 3], [1, 4]),
        ("\n".join("ab" * MOST_PIECES), "x\n", "y\n"),
        (None, {"a": 1}, [1]),
    ],
)
def test_where_both_changed_the_same_place_mine_stands_and_it_is_said(
    base: Any, theirs: Any, mine: Any
) -> None:
    assert merge(base, theirs, mine) == Merged(mine, clash=True)


def test_what_one_changed_and_the_other_took_away_stays() -> None:
    assert merge([png(), GIF], [GIF], [png(5), GIF]) == Merged([png(5), GIF], clash=True)
    assert merge([png(), GIF], [png(5), GIF], [GIF]) == Merged([png(5), GIF], clash=True)
    assert merge({"a": 1}, {}, {"a": 2}) == Merged({"a": 2}, clash=True)


def test_two_new_orders_clash_and_one_does_not() -> None:
    names = ["a", "b", "c"]
    assert merge(names, ["b", "a", "c"], ["a", "c", "b"]) == Merged(["a", "c", "b"], clash=True)
    assert merge(names, ["b", "a", "c"], ["a", "b", "c", "d"]) == Merged(["b", "a", "c", "d"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text("ab\n", max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["id", "a", "b"]), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None)
@given(JSON, JSON, JSON)
def test_any_three_states_have_an_answer_and_who_changed_nothing_changes_nothing(
    base: Any, theirs: Any, mine: Any
) -> None:
    merge(base, theirs, mine)
    assert merge(base, theirs, base) == Merged(theirs)
    assert merge(base, base, mine) == Merged(mine)
    assert merge(base, mine, mine) == Merged(mine)
