"""Acts of the area: taking in what visitors left in the environments, and sending e-mails until they have gone."""

from __future__ import annotations

import smtplib
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime
from django.utils.module_loading import import_string
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.sentences import register
from audit.services import record
from channels_config.models import Channel
from live_chat import rules
from live_chat.models import Mail, OfflineMessage
from tenants.models import Organisation
from tenants.scope import tenant_scope
from tenants.services import organisation_id

log = structlog.get_logger(__name__)

register(
    "live_chat.mail_retried",
    _("%(actor)s had an e-mail of the channel “%(channel)s” that was given up sent again (%(kind)s)"),
    kind=lambda name: Mail.Kind(name).label,
)
register(
    "live_chat.messages_deleted",
    ngettext_lazy(
        "%(actor)s deleted %(count)s offline message of the channel “%(channel)s”",
        "%(actor)s deleted %(count)s offline messages of the channel “%(channel)s”",
        "count",
    ),
)

#: Batches taken from one place in one go; more wait for the next round.
_ROUNDS = 20
#: Seconds after a failed attempt until the next one; after the last the e-mail is given up, and says so on the page.
RETRIES = (30, 120, 600, 3600, 6 * 3600)
#: Seconds for which a process that is sending keeps others from doing so.
_CLAIM = 600
_LONGEST_MAIL = 1_000_000


@dataclass(frozen=True)
class _Row:
    """What an environment hands over: an offline message or a transcript that was asked for."""

    id: uuid.UUID
    kind: str
    brand: int
    channel: str
    at: datetime
    data: Mapping[str, Any]


# -- Taking in --------------------------------------------------------------------------------------------------------


def collect() -> int:
    """Ask every environment what visitors left since last time; how many came. Twice is once: each has an id of its own."""
    places, fetch = import_string(settings.CONFIG_COUNT_PLACES), import_string(settings.CONFIG_OUTBOX)
    came = 0
    for place in places():
        done: list[str] = []
        for _round in range(_ROUNDS):
            answer = fetch(place, done)
            if not answer:
                break
            came += take_in(place, answer)
            # Written down: from now on the environment need not keep them.
            done = [
                str(one["id"]) for one in answer if isinstance(one, dict) and isinstance(one.get("id"), str)
            ]
    return came


def take_in(place: str, rows: Iterable[Any]) -> int:
    """Write down what came; rows of another shape, and of brands that are not ours, are left out."""
    by_brand: dict[int, list[_Row]] = defaultdict(list)
    for row in rows:
        read = _read(row)
        if read is None:
            log.warning("live_chat.row_unreadable", place=place)
        else:
            by_brand[read.brand].append(read)
    came = 0
    for brand, known in by_brand.items():
        tenant = organisation_id(brand)
        if tenant is None:
            log.warning("live_chat.brand_unknown", place=place, brand=brand)
            continue
        with tenant_scope(tenant):
            channels = {
                one.public_id: one
                for one in Channel.all_objects.filter(public_id__in={row.channel for row in known})
            }
            for row in known:
                if row.channel in channels:
                    came += _keep(place, channels[row.channel], row)
    return came


def _read(row: Any) -> _Row | None:
    match row:
        case {
            "id": str(name),
            "kind": "offline" | "transcript" as kind,
            "brand": int(brand),
            "channel": str(channel),
            "at": str(at),
            "data": dict(data),
        }:
            try:
                moment, key = parse_datetime(at), uuid.UUID(name)
            except ValueError:
                return None
            if moment is not None and moment.tzinfo is not None and 0 < brand < 2**31:
                return _Row(key, kind, brand, channel, moment, data)
    return None


def _keep(place: str, channel: Channel, row: _Row) -> int:
    text = {name: str(value).replace("\0", "") for name, value in row.data.items() if isinstance(value, str)}
    if row.kind == "transcript":
        recipients = [text.get("to", "")]
        mail = Mail(
            subject=_line(text.get("subject", "")), text=text.get("text", ""), html=text.get("html", "")
        )
    else:
        message, made = OfflineMessage.objects.get_or_create(
            origin=row.id,
            defaults={
                "channel": channel,
                "place": place[:80],
                "email": text.get("email", "")[:320],
                "first_name": text.get("first_name", "")[:255],
                "last_name": text.get("last_name", "")[:255],
                "text": text.get("text", ""),
                "sent_at": row.at,
            },
        )
        if not made:
            return 0
        given = row.data.get("emails")
        recipients = list(given) if isinstance(given, list) else []
        mail = _notification(channel, message)
    recipients = [one for one in recipients if rules.is_email(one)][: rules.MOST_EMAILS]
    if recipients and len(mail.text) + len(mail.html) <= _LONGEST_MAIL:
        mail.channel, mail.kind, mail.origin = channel, row.kind, row.id
        mail.recipients, mail.due_at = recipients, timezone.now()
        Mail.objects.bulk_create([mail], ignore_conflicts=True)
    return 1


