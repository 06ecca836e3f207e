"""What custom CSS and JS may take hold of in the chat window: the names CXone gives its own (wire contract 2.2)."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: Values of the attribute data-selector in the chat window, and what carries them.
DATA_SELECTORS: dict[str, Promise] = {
    "WINDOW": _("The whole window"),
    "HEADER": _("The bar at the top"),
    "HEADER_MINIMIZE_WINDOW": _("The button that closes the window"),
    "HEADER_ACTION_MENU_BUTTON": _("The button of the menu"),
    "CONTENT": _("Everything between header and reply box"),
    "ACTIVITY_BAR": _("The line that says who is typing or when an agent is free"),
    "CUSTOMER_MESSAGE_BUBBLE": _("A message of the visitor"),
    "AGENT_MESSAGE_BUBBLE": _("A message of the agent"),
    "REPLY_BOX": _("The reply box with its buttons"),
    "TEXTAREA": _("The field for the message"),
    "INPUT": _("A field of a form"),
    "SEND_BUTTON": _("The button that sends"),
    "PRIMARY_BUTTON": _("The first button of a form or dialog"),
    "SECONDARY_BUTTON": _("Any further button"),
    "START_NEW_CHAT": _("The button that starts a new chat"),
}

#: Those of the Guide's screens; styles for them are kept for the day the channel is shown by Guide.
GUIDE_SELECTORS = frozenset(
    {
        "PORTAL_HEADER",
        "PORTAL_TITLE",
        "PORTAL_BODY",
        "BEGIN_CHAT",
        "GUIDE_FRAME_CONTENT",
        "GUIDE_CHANNEL_BUTTON",
    }
)

#: Classes of Adaptive Cards, and the containers scripts look for.
CLASSES: dict[str, Promise] = {
    ".ac-adaptiveCard": _("An Adaptive Card"),
    ".ac-textBlock": _("Text in a card"),
    ".ac-container": _("A group in a card"),
    ".ac-columnSet": _("Columns in a card"),
    ".ac-image": _("An image in a card"),
    ".ac-input": _("A field in a card"),
    ".ac-actionSet": _("The buttons of a card"),
    ".ac-pushButton": _("A button of a card"),
    ".be-template": _("The page inside the chat frame"),
    "#be-chat-container": _("The container of the chat"),
    "#be-messenger": _("The messenger inside it"),
}


def is_known(name: str) -> bool:
    """Whether something in the chat window (or in Guide) carries this data-selector."""
    return name in DATA_SELECTORS or name in GUIDE_SELECTORS or name.startswith("GUIDE_CHANNEL_BUTTON_")
