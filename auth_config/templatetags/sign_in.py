"""The sign-in example on a page of another room."""

from __future__ import annotations

from django import template

from auth_config.area import AREA
from auth_config.examples import Example, examples
from channels_config.models import Channel
from tenants.models import Organisation

register = template.Library()


@register.simple_tag
def sign_in_examples(organisation: Organisation, channel: Channel) -> list[Example]:
    """The lines and server code for the channel's sign-in; [] when it asks for none."""
    return examples(organisation.number, channel.public_id, AREA.dump(channel))