def _notification(channel: Channel, message: OfflineMessage) -> Mail:
    """What the organisation is told of an offline message."""
    organisation = Organisation.objects.get(pk=channel.tenant_id)
    page = settings.CONSOLE_URL + reverse("live_chat:messages", args=[organisation.number, channel.public_id])
    with translation.override(settings.LANGUAGE_CODE):
        author = f"{message.name} <{message.email}>" if message.name else message.email
        lines = [
            gettext("%(author)s left a message on the channel “%(channel)s” (%(place)s):")
            % {"author": author, "channel": channel.name, "place": message.place_label},
            "",
            message.text,
            "",
            gettext("Answer this e-mail to write to the visitor. All messages of the channel: %(page)s")
            % {"page": page},
        ]
        subject = gettext("Offline message · %(channel)s") % {"channel": channel.name}
    reply_to = message.email if rules.is_email(message.email) else ""
    return Mail(subject=_line(subject), text="\n".join(lines), reply_to=reply_to)


def _line(text: str) -> str:
    """A subject is one line: nothing in it may begin a header of its own."""
    return " ".join(text.split())[:300] or "—"


# -- Sending ----------------------------------------------------------------------------------------------------------


def due_mails(most: int = 100) -> list[tuple[int, int]]:
    """(organisation, e-mail) to be sent now, of all organisations."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, mail_id FROM live_chat_due_mails(%s)", [most])
        return [(int(tenant), int(key)) for tenant, key in cursor.fetchall()]


def send(tenant_id: int, mail_id: int) -> bool:
    """Send one e-mail that is due, unless another process does. True once it has gone; trouble is kept with it, for later."""
    with tenant_scope(tenant_id):
        mail = (
            Mail.objects.select_for_update(skip_locked=True)
            .filter(pk=mail_id, due_at__lte=timezone.now())
            .first()
        )
        if mail is None:
            return False
        mail.attempts += 1
        mail.due_at = timezone.now() + timedelta(seconds=_CLAIM)
        mail.save(update_fields=["attempts", "due_at"])
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        to=mail.recipients,
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers={"Auto-Submitted": "auto-generated"},
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    try:
        message.send()
    except (smtplib.SMTPException, OSError, ValueError) as trouble:
        _failed(tenant_id, mail, f"{type(trouble).__name__}: {trouble}")
        return False
    with tenant_scope(tenant_id):
        # What was said in confidence is not kept a second time.
        Mail.objects.filter(pk=mail.pk).update(
            sent_at=timezone.now(), due_at=None, failed_at=None, error="", text="", html=""
        )
    return True


def _failed(tenant_id: int, mail: Mail, why: str) -> None:
    log.warning("live_chat.mail_failed", mail=mail.pk, attempt=mail.attempts, why=why[:300])
    now = timezone.now()
    with tenant_scope(tenant_id):
        again = mail.attempts <= len(RETRIES)
        Mail.objects.filter(pk=mail.pk).update(
            error=" ".join(why.split())[:300],
            due_at=now + timedelta(seconds=RETRIES[mail.attempts - 1]) if again else None,
            failed_at=None if again else now,
        )


def try_again(mail: Mail, *, by: User) -> bool:
    """Begin anew with an e-mail that was given up; whether it was one."""
    begun = Mail.objects.filter(pk=mail.pk, failed_at__isnull=False).update(
        attempts=0, due_at=timezone.now(), failed_at=None, error=""
    )
    if begun:
        channel = Channel.every.get(pk=mail.channel_id)
        record(
            "live_chat.mail_retried", by=by, subject=channel.public_id, channel=channel.name, kind=mail.kind
        )
    return bool(begun)


# -- Offline messages -------------------------------------------------------------------------------------------------


def mark(rows: QuerySet[OfflineMessage], *, done: bool, by: User) -> int:
    """Tick messages off, or take that back."""
    if done:
        return rows.filter(done_at=None).update(done_at=timezone.now(), done_by=by)
    return rows.update(done_at=None, done_by=None)


@transaction.atomic
def delete_messages(channel: Channel, rows: QuerySet[OfflineMessage], *, by: User) -> int:
    """Delete messages, and what is left of their e-mails."""
    found = list(rows)
    if not found:
        return 0
    Mail.objects.filter(kind=Mail.Kind.OFFLINE, origin__in=[one.origin for one in found]).delete()
    rows.model.objects.filter(pk__in=[one.pk for one in found]).delete()
    record(
        "live_chat.messages_deleted", by=by, subject=channel.public_id, channel=channel.name, count=len(found)
    )
    return len(found)


def erase_customer(channel: Channel, customer: str, environment: str) -> None:
    """What was left in the offline form, or sent as a transcript, under a customer's id as e-mail address."""
    of_place = Q(place=environment) | Q(place__startswith=f"{environment}/")
    left = OfflineMessage.objects.filter(of_place, channel=channel, email__iexact=customer)
    mails = Mail.objects.filter(channel=channel)
    mails.filter(kind=Mail.Kind.OFFLINE, origin__in=left.values("origin")).delete()
    mails.filter(kind=Mail.Kind.TRANSCRIPT, recipients=[customer]).delete()
    left.delete()
