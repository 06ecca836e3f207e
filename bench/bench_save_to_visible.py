"""How long after « Save » visitors get it, with one admin and with twenty, on a running stack of its own.

    python bench/bench_save_to_visible.py [--rounds N] [--admins N] [--json FILE]

Each admin is a session of its own with a channel of its own, and has the page « Customise CSS and JS » open; a save sends it as its
script does. Three kinds of round take turns: one admin; all of them within two seconds, each when it happens; all of them in the
very same instant, the worst there is. Three times are taken of each save, by the clock of this machine: `answer`, until
the console answers; `visible`, from sending the form until the worker has read the release back from the environment's public
address; `claimed`, the figure the page shows. `cpu` is the processor time that a
save costs each process: unlike the times it does not depend on what else the machine does.

Prints a table and one line of JSON. Aim: visible p50 ≤ 150 ms, p99 ≤ 500 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests import environment
from tests import stack as stacks
from tests.console_client import Console, signed_in
from tests.stack import Stack

#: Seconds over which the saves of a round are spread that is not all at once.
WITHIN = 2.0
PROCESSES = ("console", "worker", "test-env", "beat", "redis", "postgres")


@dataclass
class Admin:
    """One session and its channel."""

    console: Console
    channel: str


@dataclass
class Times:
    """Of every save of one kind of round, in milliseconds."""

    answer: list[float] = field(default_factory=list)
    visible: list[float] = field(default_factory=list)
    claimed: list[float] = field(default_factory=list)
    cpu: dict[str, float] = field(default_factory=dict)


def one_round(stack: Stack, admins: list[Admin], number: int, times: Times, *, within: float = 0) -> None:
    """All of them save within so many seconds; returns once every release is visible."""
    css = f".ac-pushButton {{ border-radius: {number}px; }}\n" * 40
    js = f"window.addEventListener('load', function () {{ window.save = {number}; }});\n" * 20
    forms = [admin.console.look_form(admin.channel, css, custom_js=js) for admin in admins]
    together = threading.Barrier(len(admins))
    began: dict[str, float] = {}
    before = cpu(stack)

    def save(admin: Admin, form: dict[str, str]) -> None:
        together.wait()
        time.sleep(random.uniform(0, within))
        began[admin.channel] = time.time()
        answer = admin.console.send_look(admin.channel, form)
        times.answer.append(1000 * (time.time() - began[admin.channel]))
        assert answer.status_code == 200, answer.status_code

    threads = [threading.Thread(target=save, args=pair) for pair in zip(admins, forms, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for channel, (visible, claimed) in delivered(stack, began).items():
        times.visible.append(1000 * (visible - began[channel]))
        times.claimed.append(claimed)
    for name, spent in cpu(stack).items():
        times.cpu[name] = times.cpu.get(name, 0) + spent - before[name]


def delivered(stack: Stack, began: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Channel -> when it was visible (seconds since 1970), and how long the page says it took (ms)."""
    until = time.monotonic() + 60
    while True:
        rows = stack.sql(
            "SELECT c.public_id, extract(epoch FROM d.visible_at), d.visible_in_ms FROM publishing_delivery d "
            "JOIN channels_config_channel c ON c.id = d.channel_id WHERE c.public_id = ANY(%s) "
            "AND d.environment = 'test' AND d.confirmed = d.wanted AND d.visible_at > to_timestamp(%s)",
            (list(began), min(began.values())),
        )
        if len(rows) == len(began):
            return {str(row[0]): (float(row[1]), float(row[2])) for row in rows}
        assert time.monotonic() < until, "some save was never visible"
        time.sleep(0.2)


def cpu(stack: Stack) -> dict[str, float]:
    """Processor milliseconds that each process has used so far, its children included."""
    return {name: _cpu_of(stack.pid(name)) for name in PROCESSES}


def _cpu_of(pid: int | None) -> float:
    if pid is None:
        return 0
    try:
        parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        listed = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return 0
    # utime, stime, and those of children that have ended.
    own = sum(int(part) for part in parts[11:15]) * 1000 / os.sysconf("SC_CLK_TCK")
    return own + sum(_cpu_of(int(child)) for children in listed for child in children)


def result(admins: str, times: Times) -> dict[str, Any]:
    saves = len(times.visible)
    return {
        "admins": admins,
        "saves": saves,
        **{name: quantiles(getattr(times, name)) for name in ("answer", "visible", "claimed")},
        "cpu": {name: round(spent / saves, 1) for name, spent in times.cpu.items()},
    }


def quantiles(values: list[float]) -> dict[str, float]:
    """Milliseconds."""
    values = sorted(values)
    return {
        "p50": round(values[len(values) // 2], 1),
        "p99": round(values[min(len(values) - 1, int(len(values) * 0.99))], 1),
        "max": round(values[-1], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15, help="rounds of all admins (%(default)s)")
    parser.add_argument("--admins", type=int, default=20, help="how many (%(default)s)")
    parser.add_argument("--json", type=Path, help="write the result there as well")
    options = parser.parse_args()
    alone, spread, together = Times(), Times(), Times()
    admins: list[Admin] = []
    with tempfile.TemporaryDirectory() as folder:
        stack = stacks.start(Path(folder) / "stack")
        try:
            for number in range(options.admins):
                console = signed_in(stack.console, stack.password)
                admins.append(Admin(console, console.create_channel(f"Bench {number}")))
            one_round(stack, admins, 1, Times())
            for number in range(options.rounds):
                for again in range(5):
                    one_round(stack, admins[:1], 10 * number + again + 10, alone)
                one_round(stack, admins, 10 * number + 18, spread, within=WITHIN)
                one_round(stack, admins, 10 * number + 19, together)
        finally:
            for admin in admins:
                admin.console.http.close()
            stack.stop()
            environment.stop()
    results = [
        result("one", alone),
        result(f"{len(admins)} within {WITHIN:g} s", spread),
        result(f"{len(admins)} at once", together),
    ]
    table(results)
    line = json.dumps({"bench": "save_to_visible", "results": results})
    print(line)
    if options.json:
        options.json.write_text(line + "\n", encoding="utf-8")


def table(results: list[dict[str, Any]]) -> None:
    names = ("answer", "visible", "claimed")
    print(f"{'admins':>14}   " + "   ".join(f"{name + ' ms p50/p99/max':>26}" for name in names))
    for one in results:
        cells = (f"{one[name]['p50']:>9} {one[name]['p99']:>8} {one[name]['max']:>7}" for name in names)
        print(f"{one['admins']:>14}   " + "   ".join(cells))
    for one in results:
        spent = ", ".join(f"{name} {value}" for name, value in one["cpu"].items())
        print(f"{one['admins']:>14}   cpu ms a save: {spent}; together {round(sum(one['cpu'].values()), 1)}")


if __name__ == "__main__":
    main()
