"""What environments hand over is written down once, and e-mails go until they have gone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail as outbox
from django.utils import timezone
from django.utils.translation import override

from accounts.models import User
from audit.models import Entry
from channels_config.models import Channel
from channels_config.tests.factories import channel
from live_chat import services
from live_chat.models import Mail, OfflineMessage
from tenants.scope import tenant_scope
from tenants.tests.factories import organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def live() -> Channel:
    return channel(organisation(1009, "Boutique"), "En direct", kind=Channel.Kind.LIVE)


def row(one: Channel, kind: str = "offline", **data: Any) -> dict[str, Any]:
    offline = {"email": "ana@example.com", "first_name": "Ana", "last_name": "Roy", "text": "Rappelez-moi"}
    transcript = {"to": "ana@example.com", "subject": "Votre\nconversation", "text": "t", "html": "<p>t</p>"}
    return {
        "id": str(uuid4()),
        "kind": kind,
        "brand": 1009,
        "channel": one.public_id,
        "at": "2026-11-24T12:00:00.000+00:00",
        "data": {**(offline if kind == "offline" else transcript), **data},
    }


def mails(one: Channel) -> list[Mail]:
    with tenant_scope(one.tenant_id):
        return list(Mail.objects.order_by("pk"))


def send_all(one: Channel) -> None:
    for tenant, key in services.due_mails():
        if tenant == one.tenant_id:
            services.send(tenant, key)


def test_an_offline_message_is_kept_once_and_told_to_the_channel_s_addresses(live: Channel) -> None:
    came = row(live, emails=["equipe@example.com", "no address"])
    assert services.take_in("live", [came, came]) == 1
    assert services.take_in("live", [came]) == 0
    with tenant_scope(live.tenant_id):
        (message,) = OfflineMessage.objects.all()
    assert (message.name, message.email, message.place) == ("Ana Roy", "ana@example.com", "live")
    assert message.sent_at.isoformat() == "2026-11-24T12:00:00+00:00"
    (mail,) = mails(live)
    assert mail.recipients == ["equipe@example.com"]
    send_all(live)
    (sent,) = outbox.outbox
    assert sent.to == ["equipe@example.com"]
    assert sent.reply_to == ["ana@example.com"]
    assert "Rappelez-moi" in sent.body
    assert "Ana Roy <ana@example.com>" in sent.body
    assert f"/o/1009/acd/digital/chat/{live.public_id}/live-chat/messages/" in sent.body
    assert "En direct" in sent.subject
    (mail,) = mails(live)
    assert mail.sent_at is not None
    # What was said is kept in one place only, and nothing is sent twice.
    assert (mail.text, mail.due_at) == ("", None)
    send_all(live)
    assert services.send(live.tenant_id, mail.pk) is False
    assert len(outbox.outbox) == 1


def test_without_addresses_a_message_is_listed_and_nobody_is_written_to(live: Channel) -> None:
    assert services.take_in("live", [row(live)]) == 1
    assert mails(live) == []


def test_a_transcript_goes_out_as_text_and_html_under_one_line_of_subject(live: Channel) -> None:
    services.take_in("live/ca", [row(live, "transcript")])
    send_all(live)
    (sent,) = outbox.outbox
    assert isinstance(sent, outbox.EmailMultiAlternatives)
    assert (sent.subject, sent.to, sent.body) == ("Votre conversation", ["ana@example.com"], "t")
    assert [tuple(one)[:2] for one in sent.alternatives] == [("<p>t</p>", "text/html")]


def test_what_is_no_row_or_nobody_s_is_left_out_and_keeps_nothing_else_back(live: Channel) -> None:
    strange: list[Any] = [
        7,
        {},
        {**row(live), "id": "no uuid"},
        {**row(live), "at": "yesterday"},
        {**row(live), "at": "2026-11-24T12:00:00"},
        {**row(live), "kind": "other"},
        {**row(live), "brand": 2020},
        {**row(live), "brand": -1},
        {**row(live), "channel": "chat_x"},
        row(live, "transcript", to="a@example.com\nBcc: b@example.com"),
        row(live, text="a\0b", emails="nobody"),
    ]
    assert services.take_in("live", strange) == 2
    with tenant_scope(live.tenant_id):
        assert [one.text for one in OfflineMessage.objects.all()] == ["ab"]
    assert mails(live) == []


def test_another_organisation_s_channel_takes_nothing(live: Channel) -> None:
    other = channel(organisation(2020, "Autre"), "Ailleurs", kind=Channel.Kind.LIVE)
    assert services.take_in("live", [{**row(live), "brand": 2020}]) == 0
    with tenant_scope(other.tenant_id):
        assert OfflineMessage.objects.count() == 0


@pytest.fixture
def refusing() -> Iterator[int]:
    """A port on which every mail server hangs up at once."""
    server = socket.create_server(("127.0.0.1", 0))

    def hang_up() -> None:
        while True:
            try:
                caller, _ = server.accept()
            except OSError:
                return
            caller.close()

    thread = threading.Thread(target=hang_up, daemon=True)
    thread.start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(10)


def test_an_e_mail_that_does_not_go_is_tried_again_later_and_given_up_aloud(
    live: Channel, refusing: int, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", refusing
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    services.take_in("live", [row(live, "transcript")])
    for attempt in range(1, len(services.RETRIES) + 2):
        send_all(live)
        (mail,) = mails(live)
        assert (mail.attempts, mail.sent_at) == (attempt, None)
        assert mail.error
        if attempt <= len(services.RETRIES):
            assert mail.failed_at is None
            assert mail.due_at is not None
            assert mail.due_at > timezone.now()
            with tenant_scope(live.tenant_id):
                Mail.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert mail.failed_at is not None
    assert mail.due_at is None
    assert mail.text == "t"
    assert services.due_mails() == []
    with tenant_scope(live.tenant_id):
        ana = User.objects.create_user("ana@shop.example")
        assert services.try_again(mail, by=ana)
        assert not services.try_again(mail, by=ana)
        with override("en"):
            told = [str(one) for one in Entry.objects.filter(action="live_chat.mail_retried")]
    assert told == [
        "ana@shop.example had an e-mail of the channel “En direct” that was given up sent again (Transcript)"
    ]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    send_all(live)
    assert len(outbox.outbox) == 1


def test_only_one_process_sends_what_is_due(live: Channel) -> None:
    services.take_in("live", [row(live, "transcript")])
    (mail,) = mails(live)
    with tenant_scope(live.tenant_id):
        # Another process has taken it, and is sending.
        Mail.objects.update(due_at=timezone.now() + timedelta(seconds=60))
    assert services.send(live.tenant_id, mail.pk) is False
    assert outbox.outbox == []
