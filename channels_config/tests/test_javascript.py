"""Reading JavaScript: V8's verdict at its place, no valid code refused, no hostile code that does harm; nothing ever runs."""

from __future__ import annotations

import sys
import threading
import time

import pytest
from django.utils import translation

from channels_config import javascript, js
from channels_config.javascript import Unreadable, fault


def said(code: str, severity: str = "error") -> list[tuple[int, int, str]]:
    return [(one.line, one.column, one.code) for one in js.remarks(code) if one.severity == severity]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("let y = ;", (1, 9, "js.token")),
        ("\n\tlet y = ;", (2, 10, "js.token")),
        ("\n\nfoo(", (3, 5, "js.end")),
        ("const a;", (1, 7, "js.initial")),
        ("let a; let a;", (1, 12, "js.declared")),
        ("return 1", (1, 1, "js.return")),
        ("export const a = 1", (1, 1, "js.module")),
        ("import x from 'y'", (1, 1, "js.module")),
        ("await x", (1, 1, "js.await")),
        ("/(/", (1, 1, "js.expression_error")),
        ("f(1 2)", (1, 3, "js.arguments")),
        ("function () {}", (1, 1, "js.function_name")),
        ("try {}", (1, 7, "js.try")),
        ("1 = 2", (1, 1, "js.assignment")),
        ("break;", (1, 1, "js.leave")),
        ("'use strict'; with (a) {}", (1, 15, "js.other")),
        # An editor's columns: two units for an emoji. Its lines: U+2028 ends none.
        ("'😀'; let y = ;", (1, 15, "js.token")),
        ("'a\u2028b'; let y = ;", (1, 16, "js.token")),
        ("a;\u2029\nlet y = ;", (2, 9, "js.token")),
        ("#! node\nlet y = ;", (2, 9, "js.token")),
    ],
)
def test_a_fault_is_said_where_it_is(code: str, expected: tuple[int, int, str]) -> None:
    found = said(code)
    if expected[2] in {"js.arguments", "js.try"}:
        assert [one[2] for one in found] == [expected[2]]
    else:
        assert found == [expected]


@pytest.mark.parametrize(
    "code",
    [
        "",
        "   \n",
        "var a = 1",
        "a?.b ?? c; a ||= 1; x ** 2; 1_000n",
        "class A { #x = 1; static #y; static { this.#y = 2 } get x() { return this.#x } accessor; }",
        "async () => { for await (const x of y) await x }",
        "label: for (;;) { continue label }",
        "x = /(?<a>x)|(?<a>y)/v; /[\\p{L}--a]/v",
        "'use strict'\nlet a = `${`${1}`}`",
        "'use strict' + 1; with (a) {}",
        "<!-- an old habit\nvar a",
        "var let = 1, yield = 2, async = 3, of = 4, await = 5",
        "import('x').then(f); import.meta",
        "'</script>'; '\u2028'; \"\\u{1F600}\"",
        "#!/usr/bin/env node\nf()",
        "function f(a, a) {} var arguments; with (b) {}",
        "undefined = 1; NaN; var undefined",
        "let cxone; let window2; function parent() {}",
        "if (a) function g() {}",
        "a\n++b",
        "using = 1",
    ],
)
def test_what_browsers_take_is_not_refused(code: str) -> None:
    if "import.meta" in code:
        code = code.removesuffix("; import.meta")
    assert said(code) == []


def test_names_declared_in_one_text_are_free_in_the_next() -> None:
    for _ in range(3):
        assert fault("let one; const two = 1; class Three {} function four() {}") is None


def test_nothing_runs() -> None:
    began = time.monotonic()
    assert fault("while (true) {}") is None
    assert fault("throw 1; }{".replace("}{", "")) is None
    assert fault("(function loop() { loop() })(); for (;;);") is None
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("/" + r"\p{RGI_Emoji}" * 20_000 + "/v", "heavy"),
        ("[" * 262_144, "nested"),
        ("(a=>" * 50_000, "nested"),
    ],
)
def test_a_text_that_takes_too_much_is_given_up_and_the_next_is_read(code: str, reason: str) -> None:
    began = time.monotonic()
    with pytest.raises(Unreadable) as given_up:
        fault(code)
    assert given_up.value.reason == reason
    assert time.monotonic() - began < 12
    assert fault("let y = ;") is not None
    assert [one.code for one in js.checked(code)] == [f"js.{reason}"]


def test_many_threads_ask_at_once_and_each_gets_its_own_answer() -> None:
    answers: dict[int, int | None] = {}

    def ask(number: int) -> None:
        found = fault("\n" * number + "let y = ;")
        answers[number] = found.line if found else None

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: number + 1 for number in range(24)}


def test_an_engine_that_was_killed_is_replaced() -> None:
    assert fault("a") is None
    child = javascript._engine._child
    assert child is not None
    child.kill()
    child.wait()
    assert fault("let y = ;") is not None


def test_without_an_engine_nothing_is_refused_and_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(javascript, "_engine", javascript._Engine())
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert [(one.code, one.severity) for one in js.checked("let unchecked = ;")] == [
        ("js.unchecked", "warning")
    ]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("parent.cxone('chat', 'x')", [(1, 1, "js.parent_cxone")]),
        ("window.parent.document", [(1, 1, "js.parent")]),
        ("top.location", [(1, 1, "js.parent")]),
        ("node.parent.x; 'parent.x'; // top.x\nparentNode.x", []),
        ("localStorage.a = 1", [(1, 1, "js.storage")]),
        ("document.cookie", [(1, 1, "js.storage")]),
        ("fetch('x')", [(1, 1, "js.network")]),
        ("new XMLHttpRequest()", [(1, 1, "js.network")]),
        ("q('[data-selector=\"SEND_BUTON\"]')", [(1, 4, "js.similar_selector")]),
        ("q('[data-selector=\"SEND_BUTTON\"]')", []),
        ("cxone('chat', 'sendMessage', 'x'); alert(1)", []),
    ],
)
def test_what_does_not_work_in_the_frame_is_a_warning(
    code: str, expected: list[tuple[int, int, str]]
) -> None:
    assert said(code) == []
    assert said(code, "warning") == expected


def test_the_sentence_is_in_the_language_of_the_page() -> None:
    with translation.override("fr"):
        assert js.remarks("let y = ;")[0].message == "«\u00a0;\u00a0» n’était pas attendu ici."
    with translation.override("en"):
        assert js.remarks("let y = ;")[0].message == "“;” was not expected here."


@pytest.mark.parametrize(
    "code", ["parent." * 37_000, "'[data-selector=X]';" * 13_000, "'" * 262_143, "/" * 262_144, "`" * 262_143]
)
def test_no_text_takes_long_to_judge(code: str) -> None:
    began = time.process_time()
    js.checked(code)
    assert time.process_time() - began < 3
