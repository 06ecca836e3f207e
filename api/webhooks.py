"""Webhooks: addresses of an organisation that are told of publications, signed as Standard Webhooks has it, and tried again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from api.models import Message, Webhook
from api.shapes import channel as channel_shape
from api.shapes import release as release_shape
from audit.sentences import register
from audit.services import record
from channels_config.models import Channel
from kit.http import CallFailed, SafeClient, url_problem
from kit.secrets import Keyring, Unreadable
from publishing.announce import Told
from publishing.models import Release
from tenants.models import Organisation
from tenants.prepared import Prepared
from tenants.scope import current_tenant_id, tenant_scope

log = structlog.get_logger(__name__)

register("webhook.created", _("%(actor)s created a webhook to %(url)s"))
register("webhook.changed", _("%(actor)s changed the webhook to %(url)s"))
register("webhook.secret_replaced", _("%(actor)s gave the webhook to %(url)s a new secret"))
register("webhook.former_secret_ended", _("%(actor)s ended the former secret of the webhook to %(url)s"))
register("webhook.tested", _("%(actor)s had a test message sent to %(url)s"))
register("webhook.message_repeated", _("%(actor)s had a message sent to %(url)s again"))
register(
    "webhook.switched_off",
    _("%(actor)s switched the webhook to %(url)s off: nothing could be delivered there for five days"),
)
register("webhook.gone", _("%(actor)s switched the webhook to %(url)s off: it answered 410 (gone)"))
register("webhook.deleted", _("%(actor)s deleted the webhook to %(url)s"))

EVENTS: dict[str, Promise] = {
    "release.created": _("A release was made"),
    "release.visible": _("A release became visible in an environment"),
    "release.promoted": _("A release was put live"),
}
TEST_EVENT = "webhook.test"
#: Seconds to wait after the 1st, 2nd, … failed attempt; after the last one the message is given up.
WAITS = (5, 30, 120, 600, 1800, 7200, 18000, 36000)
#: A webhook that takes nothing for so long is switched off, once a message to it is given up.
FAILS_FOR = timedelta(days=5)
#: How long the log of a webhook goes back.
LOG_LASTS = timedelta(days=30)
#: Webhooks of one organisation.
MOST = 20
#: Seconds for which an attempt is one worker's own; a call takes at most eight.
_CLAIM = 60

ERRORS: dict[str, Promise] = {
    "bad_url": _("This is not a full address such as https://example.com/hook."),
    "not_https": _("The address must begin with https://."),
    "forbidden_address": _("The address leads into a network that is not reached from here."),
    "unresolvable": _("The name of the address is not known."),
    "unreachable": _("The address cannot be reached."),
    "tls": _("The certificate of the address is not valid."),
    "timeout": _("There was no answer in time."),
    "too_large": _("The answer was too large."),
    "redirected": _("The address leads elsewhere; enter where it leads."),
    "too_many_redirects": _("The address leads elsewhere; enter where it leads."),
    "unreadable_secret": _(
        "The webhook's secret cannot be read: the key it was kept under is missing here. Tell whoever operates this installation."
    ),
    "rubbish": _("The answer could not be read."),
}


def error_sentence(message: Message) -> str:
    if message.error:
        return str(ERRORS.get(message.error, message.error))
    if message.status is not None and not 200 <= message.status < 300:
        return str(_("It answered %(status)s.")) % {"status": message.status}
    return ""


# -- Acts -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Made:
    """A webhook with its new secret, which is not shown again."""

    webhook: Webhook
    secret: str


def create_webhook(*, url: str, events: Iterable[str], by: User) -> Made:
    """A new webhook of the organisation in force; `url` has passed `address_fault`."""
    secret = _new_secret()
    webhook = Webhook.objects.create(
        url=url,
        events=sorted(set(events)),
        secret=_keys().encrypt(secret, place=_place()),
        made_by_label=str(by),
    )
    record("webhook.created", by=by, subject=f"webhook:{webhook.pk}", url=shown_url(url))
    return Made(webhook, secret)


def change_webhook(webhook: Webhook, *, url: str, events: Iterable[str], active: bool, by: User) -> None:
    webhook.url, webhook.events, webhook.active = url, sorted(set(events)), active
    webhook.failing_since = None
    webhook.save(update_fields=["url", "events", "active", "failing_since"])
    record("webhook.changed", by=by, subject=f"webhook:{webhook.pk}", url=shown_url(url))


def replace_secret(webhook: Webhook, *, overlap: timedelta, by: User) -> Made:
    """A new secret. For `overlap` messages bear both signatures, so that the receiver may change when it likes; with none, at once.

    While a former secret still holds, it gives way to the one that is replaced: never more than two sign.
    """
    webhook = Webhook.objects.select_for_update().get(pk=webhook.pk)
    secret = _new_secret()
    webhook.former_secret, webhook.former_until = "", None
    if overlap > timedelta(0):
        webhook.former_secret, webhook.former_until = webhook.secret, timezone.now() + overlap
    webhook.secret = _keys().encrypt(secret, place=_place())
    webhook.save(update_fields=["secret", "former_secret", "former_until"])
    record("webhook.secret_replaced", by=by, subject=f"webhook:{webhook.pk}", url=shown_url(webhook.url))
    return Made(webhook, secret)


def end_former_secret(webhook: Webhook, *, by: User) -> None:
    """From now on only the newest secret signs."""
    webhook = Webhook.objects.select_for_update().get(pk=webhook.pk)
    if webhook.former_secret:
        webhook.former_secret, webhook.former_until = "", None
        webhook.save(update_fields=["former_secret", "former_until"])
        record(
            "webhook.former_secret_ended", by=by, subject=f"webhook:{webhook.pk}", url=shown_url(webhook.url)
        )


def former_holds(webhook: Webhook) -> bool:
    """Whether the former secret still signs."""
    return bool(
        webhook.former_secret and webhook.former_until is not None and webhook.former_until > timezone.now()
    )


def delete_webhook(webhook: Webhook, *, by: User) -> None:
    # Whoever is writing a message for it comes first (_kept), so that the message goes with it.
    Webhook.objects.select_for_update().filter(pk=webhook.pk).first()
    record("webhook.deleted", by=by, subject=f"webhook:{webhook.pk}", url=shown_url(webhook.url))
    webhook.delete()


def send_test(webhook: Webhook, *, by: User) -> Message:
    """A message that says nothing but that messages arrive."""
    record("webhook.tested", by=by, subject=f"webhook:{webhook.pk}", url=shown_url(webhook.url))
    organisation = Organisation.objects.get(pk=current_tenant_id())
    return _put(
        webhook, TEST_EVENT, {"organisation": {"brand": organisation.number, "name": organisation.name}}
    )


def send_again(message: Message, *, by: User) -> None:
    """Try a message anew, whatever became of it: the same body under the same id, so that a receiver can tell that it has it."""
    url = shown_url(Webhook.objects.get(pk=message.webhook_id).url)
    record("webhook.message_repeated", by=by, subject=f"webhook:{message.webhook_id}", url=url)
    message.state, message.attempts, message.next_attempt_at = Message.State.WAITING, 0, timezone.now()
    message.save(update_fields=["state", "attempts", "next_attempt_at"])


def address_fault(url: str) -> str | Promise:
    """Why nothing can be sent there, by the look of it; empty when nothing speaks against it."""
    problem = url_problem(url, loopback=settings.ALLOW_LOOPBACK_PROVIDERS)
    return ERRORS[problem] if problem else ""


def shown_url(url: str) -> str:
    """Without its query, where people put keys."""
    return url.partition("?")[0]


# -- What happened ----------------------------------------------------------------------------------------------------


_active = Prepared(lambda: Webhook.objects.filter(active=True))


def heard(event: str, told: Sequence[Told]) -> None:
    """A listener of `publishing.announce`: writes a message for every webhook that wants it, in the same transaction."""
    wanting = [one for one in _active.all() if event in one.events]
    wanting = _kept(wanting) if wanting else []
    if not wanting:
        return
    organisation = Organisation.objects.get(pk=current_tenant_id())
    for one in told:
        channel = Channel.all_objects.get(pk=one.channel_id)
        found = Release.objects.defer("sections").get(channel_id=one.channel_id, number=one.release)
        for webhook in wanting:
            _put(
                webhook,
                event,
                {
                    "organisation": {"brand": organisation.number, "name": organisation.name},
                    "channel": channel_shape(channel),
                    "release": release_shape(found),
                    **one.data,
                },
            )


def _kept(webhooks: Sequence[Webhook]) -> list[Webhook]:
    """Those that are still there, and cannot be deleted until this transaction ends: a message of one that is gone by then would
    undo somebody's save."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM api_webhook WHERE tenant_id = %s AND id = ANY(%s) ORDER BY id FOR KEY SHARE",
            [current_tenant_id(), [one.pk for one in webhooks]],
        )
        held = {number for (number,) in cursor.fetchall()}
    return [one for one in webhooks if one.pk in held]


