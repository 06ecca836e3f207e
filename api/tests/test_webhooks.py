"""Webhooks: who is told what, how it is signed, and what happens when nobody listens; and the pages of tokens and webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from api import rounds, webhooks
from api.models import Message, Token, Webhook
from api.tests.conftest import Api, Side
from api.tests.conftest import side as side_of
from api.tokens import hashed
from audit.models import Entry
from kit.http import SafeClient
from kit.secrets import new_key
from publishing.models import Release
from publishing.tests.factories import release
from publishing.tests.test_adversary import waits_for_a_lock
from tenants.scope import tenant_scope
from tests.stack import eventually

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_is_silent() -> Iterator[None]:
    rounds._silent.clear()
    yield
    rounds._silent.clear()


@dataclass
class Listener:
    """A server that notes what it is sent, and answers as it is told."""

    url: str = ""
    answer: int = 204
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def listener(settings: Any) -> Iterator[Listener]:
    settings.ALLOW_LOOPBACK_PROVIDERS = True
    made = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(made.answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def hook(side: Side, url: str, *events: str) -> webhooks.Made:
    with tenant_scope(side.organisation.pk):
        return webhooks.create_webhook(url=url, events=events or list(webhooks.EVENTS), by=side.admin)


def work(side: Side) -> None:
    while rounds.send_due():
        pass


def message(side: Side) -> Message:
    with tenant_scope(side.organisation.pk):
        return Message.objects.latest("pk")


def signature(secret: str, headers: dict[str, str], body: bytes) -> str:
    """As Standard Webhooks has it, made by the receiver."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def test_a_release_is_told_and_its_signature_is_that_of_standard_webhooks(
    alice: Side, listener: Listener
) -> None:
    made = hook(alice, listener.url)
    release(alice.channel, by=alice.admin, note="Summer")
    work(alice)
    [(headers, body)] = listener.heard
    assert headers["webhook-signature"] == signature(made.secret, headers, body)
    assert b'"type":"release.created"' in body
    assert b'"note":"Summer"' in body
    assert (message(alice).state, message(alice).status) == ("sent", 204)
    work(alice)
    assert len(listener.heard) == 1


def test_only_what_was_asked_for_is_told_and_only_to_the_organisation_itself(
    alice: Side, bob: Side, listener: Listener
) -> None:
    hook(alice, listener.url, "release.promoted")
    hook(bob, listener.url)
    release(alice.channel, by=alice.admin)
    with tenant_scope(alice.organisation.pk):
        assert not Message.objects.exists()
    with tenant_scope(bob.organisation.pk):
        assert not Message.objects.exists()


@pytest.mark.parametrize("answer", [500, 404, 301])
def test_a_message_that_is_not_taken_is_sent_again_later_and_given_up_in_the_end(
    alice: Side, listener: Listener, answer: int
) -> None:
    listener.answer = answer
    hook(alice, listener.url)
    release(alice.channel, by=alice.admin)
    work(alice)
    first = message(alice)
    assert (first.state, first.attempts) == ("waiting", 1)
    assert timedelta(seconds=1) < first.next_attempt_at - timezone.now() <= timedelta(seconds=5)
    work(alice)
    assert len(listener.heard) == 1
    with tenant_scope(alice.organisation.pk):
        Message.objects.update(attempts=len(webhooks.WAITS), next_attempt_at=timezone.now())
    work(alice)
    assert message(alice).state == "failed"
    listener.answer = 200
    with tenant_scope(alice.organisation.pk):
        webhooks.send_again(Message.objects.get(), by=alice.admin)
    work(alice)
    assert message(alice).state == "sent"


def test_a_new_secret_and_the_former_one_both_sign_for_a_while(
    alice: Side, browser: Client, listener: Listener
) -> None:
    first = hook(alice, listener.url)
    here = [alice.organisation.number, first.webhook.pk]
    page = browser.post(reverse("integrations:secret", args=here), {"overlap": "24"}).content.decode()
    found = re.search(r"whsec_[\w+/=]{32}", html.unescape(page))
    assert found is not None
    second = found[0]
    assert second != first.secret
    assert "whsec_" not in browser.get(reverse("integrations:webhook", args=here)).content.decode()

    def signatures() -> tuple[str, dict[str, str], bytes]:
        with tenant_scope(alice.organisation.pk):
            webhooks.send_test(Webhook.objects.get(), by=alice.admin)
        work(alice)
        headers, body = listener.heard[-1]
        return headers["webhook-signature"], headers, body

    sent, headers, body = signatures()
    assert sent.split(" ") == [signature(second, headers, body), signature(first.secret, headers, body)]
    with tenant_scope(alice.organisation.pk):
        Webhook.objects.update(former_until=timezone.now() - timedelta(seconds=1))
    sent, headers, body = signatures()
    assert sent == signature(second, headers, body)
    with tenant_scope(alice.organisation.pk):
        Webhook.objects.update(former_until=timezone.now() + timedelta(hours=1))
    browser.post(reverse("integrations:end_former", args=here))
    sent, headers, body = signatures()
    assert sent == signature(second, headers, body)
    with tenant_scope(alice.organisation.pk):
        third = webhooks.replace_secret(Webhook.objects.get(), overlap=timedelta(0), by=alice.admin)
    sent, headers, body = signatures()
    assert sent == signature(third.secret, headers, body)
    with tenant_scope(alice.organisation.pk):
        acts = Entry.objects.filter(action__startswith="webhook.").order_by("pk")
        assert [one.action for one in acts] == [
            "webhook.created",
            "webhook.secret_replaced",
            *["webhook.tested"] * 2,
            "webhook.former_secret_ended",
            "webhook.tested",
            "webhook.secret_replaced",
            "webhook.tested",
        ]
        said = str([one.data for one in acts])
    assert not any(one in said for one in (first.secret, second, third.secret))


