"""How fast a visitor's language is found: 200 variants of every phrase on one channel, beside a channel with one.

    python bench/bench_translations.py [--json FILE]

Prints a table and one line of JSON. "Known" asks with headers browsers send, many times over, as an environment sees them;
"new" never asks with the same header twice: mixtures of languages that occur, or made-up ones as in a flood. Rounds of all candidates are taken in turn and the
best processor time of each is shown: other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from babel.core import get_global

from translations import catalogue, codecs, rules

ROUNDS = 5
AIM = 200_000

HEADERS = [
    "fr-CA,fr;q=0.9,en-CA;q=0.8,en;q=0.7", "en-US,en;q=0.9", "de-CH,de;q=0.9,fr;q=0.8,en;q=0.7", "zh-HK,zh;q=0.9,en;q=0.8",
    "pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7", "ar-EG,ar;q=0.9", "nb-NO,nb;q=0.9,no;q=0.8,nn;q=0.7,en-US;q=0.6", "xx",
    "es-419,es;q=0.9", "fr-BE,fr;q=0.8,nl;q=0.6,en;q=0.4",
]  # fmt: skip


def make_section(variants: int) -> dict[str, Any]:
    """`variants` locales CLDR knows, French first, each with a text of its own for every phrase."""
    known = dict.fromkeys(
        ["fr", *sorted(filter(None, map(rules.canonical, get_global("likely_subtags").values())))]
    )
    chosen, meanings = [], set()
    for locale in known:
        if (meaning := rules.key(locale)) not in meanings:
            meanings.add(meaning)
            chosen.append(locale)
    texts = catalogue.texts(catalogue.ENGLISH)
    return {
        "format": 1,
        "default_locale": "fr",
        "variants": [
            {"name": locale, "locale": locale, "fallback": None, "phrases": {key: f"{locale} {text}" for key, text in texts.items()}}
            for locale in sorted(chosen[:variants])
        ],
    }  # fmt: skip


def make_new_headers(count: int) -> list[str]:
    chance = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [
        f"{chance.choice(letters)}{chance.choice(letters)}-{chance.choice(letters)}{chance.choice(letters)},fr-CA;q=0.{number % 900 + 100},en;q=0.05,x{number}"
        for number in range(count)
    ]


def make_mixed_headers(count: int) -> list[str]:
    """Each another mixture of items that do occur."""
    chance = random.Random(11)
    items = sorted({item for header in HEADERS for item in header.split(",")})
    return list(dict.fromkeys(",".join(chance.sample(items, 4)) for _ in range(count)))


def best(candidates: dict[str, tuple[int, Callable[[], object]]]) -> dict[str, float]:
    """Operations a second of each, from the best of the rounds."""
    seconds = dict.fromkeys(candidates, float("inf"))
    for _ in range(ROUNDS):
        for name, (_, act) in candidates.items():
            begun = time.process_time()
            act()
            seconds[name] = min(seconds[name], time.process_time() - begun)
    return {name: count / seconds[name] for name, (count, _) in candidates.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Benchmark of the translations rules.")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    one, many = make_section(1), make_section(200)
    assert len(many["variants"]) == 200
    assert rules.problems(many) == []
    ready_one, ready_many = rules.compiled(one), rules.compiled(many)
    asked = HEADERS * 5_000
    mixed = make_mixed_headers(20_000)
    new = make_new_headers(20_000)
    exported = codecs.export_csv(many)
    rows = codecs.parse(exported, name="x.csv")[:10_000]
    rows = [codecs.Row(row.line, row.locale, row.id, row.text + "!") for row in rows]

    def ask(ready: rules.Compiled, headers: list[str]) -> Callable[[], None]:
        def act() -> None:
            resolve = rules.resolve
            for header in headers:
                resolve(ready, header)

        return act

    def fresh(section: dict[str, Any], headers: list[str]) -> Callable[[], None]:
        def act() -> None:
            ask(rules.compiled(section), headers)()

        return act

    def tables() -> None:
        ready = rules.compiled(many)
        for locale in rules.locales(ready):
            ready.table(locale)

    rates = best(
        {
            "known headers, 1 variant": (len(asked), ask(ready_one, asked)),
            "known headers, 200 variants": (len(asked), ask(ready_many, asked)),
            "new mixtures, 200 variants": (len(mixed), fresh(many, mixed)),
            "new headers, 1 variant": (len(new), fresh(one, new)),
            "new headers, 200 variants": (len(new), fresh(many, new)),
            "tables built, 200 variants": (len(rules.locales(many)), tables),
            "rows judged": (len(rows), lambda: codecs.judge(many, rows)),
            "rows read from CSV": (200 * len(catalogue.phrases()), lambda: codecs.parse(exported, name="x.csv")),
        }
    )  # fmt: skip
    for name, rate in rates.items():
        print(f"{name:32} {rate:14,.0f} /s")
    met = min(rates["known headers, 200 variants"], rates["new headers, 200 variants"]) >= AIM
    print(
        f"aim: {AIM:,} resolutions a second with 200 variants, of headers never seen before as well: {'met' if met else 'MISSED'}"
    )
    result = {"rates": {name: round(rate) for name, rate in rates.items()}, "aim": AIM, "met": met}
    line = json.dumps(result)
    print(line)
    if arguments.json:
        arguments.json.write_text(line + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
