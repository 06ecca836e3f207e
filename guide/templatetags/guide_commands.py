"""The Guide's commands, for the page « Initialisation and test »."""

from __future__ import annotations

from django import template

from channels_config.command_reference import GUIDE_COMMANDS, Command

register = template.Library()


@register.simple_tag
def guide_commands() -> tuple[Command, ...]:
    return GUIDE_COMMANDS
