"""Many deliveries at once: against a real environment, with a bad one among them, a region that is away, and a worker that dies."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from accounts.models import User
from channels_config.models import Channel
from channels_config.tests.factories import channel
from gateway.tests.environment import Environment, until
from publishing import batches, services
from publishing.models import Arrival, Delivery, Release
from publishing.snapshot import BATCH_TYPE
from publishing.tests.test_delivery import delivery_of, free_url, save, served
from publishing.tests.test_saving import save_css
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_is_away() -> Iterator[None]:
    batches._away.clear()
    yield
    batches._away.clear()


@pytest.fixture
def shop() -> Organisation:
    return organisation(name="Boutique")


@pytest.fixture
def alice(shop: Organisation) -> User:
    return member(shop, Role.ADMIN)


def several(of: Organisation, count: int, by: User) -> list[Channel]:
    """So many channels, each saved once and not delivered."""
    made = [channel(of, f"Canal {number}") for number in range(count)]
    with tenant_scope(of.pk):
        for number, one in enumerate(made):
            save_css(one, f"b {{ order: {number} }}", by)
    return made


def test_channels_of_several_organisations_are_delivered_in_one_request_and_noted_each(
    environments: dict[str, Environment], shop: Organisation, alice: User
) -> None:
    other = organisation(name="Bistro")
    bob = member(other, Role.ADMIN)
    channels = [(shop, one) for one in several(shop, 3, alice)] + [
        (other, one) for one in several(other, 2, bob)
    ]
    assert not batches.deliver_due()
    for number, (of, one) in enumerate(channels):
        answer = served(environments["test"], of.number, one)
        assert answer.headers["x-release"] == "1"
        assert answer.json()["customCss"] == f"b {{ order: {number % 3} }}"
        delivery = delivery_of(one)
        assert (delivery.confirmed, delivery.attempts, delivery.last_error) == (1, 0, "")
        assert delivery.visible_at is not None
        assert delivery.visible_in_ms == round(
            1000 * (delivery.visible_at - delivery.wanted_at).total_seconds()
        )
        with tenant_scope(of.pk):
            arrival = Arrival.objects.get(channel=one)
            assert (arrival.release, arrival.visible_at, arrival.attempts) == (1, delivery.visible_at, 1)
    assert not locks()


def test_there_is_more_when_a_batch_was_full_and_the_oldest_come_first(
    environments: dict[str, Environment], shop: Organisation, alice: User
) -> None:
    channels = several(shop, 3, alice)
    assert batches.deliver_due(2)
    assert [delivery_of(one).confirmed for one in channels] == [1, 1, 0]
    assert not batches.deliver_due(2)
    assert delivery_of(channels[2]).confirmed == 1


def test_a_batch_ends_where_it_would_be_too_large_and_the_rest_comes_with_the_next(
    environments: dict[str, Environment], shop: Organisation, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MOST_BYTES", 100)
    channels = several(shop, 2, alice)
    assert batches.deliver_due()
    assert sorted(delivery_of(one).confirmed for one in channels) == [0, 1]
    assert batches.deliver_due()
    assert [delivery_of(one).confirmed for one in channels] == [1, 1]
    assert not locks()


def test_one_the_environment_refuses_fails_alone(
    environments: dict[str, Environment], shop: Organisation, alice: User
) -> None:
    before, bad, after = several(shop, 3, alice)
    # The environment has another release under the same number.
    environments["test"].execute(
        "INSERT INTO gateway_publishedchannel (channel, brand, release, digest, removed, sealed) "
        "VALUES (%s, %s, 1, %s, false, '')",
        bad.public_id,
        shop.number,
        "0" * 64,
    )
    batches.deliver_due()
    assert [delivery_of(one).confirmed for one in (before, bad, after)] == [1, 0, 1]
    failed = delivery_of(bad)
    assert (failed.last_error, failed.attempts) == ("conflict", 1)
    assert failed.next_attempt_at > timezone.now()
    assert not locks()


def test_one_that_cannot_be_compiled_fails_alone_and_is_not_tried_without_a_pause(
    environments: dict[str, Environment], shop: Organisation, alice: User
) -> None:
    good, bad = several(shop, 2, alice)
    with tenant_scope(shop.pk):
        whole = Release.objects.get(channel=bad)
        Release.objects.create(
            channel=bad,
            number=2,
            channel_facts=whole.channel_facts,
            sections={**whole.sections, "channels_config": {"format": 1}},
            digest="0" * 64,
            author_label="",
            created_at=timezone.now(),
        )
        Delivery.objects.filter(channel=bad).update(wanted=2)
    batches.deliver_due()
    assert delivery_of(good).confirmed == 1
    failed = delivery_of(bad)
    assert (failed.last_error, failed.attempts, failed.confirmed) == ("not_compiled", 1, 0)
    assert services.deliver_until_current(shop.pk, failed.pk) == "failed"
    assert not locks()


def test_a_region_that_is_away_keeps_no_other_waiting_and_is_left_alone_for_a_moment(
    environments: dict[str, Environment], settings: Any, shop: Organisation, alice: User
) -> None:
    here, away = environments["test"].url, free_url()
    regions = [
        {"name": "ca", "push_url": here, "public_url": here},
        {"name": "eu", "push_url": away, "public_url": away},
    ]
    settings.ENVIRONMENTS = [{**settings.ENVIRONMENTS[0], "regions": regions}, settings.ENVIRONMENTS[1]]
    first = several(shop, 2, alice)
    batches.deliver_due()

    def states(one: Channel) -> list[tuple[str, int, str]]:
        with tenant_scope(shop.pk):
            found = Delivery.objects.filter(channel=one).order_by("region")
            return [(each.region, each.confirmed, each.last_error) for each in found]

    for one in first:
        assert states(one) == [("ca", 1, ""), ("eu", 0, "unreachable")]
    later = channel(shop, "Plus tard")
    save(later, "b { order: 9 }", alice)
    batches.deliver_due()
    # Nothing was sent there again, so nothing has failed there either.
    assert states(later) == [("ca", 1, ""), ("eu", 0, "")]
    regions[1].update(push_url=here, public_url=here)
    batches._away.clear()
    with tenant_scope(shop.pk):
        Delivery.objects.update(next_attempt_at=timezone.now())
    batches.deliver_due()
    for one in (*first, later):
        assert states(one) == [("ca", 1, ""), ("eu", 1, "")]


def test_a_nudged_delivery_takes_a_few_others_along_and_comes_first(
    old: Old,
    publish_to: Callable[..., None],
    shop: Organisation,
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish_to(test=old.url)
    old.act = lambda kind, body: (200, answers(body))
    channels = several(shop, 4, alice)
    monkeypatch.setattr(batches, "TAKEN_ALONG", 2)
    assert batches.deliver_now(shop.pk, delivery_of(channels[3]).pk)
    assert [delivery_of(one).confirmed for one in channels] == [1, 1, 0, 1]
    # However little fits into a batch, the one that was asked for does.
    monkeypatch.setattr(batches, "MOST_BYTES", 1)
    late = channel(shop, "Tard")
    save(late, "b { order: 9 }", alice)
    assert batches.deliver_now(shop.pk, delivery_of(late).pk)
    assert [delivery_of(one).confirmed for one in (channels[2], late)] == [0, 1]
    assert not locks()


def test_what_another_worker_has_in_hand_is_left_to_it(
    environments: dict[str, Environment], shop: Organisation, alice: User
) -> None:
    mine, taken = several(shop, 2, alice)
    with psycopg.connect(**server(), autocommit=True) as other:
        other.execute(
            "SELECT pg_advisory_lock(%s, %s)", (services.DeliveryLock.SPACE, delivery_of(taken).pk % 2**31)
        )
        batches.deliver_due()
        assert (delivery_of(mine).confirmed, delivery_of(taken).confirmed) == (1, 0)
        assert not batches.deliver_now(shop.pk, delivery_of(taken).pk)
    # That worker died: its session ends, and with it its lock.
    until(lambda: not locks(anywhere=True))
    batches.deliver_due()
    assert delivery_of(taken).confirmed == 1


def server() -> dict[str, Any]:
    """How a session of its own comes to the tests' database."""
    params = connection.get_connection_params()
    return {name: params[name] for name in ("dbname", "user", "password", "host", "port") if name in params}


