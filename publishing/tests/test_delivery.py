"""Bringing releases to environments: real ones, ones that are away, slow or cross; newest wins, never older after newer."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import override

from accounts.models import User
from audit.models import Entry
from channels_config.models import Channel
from channels_config.tests.factories import channel
from gateway.tests.environment import Environment
from publishing import services
from publishing.environments import environments as configured
from publishing.models import Arrival, Delivery, Release
from publishing.push import PushFailed, push, visible_release
from publishing.sentences import error_sentence
from publishing.services import (
    BACKOFF,
    NotPromotable,
    deliver_until_current,
    due_deliveries,
    promote,
    retire,
    snapshot_of,
    try_again,
)
from publishing.snapshot import seal
from publishing.states import states
from publishing.switches import turn
from publishing.tests.test_saving import save_css
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Organisation:
    return organisation(name="Boutique")


@pytest.fixture
def alice(shop: Organisation) -> User:
    return member(shop, Role.ADMIN)


@pytest.fixture
def support(shop: Organisation) -> Channel:
    return channel(shop, "Support")


def delivery_of(found: Channel, environment: str = "test") -> Delivery:
    with tenant_scope(found.tenant_id):
        return Delivery.objects.get(channel=found, environment=environment)


def deliver(found: Channel, environment: str = "test") -> str:
    return deliver_until_current(found.tenant_id, delivery_of(found, environment).pk)


def save(found: Channel, css: str, by: User) -> Release:
    with tenant_scope(found.tenant_id):
        return save_css(found, css, by)


def served(environment: Environment, brand: int, found: Channel) -> httpx.Response:
    return httpx.get(f"{environment.url}/chat/1.0/brand/{brand}/channel/{found.public_id}", trust_env=False)


def free_url() -> str:
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_a_release_is_what_the_environment_serves_and_when_is_noted(
    environments: dict[str, Environment], shop: Organisation, support: Channel, alice: User
) -> None:
    save(support, "b { color: red }", alice)
    assert deliver(support) == "current"
    answer = served(environments["test"], shop.number, support)
    assert answer.headers["x-release"] == "1"
    assert answer.json()["customCss"] == "b { color: red }"
    delivery = delivery_of(support)
    assert (delivery.confirmed, delivery.attempts, delivery.last_error) == (1, 0, "")
    assert delivery.visible_at is not None
    taken = (delivery.visible_at - delivery.wanted_at).total_seconds() * 1000
    assert delivery.visible_in_ms == round(taken)
    with tenant_scope(shop.pk):
        test, live = states([support])[support.pk]
    assert (test.state, test.visible_in_ms) == ("up_to_date", round(taken))
    assert live.state == "never"
    assert served(environments["live"], shop.number, support).status_code == 404


def test_what_is_delivered_already_is_not_delivered_again(
    environments: dict[str, Environment], support: Channel, alice: User
) -> None:
    save(support, "b { color: red }", alice)
    deliver(support)
    before = delivery_of(support)
    assert deliver(support) == "current"
    assert delivery_of(support).visible_at == before.visible_at


def test_an_environment_that_is_away_gets_the_newest_once_it_is_back(
    environments: dict[str, Environment],
    publish_to: Callable[..., None],
    shop: Organisation,
    support: Channel,
    alice: User,
) -> None:
    publish_to(test=free_url(), live=environments["live"].url)
    save(support, "b { order: 1 }", alice)
    assert deliver(support) == "failed"
    first = delivery_of(support)
    assert (first.attempts, first.last_error) == (1, "unreachable")
    assert error_sentence(first)
    assert first.next_attempt_at > timezone.now()
    assert first.pk not in {due.delivery_id for due in due_deliveries()}
    with tenant_scope(shop.pk):
        state = states([support])[support.pk][0]
    assert (state.state, state.next_attempt) == ("failed", first.next_attempt_at)

    waits = []
    for _ in range(len(BACKOFF) + 1):
        asked = timezone.now()
        deliver(support)
        waits.append(round((delivery_of(support).next_attempt_at - asked).total_seconds()))
    assert waits == [*BACKOFF[1:], BACKOFF[-1], BACKOFF[-1]]

    save(support, "b { order: 2 }", alice)
    again = delivery_of(support)
    assert (again.wanted, again.attempts, again.last_error) == (2, 0, "")
    assert again.pk in {due.delivery_id for due in due_deliveries()}
    publish_to(test=environments["test"].url, live=environments["live"].url)
    assert deliver(support) == "current"
    assert served(environments["test"], shop.number, support).json()["customCss"] == "b { order: 2 }"


def test_an_older_release_never_takes_the_place_of_a_newer(
    environments: dict[str, Environment], shop: Organisation, support: Channel, alice: User
) -> None:
    first = save(support, "b { order: 1 }", alice)
    save(support, "b { order: 2 }", alice)
    deliver(support)
    test = configured()["test"]
    late = snapshot_of(first, test, shop)
    with pytest.raises(PushFailed, match="older"):
        push(test, seal(late, django_settings.PUBLISHING_SIGNING_KEY, test.encryption_key))
    assert visible_release(test, shop.number, support.public_id).number == 2


def test_a_release_the_environment_will_not_have_is_said_in_a_sentence(
    environments: dict[str, Environment], publish_to: Callable[..., None], support: Channel, alice: User
) -> None:
    # Sealed for test, brought to live: as if the operator had mixed up the addresses.
    publish_to(test=environments["live"].url)
    save(support, "b { color: red }", alice)
    assert deliver(support) == "failed"
    delivery = delivery_of(support)
    assert delivery.last_error == "wrong_environment"
    assert error_sentence(delivery) != ""


def test_trying_again_at_once_makes_what_waits_due(
    publish_to: Callable[..., None], shop: Organisation, support: Channel, alice: User
) -> None:
    publish_to(test=free_url())
    save(support, "b { color: red }", alice)
    with tenant_scope(shop.pk):
        Delivery.objects.update(next_attempt_at=timezone.now() + timedelta(hours=1), last_error="timeout")
        assert try_again(support, by=alice) == ["test"]
        with override("en"):
            told = str(Entry.objects.latest("pk"))
    assert told == f"{alice} had the channel “Support” delivered again at once: Test"
    assert delivery_of(support).pk in {due.delivery_id for due in due_deliveries()}


def test_a_delivery_to_an_environment_the_console_does_not_have_says_so(
    publish_to: Callable[..., None], support: Channel, alice: User
) -> None:
    save(support, "b { color: red }", alice)
    publish_to(live=free_url())
    assert deliver(support) == "failed"
    assert delivery_of(support).last_error == "not_configured"


# --- promotion and removal ---


def test_live_gets_exactly_the_release_that_test_has(
    environments: dict[str, Environment], shop: Organisation, support: Channel, alice: User
) -> None:
    save(support, "b { order: 1 }", alice)
    deliver(support)
    save(support, "b { order: 2 }", alice)
    with tenant_scope(shop.pk):
        promoted = promote(support, by=alice)
    assert promoted.number == 1
    assert deliver(support, "live") == "current"
    answer = served(environments["live"], shop.number, support)
    assert (answer.headers["x-release"], answer.json()["customCss"]) == ("1", "b { order: 1 }")
    with tenant_scope(shop.pk):
        assert [str(one) for one in Entry.objects.filter(action="release.promoted")]
        assert states([support])[support.pk][1].behind == 1
        promote(support, by=alice)
        assert Entry.objects.filter(action="release.promoted").count() == 1


@pytest.mark.parametrize("number", [2, 3, 2**31 - 1])
def test_what_nobody_can_have_seen_in_test_does_not_go_live(
    environments: dict[str, Environment], shop: Organisation, support: Channel, alice: User, number: int
) -> None:
    save(support, "b { order: 1 }", alice)
    deliver(support)
    save(support, "b { order: 2 }", alice)
    with tenant_scope(shop.pk), pytest.raises(NotPromotable):
        promote(support, by=alice, number=number)


def test_live_does_not_go_back_by_promotion(
    environments: dict[str, Environment], shop: Organisation, support: Channel, alice: User
) -> None:
    for number in (1, 2):
        save(support, f"b {{ order: {number} }}", alice)
        deliver(support)
    with tenant_scope(shop.pk):
        promote(support, by=alice)
        with pytest.raises(NotPromotable):
            promote(support, by=alice, number=1)
        with pytest.raises(NotPromotable):
            promote(support, by=alice, number=0)


def test_a_channel_never_published_cannot_go_live(shop: Organisation, support: Channel, alice: User) -> None:
    with tenant_scope(shop.pk), pytest.raises(NotPromotable):
        promote(support, by=alice)


def test_a_retired_channel_is_gone_everywhere_and_stays_gone(
    environments: dict[str, Environment], shop: Organisation, support: Channel, alice: User
) -> None:
    first = save(support, "b { order: 1 }", alice)
    deliver(support)
    with tenant_scope(shop.pk):
        promote(support, by=alice)
    deliver(support, "live")
    with tenant_scope(shop.pk):
        last = retire(support, by=alice)
    assert last.removed
    for name in ("test", "live"):
        assert deliver(support, name) == "current"
        assert served(environments[name], shop.number, support).status_code == 404
    test = configured()["test"]
    with pytest.raises(PushFailed, match="older"):
        push(
            test,
            seal(snapshot_of(first, test, shop), django_settings.PUBLISHING_SIGNING_KEY, test.encryption_key),
        )
    assert served(environments["test"], shop.number, support).status_code == 404
    with tenant_scope(shop.pk), pytest.raises(NotPromotable):
        promote(support, by=alice)


# --- while a push is under way; commits are real here ---


class Peculiar(ThreadingHTTPServer):
    """An environment by HTTP alone: what it does with the nth push is told to it; it shows what it took."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.pushes = 0
        self.shown = 0
        self.forgets = False
        self.on_push: Callable[[int], int] = lambda number: 200
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Answer(BaseHTTPRequestHandler):
    server: Peculiar

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.pushes += 1
        status = self.server.on_push(self.server.pushes)
        if status == 200 and not self.server.forgets:
            self.server.shown = _release_in(body)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("X-Release", str(self.server.shown))
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Nothing."""


def _release_in(sealed: bytes) -> int:
    payload = sealed.split(b".")[1]
    return int(json.loads(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))["release"])


@pytest.fixture
def peculiar() -> Iterator[Peculiar]:
    server = Peculiar()
    yield server
    server.shutdown()
    server.server_close()


def in_a_thread(act: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
def test_a_save_does_not_wait_for_a_slow_environment_and_is_delivered_by_the_worker_at_work(
    peculiar: Peculiar, publish_to: Callable[..., None]
) -> None:
    shop = organisation(name="Boutique")
    alice, support = member(shop, Role.ADMIN), channel(shop, "Support")
    publish_to(test=peculiar.url)
    pushing, go_on = threading.Event(), threading.Event()

    def slow(number: int) -> int:
        if number == 1:
            pushing.set()
            go_on.wait(10)
        return 200

    peculiar.on_push = slow
    save(support, "b { order: 1 }", alice)
    worker = in_a_thread(lambda: deliver(support))
    assert pushing.wait(5)
    began = time.monotonic()
    save(support, "b { order: 2 }", alice)
    assert time.monotonic() - began < 1
    assert deliver(support) == "busy"
    go_on.set()
    worker.join(10)
    assert peculiar.shown == 2
    assert delivery_of(support).confirmed == 2


@pytest.mark.django_db(transaction=True)
def test_a_failed_push_that_was_overtaken_is_followed_by_the_newer_at_once(
    peculiar: Peculiar, publish_to: Callable[..., None]
) -> None:
    shop = organisation(name="Boutique")
    alice, support = member(shop, Role.ADMIN), channel(shop, "Support")
    publish_to(test=peculiar.url)

    def cross(number: int) -> int:
        if number > 1:
            return 200
        in_a_thread(lambda: save(support, "b { order: 2 }", alice)).join(5)
        return 503

    peculiar.on_push = cross
    save(support, "b { order: 1 }", alice)
    assert deliver(support) == "current"
    assert (peculiar.pushes, peculiar.shown) == (2, 2)
    delivery = delivery_of(support)
    assert (delivery.confirmed, delivery.last_error, delivery.attempts) == (2, "", 0)


@pytest.mark.django_db(transaction=True)
def test_an_environment_that_takes_a_release_but_does_not_show_it_is_a_failure(
    peculiar: Peculiar, publish_to: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = organisation(name="Boutique")
    alice, support = member(shop, Role.ADMIN), channel(shop, "Support")
    publish_to(test=peculiar.url)
    monkeypatch.setattr(services, "READ_BACK_WITHIN", 0.2)
    save(support, "b { order: 1 }", alice)
    peculiar.forgets = True
    outcome = deliver(support)
    assert outcome == "failed"
    assert delivery_of(support).last_error == "not_visible"


@pytest.mark.django_db(transaction=True)
def test_a_lock_whose_worker_died_is_free(peculiar: Peculiar, publish_to: Callable[..., None]) -> None:
    shop = organisation(name="Boutique")
    alice, support = member(shop, Role.ADMIN), channel(shop, "Support")
    publish_to(test=peculiar.url)
    save(support, "b { order: 1 }", alice)
    number = delivery_of(support).pk
    taken, die = threading.Event(), threading.Event()

    def hold() -> None:
        assert services.DeliveryLock(number).acquire()
        taken.set()
        die.wait(10)

    holder = in_a_thread(hold)
    assert taken.wait(5)
    assert deliver(support) == "busy"
    die.set()
    holder.join()
    assert deliver(support) == "current"


# --- the emergency switch, against the real environment ---


def test_the_switch_shows_at_the_public_address_and_is_taken_back(
    environments: dict[str, Environment], shop: Organisation, support: Channel, alice: User
) -> None:
    with tenant_scope(shop.pk):
        support.web_settings.custom_js = "window.own = 1;"
        support.web_settings.save()
    save(support, "b { order: 1 }", alice)
    deliver(support)
    with tenant_scope(shop.pk):
        promote(support, by=alice)
    deliver(support, "live")

    def turned(*, hidden: bool = False, scripts_off: bool = False) -> httpx.Response:
        with tenant_scope(shop.pk):
            turn(support, hidden=hidden, scripts_off=scripts_off, by=alice)
        assert deliver(support, "live") == "current"
        return served(environments["live"], shop.number, support)

    assert turned(hidden=True).status_code == 404
    quiet = turned(scripts_off=True)
    assert (quiet.headers["x-release"], quiet.headers["x-revision"]) == ("1", "2")
    assert (quiet.json()["customJs"], quiet.json()["customCss"]) == ("", "b { order: 1 }")
    save(support, "b { order: 2 }", alice)
    deliver(support)
    with tenant_scope(shop.pk):
        promote(support, by=alice)
    deliver(support, "live")
    kept = served(environments["live"], shop.number, support)
    assert (kept.headers["x-release"], kept.json()["customJs"]) == ("2", "")
    assert turned().json()["customJs"] == "window.own = 1;"
    assert served(environments["test"], shop.number, support).json()["customJs"] == "window.own = 1;"
    with tenant_scope(shop.pk):
        assert Arrival.objects.filter(environment="live").count() == 5


def test_a_region_that_was_away_catches_up_with_the_newest_only(
    environments: dict[str, Environment], settings: Any, shop: Organisation, support: Channel, alice: User
) -> None:
    here, away = environments["test"].url, free_url()
    settings.ENVIRONMENTS = [
        {
            **settings.ENVIRONMENTS[0],
            "regions": [
                {"name": "ca", "push_url": here, "public_url": here},
                {"name": "eu", "push_url": away, "public_url": away},
            ],
        },
        settings.ENVIRONMENTS[1],
    ]

    def bring(region: str) -> str:
        with tenant_scope(shop.pk):
            pk = Delivery.objects.get(channel=support, region=region).pk
        return deliver_until_current(shop.pk, pk)

    for number in (1, 2, 3):
        save(support, f"b {{ order: {number} }}", alice)
        assert (bring("ca"), bring("eu")) == ("current", "failed")
    with tenant_scope(shop.pk):
        state = states([support])[support.pk][0]
        assert (state.state, state.behind) == ("failed", 3)
    settings.ENVIRONMENTS[0]["regions"][1].update(push_url=here, public_url=here)
    assert bring("eu") == "current"
    with tenant_scope(shop.pk):
        assert Arrival.objects.filter(region="eu").values_list("release", flat=True).get() == 3
        assert states([support])[support.pk][0].state == "up_to_date"
