"""What is an Adaptive Card, and at which place a text stops being one."""

from __future__ import annotations

import json

import pytest

from desk import cards, sentences
from desk.library_views import SAMPLE
from desk.tests.factories import CARD


def found(source: str) -> list[tuple[str, int, int]]:
    card, faults = cards.check(source)
    assert (card is None) == bool(faults)
    assert all(sentences.sentence(one) for one in faults)
    return [(one.code, one.line, one.column) for one in faults]


@pytest.mark.parametrize("source", [CARD, SAMPLE, json.dumps(json.loads(SAMPLE)), f" \n{CARD}\n"])
def test_a_card_is_a_card(source: str) -> None:
    assert found(source) == []
    card, _ = cards.check(source)
    assert card == json.loads(source)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("  \n ", ("empty", 1, 1)),
        ('{\n"type": "AdaptiveCard",\n}', ("not_json", 3, 1)),
        ('{"type": "AdaptiveCard"', ("not_json", 1, 24)),
        ("{'type': 1}", ("not_json", 1, 2)),
        ('{"type": tru}', ("not_json", 1, 10)),
        ('{"a": "x\ny"}', ("not_json", 1, 9)),
        ('{"type": "AdaptiveCard", "body": [1]}\n}', ("more", 2, 1)),
        ("[1]", ("not_an_object", 1, 1)),
        ("{}", ("no_card", 1, 1)),
        ('{\n "type": "Card"}', ("no_card", 2, 10)),
        ('{"type": "AdaptiveCard"}', ("shows_nothing", 1, 1)),
        ('{"type": "AdaptiveCard", "body": {}}', ("not_a_list", 1, 34)),
        ('{"type": "AdaptiveCard",\n"body": [\n 7]}', ("no_element", 3, 2)),
        ('{"type": "AdaptiveCard", "body": [{"text": "x"}]}', ("no_type", 1, 35)),
        ('{"type": "AdaptiveCard", "body": [{"type": "TextBlock"}]}', ("missing", 1, 35)),
        ('{"type": "AdaptiveCard", "body": [{"type": "Input.Text"}]}', ("missing", 1, 35)),
        ('{"type": "AdaptiveCard", "actions": 7}', ("not_a_list", 1, 37)),
        ('{"type": "AdaptiveCard", "actions": [{"type": "Action.Run"}]}', ("unknown_action", 1, 47)),
        ('{"type": "AdaptiveCard", "actions": [{"type": "Action.OpenUrl"}]}', ("missing", 1, 38)),
        (
            '{"type": "AdaptiveCard", "actions": [{"type": "Action.OpenUrl", "url": "javascript:alert(1)"}]}',
            ("bad_address", 1, 72),
        ),
        ("[" * 5000, ("too_deep", 1, 62)),
        ('"' + "x" * cards.LONGEST, ("too_long", 1, 1)),
    ],
)
def test_what_is_wrong_has_a_place(source: str, fault: tuple[str, int, int]) -> None:
    assert fault in found(source)


def test_what_stands_inside_is_looked_at_as_well() -> None:
    inner = {"type": "Strange"}
    for outer in (
        {"type": "Container", "items": [inner]},
        {"type": "ColumnSet", "columns": [{"type": "Column", "items": [inner]}]},
    ):
        source = json.dumps({"type": "AdaptiveCard", "body": [outer]})
        assert [one[0] for one in found(source)] == ["unknown_element"]
    shown = {"type": "Action.ShowCard", "card": {"type": "AdaptiveCard", "body": [inner]}}
    source = json.dumps({"type": "AdaptiveCard", "body": [{"type": "ActionSet", "actions": [shown]}]})
    assert [one[0] for one in found(source)] == ["unknown_element"]


@pytest.mark.parametrize(
    "source", ["nul", "-", '"\\u12"', '{"a":}', "[,]", "\x00", "NaN", '{"a" 1}', "{1:2}"]
)
def test_nothing_makes_it_raise(source: str) -> None:
    assert found(source)
