"""What the measurements share: servers of their own, load over HTTP, medians, and where results go."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import json
import math
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"


def arguments(description: str | None, name: str) -> argparse.ArgumentParser:
    """The options every measurement has. From here on a request to end is an exception: servers are ended, too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--json", type=Path, default=RESULTS / f"{name}.json", help="where the figures are written"
    )
    return parser


def write(path: Path, figures: dict[str, Any]) -> None:
    """The figures as JSON, with what the machine was doing: a busy machine makes slow figures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figures = {
        **figures,
        "processors": os.cpu_count(),
        "load_average": [round(value, 1) for value in os.getloadavg()],
    }
    path.write_text(json.dumps(figures, indent=1) + "\n")
    print(f"written to {path}")


def use_servers() -> None:
    """Name a PostgreSQL and a Redis in TEST_POSTGRES_URL and TEST_REDIS_URL: given ones, or durable ones that end with us."""
    if os.environ.get("TEST_POSTGRES_URL") and os.environ.get("TEST_REDIS_URL"):
        return
    state = ROOT / ".local" / f"bench-{os.getpid()}"
    servers = subprocess.Popen(
        [sys.executable, "-m", "chatadmin.run", "--servers-only", "--control", "--state", state],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": "", "GATEWAY_DATABASE_URL": "", "REDIS_URL": ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert servers.stdin is not None
    assert servers.stdout is not None

    def stop() -> None:
        assert servers.stdin is not None
        servers.stdin.close()
        try:
            servers.wait(15)
        except subprocess.TimeoutExpired:
            servers.kill()
            servers.wait()
        shutil.rmtree(state, ignore_errors=True)

    atexit.register(stop)
    said: list[str] = []
    for line in servers.stdout:
        if line.startswith("{"):
            ready = json.loads(line)
            os.environ["TEST_POSTGRES_URL"] = ready["postgres"]
            os.environ["TEST_REDIS_URL"] = ready["redis"]
            return
        said.append(line)
    raise SystemExit(f"no servers:\n{''.join(said)}")


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed; no interpolation."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


@dataclass(frozen=True)
class Load:
    """One round: requests a second, the latencies of the middle and of the slowest hundredth in milliseconds.

    `cost` is the server's processor time per request, in microseconds: other work on the machine hardly changes it.
    """

    rate: float
    p50: float
    p99: float
    cost: float


def load(url: str, headers: dict[str, str], *, connections: int, seconds: float, server: int) -> Load:
    """As many requests as are answered over this many connections that stay open. Any status but 200 ends the run.

    `server` is the process (with its children) whose processor time is counted.
    """
    tool = _wrk if shutil.which("wrk") else _own_load
    before = processor_seconds(server)
    count, rate, p50, p99 = tool(url, headers, connections, seconds)
    return Load(rate, p50, p99, (processor_seconds(server) - before) / count * 1e6)


def family(pid: int) -> list[psutil.Process]:
    """A process and its children."""
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def processor_seconds(pid: int) -> float:
    """User and system time of a process and its children so far."""
    return sum(times.user + times.system for times in (one.cpu_times() for one in family(pid)))


def load_tool() -> str:
    return (
        "wrk"
        if shutil.which("wrk")
        else "the loader of bench/support.py (slower than wrk: ratios come out closer to 1)"
    )


_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


#: Requests, requests a second, p50 and p99 in milliseconds.
Counted = tuple[int, float, float, float]


def _wrk(url: str, headers: dict[str, str], connections: int, seconds: float) -> Counted:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    said = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"{url} was not answered well:\n{said}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    count = re.search(r"(\d+) requests in", said)
    assert rate is not None, said
    assert count is not None, said

    def latency(share: str) -> float:
        found = re.search(rf"^\s+{share}%\s+([\d.]+)(us|ms|s|m)$", said, flags=re.MULTILINE)
        assert found is not None, said
        return float(found[1]) * _UNITS[found[2]]

    return int(count[1]), float(rate[1]), latency("50"), latency("99")


def _own_load(url: str, headers: dict[str, str], connections: int, seconds: float) -> Counted:
    """Threads that write a request and read an answer whose length the first answer told."""
    address = urlsplit(url)
    assert address.hostname is not None
    assert address.port is not None
    place = (address.hostname, address.port)
    path = address.path + (f"?{address.query}" if address.query else "")
    lines = [f"GET {path} HTTP/1.1", f"Host: {address.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    until = time.monotonic() + seconds
    times: list[float] = []
    failed: list[str] = []

    def work() -> None:
        with contextlib.closing(socket.create_connection(place, timeout=10)) as opened:
            while (begun := time.monotonic()) < until and not failed:
                opened.sendall(request)
                got = b""
                while b"\r\n\r\n" not in got:
                    got += opened.recv(65_536)
                head, _, body = got.partition(b"\r\n\r\n")
                length = re.search(rb"content-length: *(\d+)", head, flags=re.IGNORECASE)
                if not head.startswith(b"HTTP/1.1 200") or length is None:
                    failed.append(head.decode("latin-1"))
                    return
                left = int(length[1]) - len(body)
                while left > 0:
                    left -= len(opened.recv(left))
                times.append(time.monotonic() - begun)

    workers = [threading.Thread(target=work) for _ in range(connections)]
    begun = time.monotonic()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failed:
        raise SystemExit(f"{url} was not answered well:\n{failed[0]}")
    taken = time.monotonic() - begun
    return len(times), len(times) / taken, percentile(times, 0.5) * 1000, percentile(times, 0.99) * 1000


@contextlib.contextmanager
def serving(
    command: Sequence[str | Path], port: int, *, cwd: Path = ROOT, env: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A server process of ours, from when its port answers until the block ends."""
    process = subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{command[0]} does not serve")
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