def test_a_message_is_sent_again_by_hand_under_its_own_id(
    alice: Side, browser: Client, listener: Listener
) -> None:
    made = hook(alice, listener.url)
    release(alice.channel, by=alice.admin)
    work(alice)
    one = message(alice)
    here = [alice.organisation.number, made.webhook.pk, one.pk]
    assert browser.post(reverse("integrations:again", args=here)).status_code == 302
    work(alice)
    [first, second] = listener.heard
    assert (first[1], first[0]["webhook-id"]) == (second[1], second[0]["webhook-id"])
    assert (message(alice).state, message(alice).attempts) == ("sent", 1)
    other = hook(alice, listener.url)
    wrong = [alice.organisation.number, other.webhook.pk, one.pk]
    assert browser.post(reverse("integrations:again", args=wrong)).status_code == 404


def test_a_secret_no_key_opens_sends_nothing_unsigned_and_waits_for_its_key(
    alice: Side, listener: Listener, settings: Any
) -> None:
    hook(alice, listener.url)
    release(alice.channel, by=alice.admin)
    right, settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS, [new_key()]
    work(alice)
    assert (listener.heard, message(alice).state) == ([], "waiting")
    assert message(alice).error == "unreadable_secret"
    settings.FIELD_ENCRYPTION_KEYS = right
    with tenant_scope(alice.organisation.pk):
        Message.objects.update(next_attempt_at=timezone.now())
    work(alice)
    assert message(alice).state == "sent"


def test_a_wrong_overlap_is_refused_and_the_secret_stays(alice: Side, browser: Client) -> None:
    made = hook(alice, "https://example.com/hook")
    url = reverse("integrations:secret", args=[alice.organisation.number, made.webhook.pk])
    assert browser.post(url, {"overlap": "9999"}).status_code == 422
    with tenant_scope(alice.organisation.pk):
        assert Webhook.objects.get().secret == made.webhook.secret


def test_an_address_that_is_gone_for_good_is_told_nothing_more(alice: Side, listener: Listener) -> None:
    listener.answer = 410
    hook(alice, listener.url)
    release(alice.channel, by=alice.admin)
    work(alice)
    with tenant_scope(alice.organisation.pk):
        assert not Webhook.objects.get().active


def test_nothing_is_sent_into_our_own_network(alice: Side, listener: Listener, settings: Any) -> None:
    hook(alice, listener.url)
    settings.ALLOW_LOOPBACK_PROVIDERS = False
    release(alice.channel, by=alice.admin)
    work(alice)
    assert listener.heard == []
    assert message(alice).error == "forbidden_address"


def test_the_secret_is_kept_encrypted(alice: Side) -> None:
    made = hook(alice, "https://example.com/hook")
    assert made.secret not in made.webhook.secret
    with tenant_scope(alice.organisation.pk):
        assert made.secret not in str([entry.data for entry in Entry.objects.all()])


# -- Pages --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def browser(alice: Side) -> Client:
    type(alice.admin).objects.filter(pk=alice.admin.pk).update(language="en")
    client = Client()
    client.force_login(alice.admin)
    return client


def test_a_token_made_on_the_page_is_shown_once_and_works_until_it_is_revoked(
    alice: Side, browser: Client
) -> None:
    url = reverse("integrations:tokens", args=[alice.organisation.number])
    made = browser.post(url, {"name": "Deploy", "scopes": ["sections"], "lasts": "90"}).content.decode()
    key = re.search(r"cha_[\w-]{40,}", made)
    assert key is not None
    assert key[0] not in browser.get(url).content.decode()
    api = Api(key[0], alice.organisation.number)
    assert api("GET", "channels/").status_code == 200
    with tenant_scope(alice.organisation.pk):
        token = Token.objects.get(hashed=hashed(key[0]))
        assert token.scopes == ["read", "sections"]
        assert token.expires_at is not None
    browser.post(reverse("integrations:revoke", args=[alice.organisation.number, token.pk]))
    assert api("GET", "channels/").status_code == 401


