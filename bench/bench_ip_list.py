"""A list of 160,000 entries pasted into the page: until it is saved, until it is visible; and a storm of sockets it turns away.

    python bench/bench_ip_list.py [--rounds N] [--sockets N] [--json FILE]

On a running stack of its own. `saved` is from sending the form until the console has answered, `visible` from that answer until the
worker has read the release back from the environment's public address; the first round is a list where there was none, the others
change a tenth of it. `again` is a save of another area of the same channel. `resident` is what the environment's process grew by.
The storm: sockets opened one after the other to a channel that blocks this machine, and to one that does not (opened with
AuthorizeCustomer, as the older flow does); compared is the processor time of the environment's process.

Aims: saved ≤ 5 s, visible ≤ 2 s after, ≤ 60 MB, a refused socket ≤ 1/3 of an accepted one.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from bench import support
from bench.bench_ip_decisions import make_lines
from bench.bench_save_to_visible import cpu
from tests import stack as stacks
from tests.console_client import Console, signed_in
from tests.stack import Stack


def save(console: Console, channel: str, text: str) -> float:
    """Seconds until the console has answered."""
    path = f"/o/{console.brand}/acd/digital/chat/{channel}/addresses/"
    page = console.http.get(path).text
    fields = {
        name: found[1]
        for name in ("csrfmiddlewaretoken", "version")
        if (found := re.search(rf'name="{name}" value="([^"]+)"', page))
    }
    files = {name: (None, value) for name, value in {**fields, "source": text, "file_mode": "add"}.items()}
    start = time.perf_counter()
    answer = console.http.post(
        path, files=files, headers={"Referer": str(console.http.base_url), "HX-Request": "true"}, timeout=120
    )
    spent = time.perf_counter() - start
    if answer.status_code == 422 and (asked := re.search(r'name="confirmed" value="([^"]+)"', answer.text)):
        # Random networks meet private ranges: agree, as a person would.
        files["confirmed"] = (None, asked[1])
        start = time.perf_counter()
        answer = console.http.post(
            path,
            files=files,
            headers={"Referer": str(console.http.base_url), "HX-Request": "true"},
            timeout=120,
        )
        spent = time.perf_counter() - start
    assert answer.status_code == 200, (answer.status_code, answer.text[:1000])
    return spent


def visible(stack: Stack, channel: str, since: float) -> float:
    """Seconds from `since` (1970) until the newest release was visible."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        rows = stack.sql(
            "SELECT extract(epoch FROM d.visible_at) FROM publishing_delivery d "
            "JOIN channels_config_channel c ON c.id = d.channel_id WHERE c.public_id = %s "
            "AND d.environment = 'test' AND d.confirmed = d.wanted AND d.confirmed = "
            "(SELECT max(number) FROM publishing_release r WHERE r.channel_id = c.id)",
            (channel,),
        )
        if rows and rows[0][0] is not None:
            return max(0.0, float(rows[0][0]) - since)
        time.sleep(0.05)
    raise SystemExit("the list never became visible")


def resident(stack: Stack) -> float:
    """Resident MB of the environment's process and its children."""
    process = psutil.Process(stack.pid("test-env"))
    return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)]) / 1e6


def storm(stack: Stack, channel: str, count: int, *, accepted: bool) -> float:
    """Processor milliseconds of the environment for each socket."""
    address = f"{stack.test.replace('http', 'ws')}/ws?v=1&sdkPlatform=web&brandId=1009&channelId={channel}"
    before = cpu(stack)["test-env"]
    for _ in range(count):
        customer = str(uuid.uuid4())
        with connect(
            f"{address}&visitorId={customer}&customerId={customer}", proxy=None, compression=None
        ) as one:
            if accepted:
                one.send(
                    json.dumps(
                        {
                            "action": "register",
                            "eventId": customer,
                            "payload": {
                                "eventType": "AuthorizeCustomer",
                                "brand": {"id": 1009},
                                "channel": {"id": channel},
                                "consumerIdentity": {"idOnExternalPlatform": customer},
                                "data": {"authorization": {}},
                            },
                        }
                    )
                )
                assert "ConsumerAuthorized" in str(one.recv(10))
            else:
                assert "ip_blocked" in str(one.recv(10))
                try:
                    one.recv(10)
                except ConnectionClosed as closed:
                    assert closed.rcvd is not None
                    assert closed.rcvd.code == 4403
    return (cpu(stack)["test-env"] - before) / count


def measure(options: argparse.Namespace, stack: Stack) -> dict[str, Any]:
    console = signed_in(stack.console, stack.password)
    channel = console.create_channel("Une longue liste")
    lines = make_lines(120_000, 40_000)
    # This machine stays outside, or nobody could measure.
    lines = ["allow 127.0.0.0/8", *(line for line in lines if not line.startswith(("127.", "0.")))]
    visible(stack, channel, 0)
    weight = resident(stack)
    saved, shown, again = [], [], []
    spent: dict[str, float] = {}
    for number in range(options.rounds):
        text = "\n".join(lines[: len(lines) - number * len(lines) // 10])
        before = cpu(stack)
        saved.append(save(console, channel, text))
        shown.append(visible(stack, channel, time.time()))
        if not number:
            spent = {name: round((used - before[name]) / 1000, 2) for name, used in cpu(stack).items()}
        began = time.time()
        start = time.perf_counter()
        console.save_css(channel, f".x{number} {{ color: red }}")
        again.append(time.perf_counter() - start)
        visible(stack, channel, began)
    # Until the environment has given back what reading the lists took.
    time.sleep(4)
    grown = resident(stack) - weight
    blocking, open_to_all = console.create_channel("Tempête"), console.create_channel("Ouvert")
    save(console, blocking, "127.0.0.0/8")
    for one in (blocking, open_to_all):
        visible(stack, one, 0)
    storms: dict[str, list[float]] = {"refused": [], "accepted": []}
    for _ in range(5):
        storms["refused"].append(storm(stack, blocking, options.sockets, accepted=False))
        storms["accepted"].append(storm(stack, open_to_all, options.sockets, accepted=True))
    refused, accepted = (statistics.median(storms[name]) for name in ("refused", "accepted"))
    return {
        "lines": len(lines),
        "seconds": {
            "saved_first": round(saved[0], 2),
            "saved_changed": [round(one, 2) for one in saved[1:]],
            "visible_after": [round(one, 2) for one in shown],
            "another_area_saved": [round(one, 2) for one in again],
        },
        "processor_seconds_of_the_first_save": spent,
        "resident_megabytes_grown": round(grown, 1),
        "socket_milliseconds": {"refused": round(refused, 2), "accepted": round(accepted, 2)},
        "refused_to_accepted": round(refused / accepted, 2),
    }


def main() -> None:
    parser = support.arguments(__doc__, "ip_list")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sockets", type=int, default=200)
    options = parser.parse_args()
    support.use_servers()
    with tempfile.TemporaryDirectory() as folder:
        stack = stacks.start(Path(folder) / "stack")
        try:
            figures = measure(options, stack)
        finally:
            stack.stop()
    print(json.dumps(figures, indent=1))
    support.write(options.json, figures)


if __name__ == "__main__":
    main()
