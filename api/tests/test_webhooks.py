"""Webhooks: who is told what, how it is signed, and what happens when nobody listens; and the pages of tokens and webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from api import webhooks
from api.models import Message, Token, Webhook
from api.tests.conftest import Api, Side
from api.tokens import hashed
from audit.models import Entry
from publishing.tests.factories import release
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db


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
    for tenant_id, message_id in webhooks.due_messages():
        if tenant_id == side.organisation.pk:
            webhooks.send(tenant_id, message_id)


def message(side: Side) -> Message:
    with tenant_scope(side.organisation.pk):
        return Message.objects.latest("pk")


def test_a_release_is_told_and_its_signature_is_that_of_standard_webhooks(
    alice: Side, listener: Listener
) -> None:
    made = hook(alice, listener.url)
    release(alice.channel, by=alice.admin, note="Summer")
    work(alice)
    [(headers, body)] = listener.heard
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(made.secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
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
        webhooks.send_again(Message.objects.get())
    work(alice)
    assert message(alice).state == "sent"


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
        assert Entry.objects.filter(action__startswith="webhook.").count() == 3
