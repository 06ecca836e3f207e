"""A webhook that takes nothing for days is switched off, and says so; one that takes something again has a clean slate."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import User
from api import webhooks
from api.models import Message, Webhook
from api.tests.conftest import Side
from audit.models import Entry
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db


def attempt(alice: Side, message: Message, status: int | None, error: str = "") -> Message:
    """One attempt at a message, with this answer."""
    with tenant_scope(alice.organisation.pk):
        Message.objects.filter(pk=message.pk).update(next_attempt_at=timezone.now(), state="waiting")
    claimed = webhooks.claim(alice.organisation.pk, message.pk)
    assert claimed is not None
    webhooks.note(claimed, status, error)
    with tenant_scope(alice.organisation.pk):
        return Message.objects.get(pk=message.pk)


def test_a_webhook_is_switched_off_after_days_of_failures_and_the_page_says_since_when(alice: Side) -> None:
    with tenant_scope(alice.organisation.pk):
        made = webhooks.create_webhook(
            url="https://example.com/hook?key=1", events=["release.created"], by=alice.admin
        )
        message = webhooks.send_test(made.webhook, by=alice.admin)

    def hook() -> Webhook:
        with tenant_scope(alice.organisation.pk):
            return Webhook.objects.get()

    attempt(alice, message, 500)
    assert hook().failing_since is not None
    assert attempt(alice, message, 204).state == "sent"
    assert hook().failing_since is None
    # Failing again, for long; while its message has attempts left it is not given up.
    attempt(alice, message, None, "timeout")
    with tenant_scope(alice.organisation.pk):
        long_ago = timezone.now() - webhooks.FAILS_FOR - timedelta(hours=1)
        Webhook.objects.update(failing_since=long_ago)
    attempt(alice, message, 500)
    assert hook().active is True
    with tenant_scope(alice.organisation.pk):
        Message.objects.update(attempts=len(webhooks.WAITS))
    assert attempt(alice, message, 500).state == "failed"
    assert hook().active is False
    with tenant_scope(alice.organisation.pk), translation.override("en"):
        [entry] = Entry.objects.filter(action="webhook.switched_off")
        assert str(entry).endswith(
            "switched the webhook to https://example.com/hook off: nothing could be delivered there for five days"
        )
    User.objects.filter(pk=alice.admin.pk).update(language="en")
    browser = Client()
    browser.force_login(alice.admin)
    number = alice.organisation.number
    listed = browser.get(reverse("integrations:webhooks", args=[number])).content.decode()
    assert "switched off: nothing arrives" in listed
    page = browser.get(reverse("integrations:webhook", args=[number, hook().pk])).content.decode()
    assert "nothing has arrived there since" in page
    # Switched on again it starts anew.
    browser.post(
        reverse("integrations:webhook", args=[number, hook().pk]),
        {"active": "on", "url": "https://example.com/hook", "events": ["release.created"]},
    )
    assert (hook().active, hook().failing_since) == (True, None)
    assert attempt(alice, message, 410).state == "failed"
    assert hook().active is False
    with tenant_scope(alice.organisation.pk):
        assert Entry.objects.filter(action="webhook.gone").count() == 1
