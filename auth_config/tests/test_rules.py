"""The mapping: flat names and dotted paths, transforms, and why there is nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_config import rules

ANSWER: dict[str, Any] = {
    "sub": "42",
    "n": 7,
    "yes": True,
    "empty": "  ",
    "none": None,
    "user": {
        "id": "u1",
        "name.full": "Zoé Roy",
        "mails": ["", " A@B.C "],
        "phones": [{"nr": "1"}, {"nr": "2"}],
    },
    "https://x.example/plan": "GOLD",
    "tags": ["a", "b"],
    "deep": {"a.b": {"c": "x"}, "a": {"b": {"c": "y"}}},
    "nul": "a\x00b",
    "half": "\ud800",
    "long": "x" * 5000,
}


@pytest.mark.parametrize(
    ("path", "transform", "value"),
    [
        ("sub", "none", "42"), ("n", "none", "7"), ("yes", "none", "true"), ("user.id", "none", "u1"),
        ("user.name.full", "none", "Zoé Roy"), ("https://x.example/plan", "lower", "gold"), ("tags", "none", "a, b"),
        ("user.mails", "first", "A@B.C"), ("user.mails.1", "trim_lower", "a@b.c"), ("user.phones.1.nr", "none", "2"),
        ("gone, user.id", "none", "u1"), ("empty, sub", "first", "42"), ("deep.a.b.c", "none", "y"),
    ],
)  # fmt: skip
def test_a_path_gives_a_text(path: str, transform: str, value: str) -> None:
    assert rules.read(ANSWER, path, transform, 4096) == (value, "")


@pytest.mark.parametrize(
    ("path", "transform", "why"),
    [
        ("gone", "none", "missing"), ("user.gone.x", "none", "missing"), ("user.phones.9", "none", "missing"),
        ("none", "none", "empty"), ("empty", "trim", "empty"), ("user", "none", "object"), ("user.phones", "none", "object"),
        ("long", "none", "too_long"), ("nul", "none", "not_text"), ("half", "none", "not_text"), (" , ", "none", "no_path"),
    ],
)  # fmt: skip
def test_where_there_is_nothing_it_is_said_why(path: str, transform: str, why: str) -> None:
    assert rules.read(ANSWER, path, transform, 4096) == (None, why)


def test_without_a_mapping_the_usual_names_are_read() -> None:
    cxone = rules.person(
        {"enabled": False}, {"customerId": "1", "customerFirstName": "A", "customerLastName": "B"}
    )
    assert (cxone.customer, cxone.first_name, cxone.last_name) == ("1", "A", "B")
    openid = rules.person({"enabled": False}, {"sub": "2", "given_name": "C", "family_name": "D"})
    assert (openid.customer, openid.first_name, openid.last_name) == ("2", "C", "D")
    assert rules.person({"enabled": False}, {"success": True}).customer is None


def test_every_path_that_is_offered_can_be_read() -> None:
    for path, _value in rules.paths_of(ANSWER):
        assert rules.lookup(ANSWER, path)[0], path


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(st.text(max_size=6), JSON, max_size=5),
    st.text(max_size=20),
    st.sampled_from(rules.TRANSFORMS),
)
def test_no_answer_and_no_path_raises(answer: dict[str, Any], path: str, transform: str) -> None:
    value, why = rules.read(answer, path, transform, 100)
    assert (value is None) == (why != "")
    rules.paths_of(answer)
    rules.person(
        {
            "enabled": True,
            "customer_id": path,
            "fields": [{"field": "f", "path": path, "transform": transform}],
        },
        answer,
    )


@given(st.text(max_size=300))
def test_no_text_is_taken_for_a_key_or_a_token_by_mistake(text: str) -> None:
    with pytest.raises(rules.BadKeys):
        rules.public_keys(text)
    with pytest.raises(rules.TokenRefused):
        rules.read_token(
            {"algorithm": "shared", "secrets": ["s" * 40], "issuer": ""}, text, channel="c", now=0
        )