def locks(*, anywhere: bool = False) -> list[tuple[Any, ...]]:
    """Delivery locks of this database that this session holds, or anybody."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND (pid = pg_backend_pid() OR %s) "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [services.DeliveryLock.SPACE, anywhere],
        )
        return list(cursor.fetchall())


# --- while a batch is under way ---


class Old(ThreadingHTTPServer):
    """An environment by HTTP alone, of the version that knows single snapshots, or of a later one: `act` answers a push."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.act: Callable[[str, bytes], tuple[int, Any]] = lambda kind, body: (200, {"status": "stored"})
        self.pushes: list[str] = []
        self.shown = 1
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Answer(BaseHTTPRequestHandler):
    server: Old
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.pushes.append(self.headers["Content-Type"])
        status, answer = self.server.act(self.headers["Content-Type"], body)
        told = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("X-Release", str(self.server.shown))
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def old() -> Iterator[Old]:
    server = Old()
    yield server
    server.shutdown()
    server.server_close()


def test_an_environment_that_knows_no_batches_gets_them_one_by_one(
    old: Old, publish_to: Callable[..., None], shop: Organisation, alice: User
) -> None:
    old.act = lambda kind, body: (
        (400, {"code": "malformed"}) if kind == BATCH_TYPE else (200, {"status": "stored"})
    )
    publish_to(test=old.url)
    channels = several(shop, 2, alice)
    batches.deliver_due()
    assert [delivery_of(one).confirmed for one in channels] == [1, 1]
    assert len(old.pushes) == 3


