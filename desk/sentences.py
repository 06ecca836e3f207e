"""What is wrong with a card, in a person's words."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from desk.cards import LONGEST, Fault

FAULTS: dict[str, Promise] = {
    "empty": _("Paste the card’s JSON here."),
    "too_long": _("A card has at most %(most)s characters."),
    "not_json": _("This is not JSON from here on: a comma, a quote or a bracket is missing or left over."),
    "more": _("The card ends before this; what follows belongs to nothing."),
    "too_deep": _("This is nested too deeply."),
    "not_an_object": _("A card is one object, in { }."),
    "no_card": _('A card begins with "type": "AdaptiveCard".'),
    "not_a_list": _("“%(about)s” is a list, in [ ]."),
    "shows_nothing": _("The card has neither a body nor actions: a visitor would see nothing."),
    "no_element": _('An object with a "type" belongs here.'),
    "no_type": _('A "type" is missing here.'),
    "unknown_element": _("“%(about)s” is no element a chat window can show."),
    "unknown_action": _("“%(about)s” is no action a chat window knows."),
    "missing": _("“%(about)s” is missing here, or is not text."),
    "bad_address": _("“%(about)s” is no web address; it begins with https://."),
}


def sentence(fault: Fault) -> str:
    return str(FAULTS[fault.code]) % {"about": fault.about, "most": LONGEST}