def test_a_token_without_a_name_is_refused_in_place(alice: Side, browser: Client) -> None:
    answer = browser.post(reverse("integrations:tokens", args=[alice.organisation.number]), {"name": " "})
    assert answer.status_code == 422
    assert "Give the token a name." in answer.content.decode()


@pytest.mark.parametrize(
    "url", ["", "ftp://x.example", "http://example.com/", "https://10.0.0.1/", "https://localhost/", "x"]
)
def test_an_address_nothing_may_be_sent_to_is_refused_in_place(
    alice: Side, browser: Client, url: str, settings: Any
) -> None:
    settings.ALLOW_LOOPBACK_PROVIDERS = False
    answer = browser.post(
        reverse("integrations:webhooks", args=[alice.organisation.number]),
        {"url": url, "events": ["release.created"]},
    )
    assert answer.status_code == 422
    with tenant_scope(alice.organisation.pk):
        assert not Webhook.objects.exists()


def test_a_webhook_is_made_tried_changed_and_deleted_on_its_pages(
    alice: Side, browser: Client, listener: Listener
) -> None:
    number = alice.organisation.number
    made = browser.post(
        reverse("integrations:webhooks", args=[number]), {"url": listener.url, "events": ["release.created"]}
    )
    assert "whsec_" in made.content.decode()
    with tenant_scope(alice.organisation.pk):
        one = Webhook.objects.get()
    where = reverse("integrations:webhook", args=[number, one.pk])
    browser.post(reverse("integrations:test", args=[number, one.pk]))
    listener.answer = 503
    work(alice)
    shown = browser.get(where).content.decode()
    assert "Test message" in shown
    assert "It answered 503." in shown
    assert "whsec_" not in shown
    browser.post(where, {"url": listener.url, "events": ["release.visible"]})
    with tenant_scope(alice.organisation.pk):
        one.refresh_from_db()
        assert (one.active, one.events) == (False, ["release.visible"])
    browser.post(reverse("integrations:delete", args=[number, one.pk]))
    with tenant_scope(alice.organisation.pk):
        assert not Webhook.objects.exists()
        acts = Entry.objects.filter(action__startswith="webhook.").order_by("pk")
        assert [one.action for one in acts] == [
            "webhook.created",
            "webhook.tested",
            "webhook.changed",
            "webhook.deleted",
        ]


def test_a_receiver_that_never_answers_keeps_nobody_else_waiting(
    alice: Side, bob: Side, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two messages of one would once take both threads of a worker, and with them everybody's publications."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hook(alice, f"http://127.0.0.1:{silent.getsockname()[1]}/hook", "release.created")
        for number in range(rounds.EACH + 2):
            with tenant_scope(alice.organisation.pk):
                alice.channel.name = f"Support {number}"
            release(alice.channel, by=alice.admin)
        hook(bob, listener.url, "release.created")
        release(bob.channel, by=bob.admin)
        monkeypatch.setattr(
            webhooks, "client", lambda: SafeClient(loopback=True, seconds=0.5, most_bytes=1024)
        )
        # One round: the one that answers is told, few messages are tried at the other, and that is left alone for a moment.
        assert rounds.send_due() == rounds.EACH + 1
        assert len(listener.heard) == 1
        assert rounds.send_due() == 0
    with tenant_scope(alice.organisation.pk):
        tried = Message.objects.filter(attempts=1, error="timeout", state="waiting")
        assert (tried.count(), Message.objects.filter(attempts=0).count()) == (rounds.EACH, 2)


@pytest.mark.django_db(transaction=True)
def test_a_webhook_deleted_during_a_save_undoes_neither(listener: Listener) -> None:
    side = side_of("Boutique")
    made = hook(side, listener.url, "release.created")
    results = list[str]()

    def delete() -> None:
        try:
            with tenant_scope(side.organisation.pk):
                webhooks.delete_webhook(made.webhook, by=side.admin)
            results.append("deleted")
        finally:
            connection.close()

    thread = threading.Thread(target=delete)
    with tenant_scope(side.organisation.pk):
        release(side.channel, by=side.admin)
        thread.start()
        # It waits for the save; where nothing held it, it would be over by now.
        eventually(lambda: waits_for_a_lock() or not thread.is_alive(), what="the deletion waits")
    thread.join()
    assert results == ["deleted"]
    with tenant_scope(side.organisation.pk):
        assert Release.objects.filter(channel=side.channel).count() == 1
        assert not Message.objects.exists()
