"""Publication at size: many channels compiled and pushed by two workers, the console's pages over many organisations, a long history.

    python bench/bench_publication.py [--channels N] [--organisations N] [--per-organisation N] [--releases N] [--json FILE]

Starts a stack of its own. `push`: releases of N channels are numbered by two processes, then two processes deliver them to the test environment as the
worker does (compile, encrypt, sign, push, read back); memory is what the two hold at the tenth and at the last part of their work.
`pages`: lists of one organisation among many, by Django's own client in this process (no server, no network): statements without
those that open and close the scope, times of 60 requests. `history`: a channel with N releases, its first page and one deep inside.

Aims: 300 channels a second, memory flat; at most 12 statements, p95 at most 80 ms; a deep page as fast as the first.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil
import psycopg

from bench import support
from tests import environment
from tests import stack as stacks
from tests.stack import Stack

CSS = ".ac-pushButton { border-radius: 4px; }\n" * 40
REQUESTS = 60


def use(stack: Stack) -> None:
    """Take over the settings of the stack's worker, so that this process is one."""
    pid = stack.pid("worker")
    pairs = Path(f"/proc/{pid}/environ").read_text().split("\0")
    for name, found, value in (pair.partition("=") for pair in pairs):
        if found:
            os.environ[name] = value
    os.environ["DJANGO_SETTINGS_MODULE"] = "chatadmin.settings"
    os.environ["LOG_LEVEL"] = "ERROR"
    import django  # noqa: PLC0415
    import structlog  # noqa: PLC0415 - after the settings are known

    django.setup()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))


def fill(stack: Stack, organisations: int, per_organisation: int) -> list[int]:
    """Organisations with channels, as their owner writes them; returns the organisations' ids."""
    with psycopg.connect(stack.database_owner_url, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO tenants_organisation (number, name, time_zone, created_at) "
            "SELECT 100000 + n, 'Organisation ' || n, 'America/Toronto', now() FROM generate_series(1, %s) n",
            [organisations],
        )
        owner.execute(
            "INSERT INTO channels_config_channel (tenant_id, public_id, name, kind, created_at) "
            "SELECT o.id, 'chat_' || gen_random_uuid(), 'Canal ' || n, 'messaging', now() "
            "FROM tenants_organisation o, generate_series(1, %s) n WHERE o.number > 100000",
            [per_organisation],
        )
        owner.execute("ANALYZE")
        rows = owner.execute(
            "SELECT id FROM tenants_organisation WHERE number > 100000 ORDER BY id"
        ).fetchall()
    return [int(row[0]) for row in rows]


def push(stack: Stack, tenants: list[int], channels: int) -> dict[str, Any]:
    from django.db import connection  # noqa: PLC0415

    # The stack's own worker stays out of it.
    stack.hold("worker")
    stack.hold("beat")
    context = multiprocessing.get_context("fork")
    results: Any = context.Queue()
    connection.close()
    began = time.perf_counter()
    share = channels // 2
    numbering = [
        context.Process(target=number, args=(tenants[half::2], share + half * (channels % 2), results))
        for half in (0, 1)
    ]
    for one in numbering:
        one.start()
    work = [pair for _one in numbering for pair in results.get()]
    for one in numbering:
        one.join()
    numbered = time.perf_counter() - began
    before = support.processor_seconds(env := stack.pid("test-env") or 0)
    began = time.perf_counter()
    workers = [context.Process(target=deliver, args=(channels, results)) for _half in (0, 1)]
    for worker in workers:
        worker.start()
    told = [results.get() for _worker in workers]
    for worker in workers:
        worker.join()
    took = time.perf_counter() - began
    ((visible, failed),) = stack.sql(
        "SELECT count(*) FILTER (WHERE confirmed = wanted AND visible_at IS NOT NULL), "
        "count(*) FILTER (WHERE last_error <> '') FROM publishing_delivery WHERE id = ANY(%s)",
        ([delivery for _tenant, delivery in work],),
    )
    return {
        "channels": len(work),
        "numbered_per_second": round(len(work) / numbered, 1),
        "pushed_per_second": round(len(work) / took, 1),
        "visible": visible,
        "failed": failed,
        "megabytes_after_a_tenth": [one["early"] for one in told],
        "megabytes_at_the_end": [one["late"] for one in told],
        "cpu_ms_a_channel": round(1000 * sum(one["cpu"] for one in told) / len(work), 2),
        "load_average": [round(value, 1) for value in os.getloadavg()],
        "environment_cpu_ms_a_channel": round(
            1000 * (support.processor_seconds(env) - before) / len(work), 2
        ),
    }