@pytest.mark.parametrize("answer", [{}, {"answers": []}, {"answers": [{"status": 200}]}, [], None])
def test_an_answer_nobody_can_read_is_a_failure_of_all(
    old: Old, publish_to: Callable[..., None], shop: Organisation, alice: User, answer: Any
) -> None:
    old.act = lambda kind, body: (200, answer)
    publish_to(test=old.url)
    (one,) = several(shop, 1, alice)
    batches.deliver_due()
    assert delivery_of(one).last_error == "malformed_answer"


def answers(body: bytes) -> dict[str, Any]:
    return {"answers": [{"status": 200, "body": {"status": "stored"}} for _ in body.split(b"\n")]}


@pytest.mark.django_db(transaction=True)
def test_a_save_in_the_middle_of_a_batch_waits_for_nothing_and_is_delivered_with_it(
    old: Old, publish_to: Callable[..., None]
) -> None:
    shop = organisation(name="Boutique")
    alice = member(shop, Role.ADMIN)
    publish_to(test=old.url)
    saved, other = several(shop, 2, alice)
    during: list[str] = []

    def act(kind: str, body: bytes) -> tuple[int, Any]:
        if kind != BATCH_TYPE:
            return 200, {"status": "stored"}

        def save_now() -> None:
            try:
                save(saved, "b { order: 77 }", alice)
                # Its own worker finds the delivery in hand, and leaves it.
                during.append(str(batches.deliver_now(shop.pk, delivery_of(saved).pk)))
            finally:
                connection.close()

        thread = threading.Thread(target=save_now)
        thread.start()
        thread.join(30)
        old.shown = 2
        return 200, answers(body)

    old.act = act
    batches.deliver_due()
    assert during == ["False"]
    delivery = delivery_of(saved)
    assert (delivery.wanted, delivery.confirmed) == (2, 2)
    assert delivery_of(other).confirmed == 1
    with tenant_scope(shop.pk):
        assert list(
            Arrival.objects.filter(channel=saved).order_by("pk").values_list("release", flat=True)
        ) == [
            1,
            2,
        ]
    assert not locks()


