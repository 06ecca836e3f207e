"""What Prometheus reads at /metrics, per process."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector

registry = CollectorRegistry()
ProcessCollector(registry=registry)

pushes = Counter("gateway_pushes_total", "Snapshots that arrived, by answer.", ["answer"], registry=registry)
switches = Counter(
    "gateway_channel_switches_total", "Releases this process began to serve.", registry=registry
)
sockets = Gauge("gateway_sockets", "Open WebSockets.", ["side"], registry=registry)
refusals = Counter("gateway_refusals_total", "Visitors turned away, by code.", ["code"], registry=registry)
messages = Counter("gateway_messages_total", "Messages stored.", ["author"], registry=registry)
files = Counter("gateway_files_total", "Uploads, by verdict.", ["verdict"], registry=registry)
events = Histogram(
    "gateway_event_seconds",
    "From a client event's arrival to its answer.",
    ["event"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
    registry=registry,
)
fanout_failures = Counter("gateway_fanout_failures_total", "Events Redis did not take.", registry=registry)
uncounted_hits = Counter(
    "gateway_uncounted_address_hits_total",
    "Requests that met a rule of addresses and were not counted: too many rules in one second.",
    registry=registry,
)
resyncs = Counter(
    "gateway_resyncs_total",
    "Times open sockets were brought up to date from the database.",
    registry=registry,
)


class HotCounts:
    """Counts of the hot path: plain integers, because a Counter's lock costs as much as the answer itself."""

    def __init__(self) -> None:
        self.full = 0
        self.not_modified = 0
        self.refused = 0

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "gateway_channel_json", "Answers with channel JSON, by status.", labels=["status"]
        )
        for status, count in (("200", self.full), ("304", self.not_modified), ("refused", self.refused)):
            family.add_metric([status], count)
        yield family


hot = HotCounts()
registry.register(hot)


def exposition() -> bytes:
    """All metrics in Prometheus's text format."""
    return generate_latest(registry)
