"""What a fresh installation shows: two organisations with channels of the same names, and people of three kinds."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from django.utils import timezone

from areas.registry import area
from areas.saving import publisher
from audit.services import record
from channels_config import services as _channel_sentences  # noqa: F401 - registers them
from channels_config.models import Channel
from chatadmin.organisations import NoSuchOrganisation, admit_person, create_organisation
from kit.origins import LOOPBACK
from publishing.models import EnvironmentName
from publishing.services import want
from tenants.models import Membership
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.services import organisation_id

MESSAGING = "Clavardage du site"
LIVE = "Clavardage en direct"
GUIDE = "Guide du site"


@dataclass(frozen=True)
class _Organisation:
    number: int
    name: str
    #: Public ids, so that a snippet that was once copied goes on working: kind -> id.
    channels: dict[str, str]
    #: The public id of its Guide, which offers both channels.
    guide: str
    people: tuple[tuple[str, str, Role], ...]


ORGANISATIONS = (
    _Organisation(
        number=1009,
        name="Démonstration",
        channels={
            Channel.Kind.MESSAGING: "chat_0950394d-a403-4fe6-91d5-34e934771662",
            Channel.Kind.LIVE: "chat_5c1a8a52-5d1e-4c0b-9c57-6f1d0c9a1009",
        },
        guide="guide_3f6d2b84-7a15-4c39-9e0d-2b8c5a1f1009",
        people=(
            ("admin@demo.example", "Camille Tremblay", Role.ADMIN),
            ("lecture@demo.example", "Dominique Roy", Role.AUDITOR),
        ),
    ),
    _Organisation(
        number=2020,
        name="Autre organisation",
        channels={
            Channel.Kind.MESSAGING: "chat_7d2f0e3a-1b64-4f0a-8a77-2c3b4d5e2020",
            Channel.Kind.LIVE: "chat_e0b9c6d4-92f3-4a35-b1c8-8f7a6b5c2020",
        },
        guide="guide_a94e17c6-5d02-4f8b-8c33-71d6e0b42020",
        people=(
            ("admin@demo.example", "Camille Tremblay", Role.ADMIN),
            ("autre@demo.example", "Alex Gagnon", Role.ADMIN),
        ),
    ),
)


def fill_in(*, password: str) -> None:
    """Create what is missing; nothing that somebody has changed meanwhile is touched but a password that differs."""
    for one in ORGANISATIONS:
        if organisation_id(one.number) is None:
            create_organisation(number=one.number, name=one.name, by=None)
        tenant_id = organisation_id(one.number)
        if tenant_id is None:
            raise NoSuchOrganisation(one.number)
        with tenant_scope(tenant_id):
            roles = {
                member.user.email: Role(member.role) for member in Membership.objects.select_related("user")
            }
            for kind, public_id in one.channels.items():
                _channel(Channel.Kind(kind), public_id)
            _guide(one.guide, list(one.channels.values()))
        for email, name, role in one.people:
            admit_person(
                number=one.number,
                email=email,
                role=roles.get(email, role),
                password=password,
                name=name,
                any_password=True,
                by=None,
            )


def _channel(kind: Channel.Kind, public_id: str) -> None:
    """One channel, in test and in live. One that was deleted stays deleted."""
    if Channel.all_objects.filter(public_id=public_id).exists():
        return
    name = MESSAGING if kind == Channel.Kind.MESSAGING else LIVE
    if Channel.objects.filter(name__iexact=name).exists():
        return
    channel = Channel.objects.create(public_id=public_id, name=name, kind=kind)
    looks = area("channels_config")
    looks.load(
        channel, {**looks.dump(channel), "domains_restricted": True, "allowed_domains": list(LOOPBACK)}
    )
    changed = [looks.name]
    if kind == Channel.Kind.LIVE:
        _answered_by_people(channel)
        changed.append("live_chat")
    record("channel.created", by=None, subject=channel.public_id, channel=channel.name, kind=channel.kind)
    release = publisher()(channel, areas=changed, by=None)
    want(channel, EnvironmentName.LIVE, release, at=timezone.now())


def _guide(public_id: str, offered: list[str]) -> None:
    """The Guide, in test and in live: both channels on every page, the live one alone in the shop's checkout."""
    if (
        Channel.all_objects.filter(public_id=public_id).exists()
        or Channel.every.filter(name__iexact=GUIDE).exists()
    ):
        return
    channel = Channel.objects.create(public_id=public_id, name=GUIDE, kind=Channel.Kind.GUIDE)
    about = area("guide")
    here = {"label": "", "hide_offline": False}
    entries = [
        {
            "id": str(uuid5(NAMESPACE_URL, f"{public_id}/checkout")),
            "name": "Paiement",
            "rules": [{"effect": "include", "how": "glob", "value": "/**/paiement/**"}],
            "channels": [{"channel": offered[-1], **here}],
        },
        {
            "id": str(uuid5(NAMESPACE_URL, f"{public_id}/everywhere")),
            "name": "Toutes les pages",
            "rules": [{"effect": "exclude", "how": "contains", "value": "/confidentialite"}],
            "channels": [{"channel": one, **here} for one in offered],
        },
    ]
    about.load(
        channel,
        {
            **about.dump(channel),
            "entries": entries,
            "domains_restricted": True,
            "allowed_domains": list(LOOPBACK),
        },
    )
    record("channel.created", by=None, subject=channel.public_id, channel=channel.name, kind=channel.kind)
    release = publisher()(channel, areas=[about.name], by=None)
    want(channel, EnvironmentName.LIVE, release, at=timezone.now())


def _answered_by_people(channel: Channel) -> None:
    """A live channel as one wants it: online while an agent is at the desk, with the offline form, transcripts and an end to silence."""
    live = area("live_chat")
    section = live.dump(channel)
    live.load(
        channel,
        {
            **section,
            "availability": "agents",
            "transcript": {"allowed": True},
            "inactivity": {"warn_minutes": 10, "end_minutes": 15},
            "behaviour": {**section["behaviour"], "audio_notification": True, "ai_label": True},
        },
    )
