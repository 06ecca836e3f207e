"""How fast and how large the block list is: 120,000 addresses and 40,000 networks, beside C radix trees in the same run.

    python bench/bench_ip_decisions.py [--json FILE]

Prints a table and one line of JSON. The radix trees (`py-radix`, `pytricia`) are compared where they can be imported; they are
no dependency of the project, so install them in an environment of their own. A tree only finds the longest prefix: it knows
nothing of exceptions, expiry or reasons. The rounds of all candidates are taken in turn, and the best processor
time of each is shown: other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import ipaddress
import json
import random
import socket
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ipblocking import entries, rules

NOW = 1_800_000_000.0
ROUNDS = 5


def make_lines(addresses: int, networks: int, seed: int = 7) -> list[str]:
    """A public list's look: mostly bare IPv4, some IPv6, networks of all lengths, reasons, exceptions, expiry."""
    chance = random.Random(seed)
    lines = []
    for number in range(addresses):
        if number % 12:
            lines.append(str(ipaddress.IPv4Address(chance.getrandbits(32))))
        else:
            lines.append(str(ipaddress.IPv6Address(0x2001 << 112 | chance.getrandbits(112))))
    for number in range(networks):
        if number % 8:
            prefix = chance.choice((16, 20, 22, 24, 24, 24, 26, 28, 29))
            network = ipaddress.ip_network((chance.getrandbits(32), prefix), strict=False)
        else:
            network = ipaddress.ip_network(
                (0x2001 << 112 | chance.getrandbits(112), chance.choice((32, 48, 56, 64))), strict=False
            )
        suffix = (" # liste publique", "", "", " until 2030-01-01T00:00Z", " # abus signalé")[number % 5]
        lines.append(("allow " if number % 100 == 0 else "") + str(network) + suffix)
    chance.shuffle(lines)
    return lines


def make_questions(lines: list[str], count: int) -> list[str]:
    """Half random addresses, half from the list."""
    chance = random.Random(11)
    listed = [line for line in lines if " " not in line and "/" not in line]
    return [
        chance.choice(listed) if number % 2 else str(ipaddress.IPv4Address(chance.getrandbits(32)))
        for number in range(count)
    ]


def best(rounds: dict[str, Callable[[], object]], times: int) -> dict[str, float]:
    """The best processor time of each, in seconds; the rounds are taken in turn, so that a busy moment hits all alike."""
    found: dict[str, float] = {}
    for _ in range(times):
        for name, run in rounds.items():
            gc.collect()
            start = time.process_time()
            run()
            found[name] = min(found.get(name, 1e9), time.process_time() - start)
    return found


def resident() -> int:
    """This process's resident bytes."""
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * 4096


def trees(lines: list[str]) -> dict[str, Callable[[str], Any]]:
    """Look-ups of the radix trees that can be imported, holding the same networks."""
    networks = [line.removeprefix("allow ").split(" ")[0] for line in lines]
    found: dict[str, Callable[[str], Any]] = {}
    try:
        radix = importlib.import_module("radix").Radix()
        for network in networks:
            radix.add(network)
        found["py-radix (C)"] = radix.search_best
    except ImportError:
        print("py-radix is not installed here; left out")
    try:
        pytricia = importlib.import_module("pytricia")
        four, six = pytricia.PyTricia(32, socket.AF_INET), pytricia.PyTricia(128, socket.AF_INET6)
        for network in networks:
            (six if ":" in network else four)[network] = True
        found["pytricia (C)"] = lambda address: (six if ":" in address else four).get(address)
    except ImportError:
        print("pytricia is not installed here; left out")
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", type=Path, help="write the figures to this file, too")
    arguments.add_argument("--addresses", type=int, default=120_000)
    arguments.add_argument("--networks", type=int, default=40_000)
    options = arguments.parse_args()
    lines = make_lines(options.addresses, options.networks)
    text = "\n".join(lines)
    steps = best({"parse": lambda: entries.parse(text, now=NOW)}, 3)
    parsed = entries.parse(text, now=NOW)
    lines_kept = entries.to_lines(parsed.entries)
    section = entries.section(lines_kept)
    steps |= best(
        {
            "to_lines": lambda: entries.to_lines(parsed.entries),
            "check": lambda: entries.problems(section),
            "compile": lambda: rules.compile(section),
        },
        3,
    )
    document = json.dumps(section)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    matcher = rules.Matcher(parsed.entries)
    gc.collect()
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    questions = make_questions(lines, 50_000)

    def ask(look: Callable[[str], Any]) -> Callable[[], object]:
        def run() -> None:
            for question in questions:
                look(question)

        return run

    candidates: dict[str, Callable[[], object]] = {
        "matcher.blocked": ask(lambda address: matcher.blocked(address, NOW))
    }
    compared = trees(lines)
    candidates |= {name: ask(look) for name, look in compared.items()}
    decisions = {name: seconds / len(questions) * 1e6 for name, seconds in best(candidates, ROUNDS).items()}
    ours = decisions["matcher.blocked"]
    for name, look in compared.items():
        # The same question, so the same answer wherever no exception or expiry has a say.
        differing = sum((look(q) is not None) != (matcher.covering(q, NOW) != []) for q in questions[:5_000])
        if differing:
            raise SystemExit(f"{name} differs on {differing} of 5,000 addresses")
    figures = {
        "lines": len(lines),
        "entries": len(parsed.entries),
        "seconds": {name: round(value, 3) for name, value in steps.items()},
        "section_megabytes": round(len(document) / 1e6, 1),
        "matcher_megabytes": round(held / 1e6, 1),
        "resident_megabytes": round(resident() / 1e6, 1),
        "microseconds_per_decision": {name: round(value, 2) for name, value in decisions.items()},
        "ratio_to_ours": {name: round(ours / value, 2) for name, value in decisions.items()},
    }
    print(
        f"\n{len(lines):,} lines, {len(parsed.entries):,} entries, section of {figures['section_megabytes']} MB"
    )
    for name, value in steps.items():
        print(f"  {name:<24}{value:8.3f} s")
    print(f"  {'matcher holds':<24}{held / 1e6:8.1f} MB   (aim: 60)")
    print(f"\n  {'one decision':<24}{'µs':>8}{'ours is x times that':>24}")
    for name, value in decisions.items():
        print(f"  {name:<24}{value:8.2f}{ours / value:24.2f}")
    print(json.dumps(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