@pytest.mark.django_db(transaction=True)
def test_a_row_that_is_being_written_is_not_waited_for_while_others_are_held(
    old: Old, publish_to: Callable[..., None]
) -> None:
    shop = organisation(name="Boutique")
    alice = member(shop, Role.ADMIN)
    publish_to(test=old.url)
    held, other = several(shop, 2, alice)
    number = delivery_of(held).pk
    release = threading.Event()
    taken = threading.Event()
    noted: list[int] = []

    def hold() -> None:
        try:
            with tenant_scope(shop.pk):
                Delivery.objects.select_for_update().get(pk=number)
                taken.set()
                release.wait(30)
        finally:
            connection.close()

    holder = threading.Thread(target=hold)

    def act(kind: str, body: bytes) -> tuple[int, Any]:
        if kind == BATCH_TYPE:
            holder.start()
            taken.wait(30)
            return 200, answers(body)
        # The second look at the one that was held: by now the other has been written down.
        with psycopg.connect(**server(), autocommit=True) as looking:
            looking.execute("SELECT set_config('chatadmin.tenant_id', %s, false)", (str(shop.pk),))
            noted.extend(
                row[0]
                for row in looking.execute(
                    "SELECT confirmed FROM publishing_delivery WHERE channel_id = %s", (other.pk,)
                )
            )
        release.set()
        return 200, {"status": "current"}

    old.act = act
    batches.deliver_due()
    holder.join()
    assert noted == [1]
    assert [delivery_of(one).confirmed for one in (held, other)] == [1, 1]


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_in_the_middle_of_a_batch_leaves_it_to_the_next(
    environments: dict[str, Environment], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = organisation(name="Boutique")
    alice = member(shop, Role.ADMIN)
    channels = several(shop, 3, alice)

    class Killed(BaseException):
        """As a signal ends a process: nothing of ours gets to clean up but what PostgreSQL does."""

    def die(*args: Any) -> None:
        with psycopg.connect(**server(), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", (backend,))
        raise Killed

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    # Pushed, and killed before anything is read back or noted.
    monkeypatch.setattr(batches, "_read_back", die)
    with pytest.raises(Killed):
        batches.deliver_due()
    connection.close()
    until(lambda: not locks(anywhere=True))
    assert [delivery_of(one).confirmed for one in channels] == [0, 0, 0]
    monkeypatch.undo()
    batches.deliver_due()
    assert [delivery_of(one).confirmed for one in channels] == [1, 1, 1]
    for one in channels:
        assert served(environments["test"], shop.number, one).headers["x-release"] == "1"


def test_only_one_thread_of_a_process_is_at_batches(
    old: Old, publish_to: Callable[..., None], shop: Organisation, alice: User
) -> None:
    publish_to(test=old.url)
    inside: list[bool] = []

    def act(kind: str, body: bytes) -> tuple[int, Any]:
        inside.append(batches._at_work.locked())
        inside.append(batches.work())
        return 200, answers(body)

    old.act = act
    several(shop, 1, alice)
    assert not batches.work()
    assert inside == [True, False]
    assert not batches._at_work.locked()
    assert len(old.pushes) == 1


def test_old_arrivals_are_forgotten_and_newer_ones_are_kept(shop: Organisation, alice: User) -> None:
    from publishing.arrivals import KEPT, forget_old  # noqa: PLC0415

    one = channel(shop, "Support")
    now = timezone.now()
    with tenant_scope(shop.pk):
        for number, age in enumerate((KEPT * 2, KEPT + KEPT / 90, KEPT - KEPT / 90, KEPT * 0)):
            Arrival.objects.create(
                channel=one,
                environment="test",
                release=number,
                visible_at=now - age,
                visible_in_ms=5,
                attempts=1,
            )
    assert forget_old(at_once=1) == 2
    with tenant_scope(shop.pk):
        assert sorted(Arrival.objects.values_list("release", flat=True)) == [2, 3]
    assert forget_old() == 0


def test_everything_of_the_beat_schedule_is_a_task_that_exists() -> None:
    from chatadmin.celery import app  # noqa: PLC0415

    app.loader.import_default_modules()
    names = {entry["task"] for entry in django_settings.CELERY_BEAT_SCHEDULE.values()}
    assert names <= set(app.tasks)
    assert {"publishing.tasks.forget_arrivals", "accounts.tasks.clear_sessions"} <= names