def _put(webhook: Webhook, event: str, data: Mapping[str, Any]) -> Message:
    now = timezone.now()
    Message.objects.filter(webhook=webhook, created_at__lt=now - LOG_LASTS).delete()
    body = {"type": event, "timestamp": now.isoformat().replace("+00:00", "Z"), "data": data}
    return Message.objects.create(webhook=webhook, event=event, body=body, next_attempt_at=now)


# -- Sending ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claimed:
    """A message that is this worker's to send."""

    tenant_id: int
    message: Message
    url: str
    body: bytes
    headers: Mapping[str, str]


def claim(tenant_id: int, message_id: int) -> Claimed | None:
    """Take a message for one attempt, so that two workers do not send it twice; None where there is nothing to send."""
    with tenant_scope(tenant_id):
        message = (
            Message.objects.select_for_update(skip_locked=True)
            .filter(pk=message_id, state=Message.State.WAITING, next_attempt_at__lte=timezone.now())
            .first()
        )
        if message is None:
            return None
        webhook = Webhook.objects.get(pk=message.webhook_id)
        message.attempts += 1
        message.next_attempt_at = timezone.now() + timedelta(seconds=_CLAIM)
        message.save(update_fields=["attempts", "next_attempt_at"])
        signing = [webhook.secret, *([webhook.former_secret] if former_holds(webhook) else [])]
        try:
            known = [_keys().decrypt(one, place=_place()) for one in signing]
        except Unreadable:
            # A key was taken away too early. Nothing is sent unsigned; put back, the message goes out by itself.
            Message.objects.filter(pk=message.pk).update(
                error="unreadable_secret",
                status=None,
                next_attempt_at=timezone.now()
                + timedelta(seconds=WAITS[min(message.attempts, len(WAITS)) - 1]),
            )
            log.warning("webhook secret cannot be read", webhook=webhook.pk)
            return None
    body = json.dumps(message.body, ensure_ascii=False, separators=(",", ":")).encode()
    return Claimed(
        tenant_id, message, webhook.url, body, headers(known, f"msg_{message.pk}", int(time.time()), body)
    )


