"""Where releases are on their way: per environment and region, how long they took over the last thirty days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Case, Count, F, Max, Min, Q, QuerySet, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import Promise

from kit.plain_text import Plain, plain
from publishing.environments import environments
from publishing.models import DUE, Delivery, EnvironmentName
from publishing.sentences import error_sentence
from tenants.scope import current_tenant_id

DAYS = 30
PER_PAGE = 25
STATES = ("all", "waiting", "failed")
#: The chart's field, in its own units.
WIDTH, HEIGHT = 300, 60


@dataclass(frozen=True)
class Bar:
    """One day of the chart: the median as a bar, the slowest twentieth as a mark above it."""

    day: date
    count: int
    p50: int
    p95: int
    x: float
    height: float
    mark: float


@dataclass(frozen=True)
class Place:
    """One region of one environment, as a whole. `since` is when the first of what it lacks was wanted."""

    environment: str
    label: str | Promise
    region: str
    total: int
    waiting: int
    failed: int
    behind: int
    since: datetime | None
    #: When the first of what failed there is tried again.
    next_attempt: datetime | None
    bars: list[Bar]
    slowest: int
    p50: int | None
    p95: int | None


@dataclass(frozen=True)
class Row:
    """One delivery, for people."""

    delivery: Delivery
    label: str | Promise
    error: str
    state: str


def places() -> list[Place]:
    """Every configured region, whether or not something was delivered there; two queries and one for the charts."""
    counted: dict[tuple[str, str], dict[str, Any]] = {
        (row["environment"], row["region"]): dict(row)
        for row in Delivery.objects.order_by()
        .values("environment", "region")
        .annotate(
            total=Count("pk"),
            waiting=Count("pk", filter=DUE),
            failed=Count("pk", filter=DUE & ~Q(last_error="")),
            since=Min(Coalesce("due_since", "wanted_at"), filter=DUE),
            next_attempt=Min("next_attempt_at", filter=DUE & ~Q(last_error="")),
            most_behind=Max(F("wanted") - F("confirmed"), filter=DUE),
        )
    }
    days = _days()
    found = []
    for environment in environments().values():
        for place in environment.places:
            key = (environment.name, place.name)
            row = counted.get(key, {})
            bars, slowest = _bars(days.get(key, {}))
            found.append(
                Place(
                    environment=environment.name,
                    label=EnvironmentName(environment.name).label,
                    region=place.name,
                    total=row.get("total", 0),
                    waiting=row.get("waiting", 0),
                    failed=row.get("failed", 0),
                    behind=max(0, row.get("most_behind") or 0),
                    since=row.get("since"),
                    next_attempt=row.get("next_attempt"),
                    bars=bars,
                    slowest=slowest,
                    p50=_typical([bar.p50 for bar in bars if bar.count]),
                    p95=max((bar.p95 for bar in bars if bar.count), default=None),
                )
            )
    return found


def listed(environment: str, region: str | None, state: str, words: str = "") -> QuerySet[Delivery]:
    """Deliveries that fit: those with something still to deliver first, then what was wanted last."""
    found = Delivery.objects.select_related("channel").filter(channel__deleted_at=None)
    if environment in EnvironmentName.values:
        found = found.filter(environment=environment)
    if region is not None:
        found = found.filter(region=region)
    if words:
        found = found.alias(plain_name=Plain("channel__name")).filter(
            Q(plain_name__contains=plain(words)) | Q(channel__public_id=words)
        )
    if state in {"waiting", "failed"}:
        found = found.filter(DUE)
    if state == "failed":
        found = found.exclude(last_error="")
    return found.order_by(Case(When(DUE, then=0), default=1), "-wanted_at", "pk")


def row_of(delivery: Delivery) -> Row:
    state = "up_to_date"
    if delivery.due:
        state = "failed" if delivery.last_error else "pending"
    return Row(delivery, EnvironmentName(delivery.environment).label, error_sentence(delivery), state)


def _days() -> dict[tuple[str, str], dict[date, tuple[int, int, int]]]:
    """(environment, region) -> day (UTC) -> (count, median, 95th percentile) of milliseconds until visible."""
    found: dict[tuple[str, str], dict[date, tuple[int, int, int]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT environment, region, (visible_at AT TIME ZONE 'UTC')::date, count(*), "
            "percentile_disc(0.5) WITHIN GROUP (ORDER BY visible_in_ms), "
            "percentile_disc(0.95) WITHIN GROUP (ORDER BY visible_in_ms) "
            "FROM publishing_arrival WHERE tenant_id = %s AND visible_at >= %s GROUP BY 1, 2, 3",
            [current_tenant_id(), _first_day()],
        )
        for environment, region, day, count, p50, p95 in cursor.fetchall():
            found.setdefault((environment, region), {})[day] = (count, p50, p95)
    return found


def _first_day() -> datetime:
    return timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)


def _bars(days: dict[date, tuple[int, int, int]]) -> tuple[list[Bar], int]:
    slowest = max((p95 for _count, _p50, p95 in days.values()), default=0)
    first = _first_day().date()
    step = WIDTH / DAYS
    bars = []
    for number in range(DAYS):
        day = first + timedelta(days=number)
        count, p50, p95 = days.get(day, (0, 0, 0))
        height = max(1.0, HEIGHT * p50 / slowest) if count and slowest else 0.0
        mark = HEIGHT - HEIGHT * p95 / slowest if count and slowest else 0.0
        bars.append(Bar(day, count, p50, p95, round(number * step + 1, 1), round(height, 1), round(mark, 1)))
    return bars, slowest


def _typical(values: list[int]) -> int | None:
    return sorted(values)[len(values) // 2] if values else None
