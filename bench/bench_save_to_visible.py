"""How long after « Save » visitors get it: one admin saving, then twenty at once, on a running stack of its own.

    python bench/bench_save_to_visible.py [--saves N] [--admins N] [--json FILE]

Each admin is a session of its own that posts the page « Customise CSS and JS » of a channel of its own, as a browser does,
one save after the other. Three times are taken of each save, all by the clock of this machine: `answer`, until the console
answers; `visible`, from sending the form until the worker has read the release back from the environment's public address;
`claimed`, the figure the page shows. Prints a table and one line of JSON. Aim: visible p50 ≤ 150 ms, p99 ≤ 500 ms.
"""

from __future__ import annotations

import argparse
import json
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


@dataclass
class Admin:
    """One session and its channel."""

    console: Console
    channel: str
    answers: list[float] = field(default_factory=list)
    visibles: list[float] = field(default_factory=list)
    claimed: list[int] = field(default_factory=list)


def save(stack: Stack, admin: Admin, number: int) -> None:
    """One save, from the form as it stands to the release as visitors get it."""
    css = f".ac-pushButton {{ border-radius: {number}px; }}\n" * 40
    js = f"window.addEventListener('load', function () {{ window.save = {number}; }});\n" * 20
    form = admin.console.look_form(admin.channel, css, custom_js=js)
    began = time.time()
    answer = admin.console.send_look(admin.channel, form)
    admin.answers.append(time.time() - began)
    assert answer.status_code == 200, answer.status_code
    until = time.monotonic() + 30
    while True:
        visible, claimed = delivered(stack, admin.channel, began)
        if visible is not None:
            break
        assert time.monotonic() < until, "never visible"
        time.sleep(0.25)
    admin.visibles.append(visible - began)
    admin.claimed.append(claimed)


def delivered(stack: Stack, channel: str, since: float) -> tuple[float | None, int]:
    rows = stack.sql(
        "SELECT extract(epoch FROM d.visible_at), d.visible_in_ms FROM publishing_delivery d "
        "JOIN channels_config_channel c ON c.id = d.channel_id "
        "WHERE c.public_id = %s AND d.environment = 'test' AND d.confirmed = d.wanted AND d.visible_at > to_timestamp(%s)",
        (channel, since),
    )
    return (float(rows[0][0]), int(rows[0][1])) if rows else (None, 0)


def run(stack: Stack, admins: list[Admin], saves: int) -> dict[str, Any]:
    for admin in admins:
        save(stack, admin, 1)
        admin.answers.clear()
        admin.visibles.clear()
        admin.claimed.clear()
    start = threading.Barrier(len(admins))

    def work(admin: Admin) -> None:
        start.wait()
        for number in range(saves):
            save(stack, admin, number + 2)

    threads = [threading.Thread(target=work, args=(admin,)) for admin in admins]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    return {
        "admins": len(admins),
        "saves": sum(len(admin.visibles) for admin in admins),
        "saves_per_second": round(sum(len(admin.visibles) for admin in admins) / took, 1),
        "answer": quantiles([1000 * one for admin in admins for one in admin.answers]),
        "visible": quantiles([1000 * one for admin in admins for one in admin.visibles]),
        "claimed": quantiles([float(one) for admin in admins for one in admin.claimed]),
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
    parser.add_argument("--saves", type=int, default=20, help="saves of each admin (%(default)s)")
    parser.add_argument("--admins", type=int, default=20, help="admins of the second round (%(default)s)")
    parser.add_argument("--json", type=Path, help="write the result there as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stack = stacks.start(Path(folder) / "stack")
        admins: list[Admin] = []
        try:
            for number in range(options.admins):
                console = signed_in(stack.console, stack.password)
                admins.append(Admin(console, console.create_channel(f"Bench {number}")))
            results = [run(stack, admins[:1], options.saves), run(stack, admins, options.saves)]
        finally:
            for admin in admins:
                admin.console.http.close()
            stack.stop()
            environment.stop()
    print(
        f"{'admins':>6} {'saves/s':>8}   "
        + "   ".join(f"{name:>22}" for name in ("answer ms", "visible ms", "claimed ms"))
    )
    for one in results:
        cells = (
            f"{one[name]['p50']:>7} {one[name]['p99']:>7} {one[name]['max']:>6}"
            for name in ("answer", "visible", "claimed")
        )
        print(f"{one['admins']:>6} {one['saves_per_second']:>8}   " + "   ".join(cells))
    print("       (each: p50, p99, max)")
    line = json.dumps({"bench": "save_to_visible", "results": results})
    print(line)
    if options.json:
        options.json.write_text(line + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