def number(tenants: list[int], channels: int, results: Any) -> None:
    """Half of the releases, as a save numbers them; tells (organisation's id, delivery's id) of each."""
    from channels_config.models import Channel  # noqa: PLC0415
    from publishing import services  # noqa: PLC0415
    from publishing.models import Delivery  # noqa: PLC0415
    from tenants.scope import tenant_scope  # noqa: PLC0415

    services.nudge = lambda tenant_id, delivery_id: None  # type: ignore[attr-defined]
    work: list[tuple[int, int]] = []
    for tenant in tenants:
        if len(work) == channels:
            break
        with tenant_scope(tenant):
            for channel in Channel.objects.all()[: channels - len(work)]:
                services.publish(channel, areas=[], by=None)
                work.append((tenant, Delivery.objects.get(channel=channel).pk))
    results.put(work)


def deliver(channels: int, results: Any) -> None:
    """One worker: batch after batch until nothing is due."""
    from publishing import batches  # noqa: PLC0415

    own = psutil.Process()
    began = sum(own.cpu_times()[:2])
    number, early = 0, 0.0
    while batches.deliver_due():
        number += batches.AT_ONCE
        if not early and number >= channels // 20:
            # A tenth of what this half does.
            early = own.memory_info().rss / 2**20
    late = own.memory_info().rss / 2**20
    cpu = sum(own.cpu_times()[:2]) - began
    results.put({"early": round(early, 1), "late": round(late, 1), "cpu": cpu})


def pages(tenant: int, releases: int) -> list[dict[str, Any]]:
    from django.conf import settings  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from accounts.models import User  # noqa: PLC0415
    from channels_config.models import Channel  # noqa: PLC0415
    from publishing.models import Release  # noqa: PLC0415
    from publishing.services import newest_release  # noqa: PLC0415
    from tenants.models import Organisation  # noqa: PLC0415
    from tenants.roles import Role  # noqa: PLC0415
    from tenants.scope import tenant_scope  # noqa: PLC0415
    from tenants.services import admit  # noqa: PLC0415

    settings.ALLOWED_HOSTS = ["*"]
    with tenant_scope(tenant):
        user = User.objects.create_user(f"bench{tenant}@example.com", None)
        admit(user, role=Role.OWNER)
        number = Organisation.objects.get(pk=tenant).number
        channel = Channel.objects.order_by("pk")[0]
        first = newest_release(channel)
        assert first is not None
        facts, sections = first.channel_facts, first.sections
        Release.objects.bulk_create(
            [
                Release(
                    channel=channel,
                    number=one,
                    channel_facts=facts,
                    sections=sections,
                    digest=first.digest,
                    areas=["channels_config"],
                    author=user,
                    author_label=str(user),
                    note=f"Release {one}",
                    created_at=first.created_at,
                )
                for one in range(first.number + 1, releases + 1)
            ],
            batch_size=500,
        )
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user)
    chat = f"/o/{number}/acd/digital/chat/"
    history = f"{chat}{channel.public_id}/history/"
    addresses = {
        "overview": f"/o/{number}/",
        "channels": chat,
        "deliveries": f"{chat}deliveries/",
        "audit": f"/o/{number}/audit/",
        f"history, first of {releases}": history,
        f"history, before {releases // 2}": f"{history}?before={releases // 2}",
    }
    return [{"page": name, **measured(client, url)} for name, url in addresses.items()]


def measured(client: Any, url: str) -> dict[str, Any]:
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    assert client.get(url, secure=True).status_code == 200, url
    with CaptureQueriesContext(connection) as queries:
        client.get(url, secure=True)
    said = [one["sql"] for one in queries.captured_queries]
    times = []
    spent = time.process_time()
    for _number in range(REQUESTS):
        began = time.perf_counter()
        client.get(url, secure=True)
        times.append(1000 * (time.perf_counter() - began))
    spent = time.process_time() - spent
    times.sort()
    return {
        "statements": sum("set_config" not in one and one not in {"BEGIN", "COMMIT"} for one in said),
        "p50_ms": round(times[len(times) // 2], 1),
        "p95_ms": round(times[int(len(times) * 0.95)], 1),
        "cpu_ms": round(1000 * spent / REQUESTS, 1),
    }


def main() -> None:
    parser = support.arguments(__doc__, "publication")
    parser.add_argument("--channels", type=int, default=10_000, help="to push (%(default)s)")
    parser.add_argument("--organisations", type=int, default=1000)
    parser.add_argument("--per-organisation", type=int, default=20)
    parser.add_argument("--releases", type=int, default=5000, help="of the long history (%(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stack = stacks.start(Path(folder) / "stack")
        try:
            use(stack)
            tenants = fill(stack, options.organisations, options.per_organisation)
            pushed = push(stack, tenants, options.channels)
            listed = pages(tenants[0], options.releases)
        finally:
            stack.stop()
            environment.stop()
    print(json.dumps(pushed, indent=1))
    for one in listed:
        print(
            f"{one['page']:>28} {one['statements']:>3} statements  p50 {one['p50_ms']:>6} p95 {one['p95_ms']:>6} ms, "
            f"of this process {one['cpu_ms']:>5} ms"
        )
    support.write(options.json, {"bench": "publication", "push": pushed, "pages": listed})


if __name__ == "__main__":
    main()