def note(claimed: Claimed, status: int | None, error: str) -> None:
    """Write down what came of an attempt, and when the next one is due."""
    message = claimed.message
    good = status is not None and 200 <= status < 300
    with tenant_scope(claimed.tenant_id):
        message.status, message.error = status, error
        if good:
            message.state, message.sent_at = Message.State.SENT, timezone.now()
        elif message.attempts > len(WAITS) or status == 410:
            message.state = Message.State.FAILED
        else:
            message.next_attempt_at = timezone.now() + timedelta(seconds=WAITS[message.attempts - 1])
        # Asked for again while it was being sent, it stays so; the webhook may be gone by now.
        Message.objects.filter(pk=message.pk, attempts=message.attempts).update(
            status=message.status,
            error=message.error,
            state=message.state,
            sent_at=message.sent_at,
            next_attempt_at=message.next_attempt_at,
        )
        _note_on_webhook(message, good=good, gone=status == 410)
    log.info("webhook", message=message.pk, status=status, why=error)


def _note_on_webhook(message: Message, *, good: bool, gone: bool) -> None:
    """Since when nothing arrives there; a webhook that is gone, or takes nothing for days, is switched off."""
    here = Webhook.objects.filter(pk=message.webhook_id)
    if good:
        here.filter(failing_since__isnull=False).update(failing_since=None)
        return
    now = timezone.now()
    here.filter(failing_since__isnull=True, active=True).update(failing_since=now)
    given_up = message.state == Message.State.FAILED
    off = here if gone else here.filter(failing_since__lt=now - FAILS_FOR)
    if given_up and off.filter(active=True).update(active=False):
        record(
            "webhook.gone" if gone else "webhook.switched_off",
            by=None,
            subject=f"webhook:{message.webhook_id}",
            url=shown_url(here.get().url),
        )


def client() -> SafeClient:
    return SafeClient(loopback=settings.ALLOW_LOOPBACK_PROVIDERS, most_bytes=64 * 1024)


async def call(client: SafeClient, claimed: Claimed) -> tuple[int | None, str]:
    """One call; its status, or why there is none: a key of ERRORS."""
    try:
        answer = await client.send("POST", claimed.url, headers=claimed.headers, content=claimed.body)
    except CallFailed as failure:
        return None, failure.code
    return answer.status, ""


def headers(known: Sequence[str], identity: str, at: int, body: bytes) -> dict[str, str]:
    """Standard Webhooks: HMAC-SHA256 over id, time (Unix seconds) and body, joined by dots; one signature for each secret."""
    signatures = []
    for secret in known:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = hmac.new(key, f"{identity}.{at}.".encode() + body, hashlib.sha256).digest()
        signatures.append(f"v1,{base64.b64encode(signed).decode()}")
    return {
        "Content-Type": "application/json",
        "User-Agent": "chatadmin-webhooks",
        "webhook-id": identity,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signatures),
    }


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def _keys() -> Keyring:
    return Keyring(settings.FIELD_ENCRYPTION_KEYS)


def _place() -> str:
    return f"webhook:{current_tenant_id()}"
