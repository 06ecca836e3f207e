"""What may happen to a channel as a whole: created, renamed, duplicated, deleted.

Each act validates, saves, records and publishes in the scope's one transaction. A channel's configuration is saved by
`areas.saving.save_draft`.
"""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from areas.moving import moved
from areas.registry import area as area_named
from areas.registry import areas_of
from areas.saving import publisher
from areas.states import retire
from audit.sentences import register
from audit.services import record
from channels_config.models import Channel, new_guide_id

register("channel.created", _("%(actor)s created the channel “%(channel)s”"))
register("channel.renamed", _("%(actor)s renamed the channel “%(before)s” to “%(channel)s”"))
register("channel.duplicated", _("%(actor)s duplicated the channel “%(source)s” as “%(channel)s”"))
register("channel.deleted", _("%(actor)s deleted the channel “%(channel)s”"))

NAME_LENGTH = 120


class NameTaken(ValidationError):
    """Another channel of the organisation has this name, whatever its capitals."""

    def __init__(self) -> None:
        super().__init__(_("Your organisation has a channel of this name already."), code="taken")


class NameNotTypedBack(ValidationError):
    """The name typed to confirm a deletion is not the channel's."""

    def __init__(self) -> None:
        super().__init__(_("This is not the name of the channel."), code="other_name")


def clean_name(name: str) -> str:
    """A name as it is kept: composed (NFC), single spaces, none at the ends. Raises ValidationError."""
    clean = " ".join(unicodedata.normalize("NFC", name).split())
    if not clean:
        raise ValidationError(_("Give the channel a name."), code="required")
    if len(clean) > NAME_LENGTH:
        raise ValidationError(
            _("A name has at most %(most)s characters; this one has %(count)s."),
            params={"most": NAME_LENGTH, "count": len(clean)},
            code="too_long",
        )
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in clean):
        raise ValidationError(_("The name holds a character that cannot be shown."), code="control")
    return clean


def create_channel(*, name: str, kind: str, by: User | None) -> Channel:
    """A new channel with every area at its defaults, published to test. Raises ValidationError, NameTaken."""
    channel = _new(name, Channel.Kind(kind))
    _save(channel)
    record("channel.created", by=by, subject=channel.public_id, channel=channel.name, kind=channel.kind)
    publisher()(channel, areas=[], by=by)
    return channel


def rename_channel(channel: Channel, *, name: str, by: User | None) -> Channel:
    """Give a channel another name; one that changes nothing records nothing. Raises ValidationError, NameTaken."""
    channel = Channel.every.select_for_update().get(pk=channel.pk)
    before, channel.name = channel.name, clean_name(name)
    if channel.name == before:
        return channel
    _save(channel)
    record("channel.renamed", by=by, subject=channel.public_id, before=before, channel=channel.name)
    publisher()(channel, areas=[], by=by)
    return channel


def duplicate_channel(source: Channel, *, name: str, by: User) -> Channel:
    """A new channel of the same kind whose areas say what those of `source` say. Raises ValidationError, NameTaken."""
    channel = _new(name, Channel.Kind(source.kind))
    _save(channel)
    said = {area.name: area.dump(source) for area in areas_of(channel.kind)}
    for name, section in moved(said, said, channel).items():
        area_named(name).load(channel, section)
    record("channel.duplicated", by=by, subject=channel.public_id, source=source.name, channel=channel.name)
    publisher()(channel, areas=[area.name for area in areas_of(channel.kind)], by=by)
    return channel


def delete_channel(channel: Channel, *, typed_name: str, by: User) -> None:
    """Take a channel off every environment, and out of the list. Its releases and its audit stay.

    `typed_name` is the name as the person typed it back. Raises NameNotTypedBack.
    """
    channel = Channel.every.select_for_update().get(pk=channel.pk)
    if " ".join(unicodedata.normalize("NFC", typed_name).split()) != channel.name:
        raise NameNotTypedBack
    retire(channel, by=by)
    channel.deleted_at = timezone.now()
    channel.save(update_fields=["deleted_at"])
    record("channel.deleted", by=by, subject=channel.public_id, channel=channel.name)


def suggested_copy_name(source: Channel) -> str:
    """ "Support (copy)", "Support (copy 2)", …: the first that is free."""
    taken = {name.lower() for name in Channel.every.values_list("name", flat=True)}
    number = 1
    while True:
        ending = str(_(" (copy)") if number == 1 else _(" (copy %(number)s)") % {"number": number})
        name = source.name[: NAME_LENGTH - len(ending)].rstrip() + ending
        if name.lower() not in taken:
            return name
        number += 1


def _new(name: str, kind: Channel.Kind) -> Channel:
    channel = Channel(name=clean_name(name), kind=kind)
    if kind == Channel.Kind.GUIDE:
        channel.public_id = new_guide_id()
    return channel


def _save(channel: Channel) -> None:
    """The database has the last word on a name: two people may choose the same one at the same moment."""
    try:
        with transaction.atomic():
            channel.save()
    except IntegrityError as error:
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
        if constraint != "channels_config_channel_name":
            raise
        raise NameTaken from error
